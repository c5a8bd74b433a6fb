"""`voice bench tools`: which requests are understood without a model, how fast, and what offering tools costs."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voice.llm.builtin.question import Question
from voice.llm.builtin.responder import SKILLS

if TYPE_CHECKING:
    from voice.tools.home_words import HomeWords

NOW = datetime(2026, 3, 4, 15, 5)

TOOLS = {
    "timer": "timers",
    "clock": "clock",
    "conversion": "convert_units",
    "arithmetic": "calculator",
    "repeat": "say_again",
}
"""The responder's skills by the tools that are the same."""

HOUSE = (
    ("light.kitchen", "Kitchen ceiling", "Kitchen"), ("light.bedroom", "Bedroom lamp", "Bedroom"),
    ("climate.bedroom", "Bedroom thermostat", "Bedroom"), ("lock.front", "Front door", ""),
    ("cover.blinds", "Blinds", ""),
    ("fan.office", "Fan", "Office"), ("switch.coffee", "Coffee machine", "Kitchen"),
    ("light.keting", "客厅灯", "客厅"), ("light.woshi", "卧室灯", "卧室"), ("fan.shufang", "风扇", "书房"),
    ("climate.woshi", "卧室空调", "卧室"), ("cover.chuanglian", "窗帘", "客厅"), ("switch.kafei", "咖啡机", "厨房"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks, the tool that should be called for it, and what has to stand in the call or its answer."""

    words: str
    tool: str
    told: str


def _requests(lines: str) -> list[Request]:
    rows = [[part.strip() for part in line.split("|")] for line in lines.strip().splitlines()]
    return [Request(words, tool, told) for words, tool, told in rows]


REQUESTS: Mapping[str, Sequence[Request]] = {
    "en": _requests("""
set a timer for five minutes | timers | 300
set a timer for ten seconds | timers | 10
start a 20 minute timer | timers | 1200
set a timer for an hour and a half | timers | 5400
timer for 45 seconds please | timers | 45
set a pasta timer for nine minutes | timers | 540
remind me in ten minutes to call mum | timers | 600
cancel the timer | timers | cancel
set a timer for two hours | timers | 7200
set a tea timer for three minutes | timers | tea
what time is it | clock | 3:05
what's the time | clock | 3:05
what day is it today | clock | Wednesday
what is the date tomorrow | clock | March 5
what day was it yesterday | clock | Tuesday
what is today's date | clock | March 4
what is twelve times seven | calculator | 84
how much is 15 percent of 80 | calculator | 12
what is 144 divided by 12 | calculator | 12
what's 17 plus 25 | calculator | 42
square root of 81 | calculator | 9
what is 2 to the power of 10 | calculator | 1024
subtract 8 from 20 | calculator | 12
five miles in kilometers | convert_units | 8.05
how many grams are in a kilogram | convert_units | 1000
convert 100 fahrenheit to celsius | convert_units | 37.78
how many feet are in a mile | convert_units | 5280
what is 10 kilometers in miles | convert_units | 6.21
turn off the kitchen lights | home | light.kitchen
turn on the fan | home | fan.office
turn on the coffee machine | home | switch.coffee
open the blinds | home | cover.blinds
close the blinds | home | cover.blinds
lock the front door | home | lock.front
unlock the front door | home | lock.front
is the front door locked | home | lock.front
how warm is it in the bedroom | home | climate.bedroom
set the bedroom lamp to 30 percent | home | light.bedroom
turn on the bedroom lamp | home | light.bedroom
what's the temperature in the bedroom | home | climate.bedroom
"""),
    "zh": _requests("""
设一个五分钟的计时器 | timers | 300
十秒后提醒我 | timers | 10
二十分钟后提醒我关火 | timers | 关火
定时一个半小时 | timers | 5400
倒计时45秒 | timers | 45
设个三分钟的定时器 | timers | 180
一小时后叫我起床 | timers | 3600
取消计时器 | timers | cancel
两个小时后提醒我吃药 | timers | 7200
请设一个九分钟的计时器 | timers | 540
现在几点 | clock | 3点
几点了 | clock | 3点
今天星期几 | clock | 星期三
明天几号 | clock | 5日
昨天星期几 | clock | 星期二
今天是几月几号 | clock | 3月4日
十二乘以七等于多少 | calculator | 84
80的百分之十五是多少 | calculator | 12
144除以12 | calculator | 12
17加25等于几 | calculator | 42
81的平方根 | calculator | 9
二十减八 | calculator | 12
三的平方是多少 | calculator | 9
五英里等于多少公里 | convert_units | 8.05
一公斤等于多少克 | convert_units | 1000
100华氏度等于多少摄氏度 | convert_units | 37.78
一米等于多少厘米 | convert_units | 100
十公里是多少英里 | convert_units | 6.21
打开客厅灯 | home | light.keting
关闭客厅灯 | home | light.keting
关掉卧室灯 | home | light.woshi
打开风扇 | home | fan.shufang
关闭风扇 | home | fan.shufang
打开咖啡机 | home | switch.kafei
关掉咖啡机 | home | switch.kafei
打开窗帘 | home | cover.chuanglian
关上窗帘 | home | cover.chuanglian
打开卧室灯 | home | light.woshi
卧室温度是多少 | home | climate.woshi
把客厅的灯关掉 | home | light.keting
"""),
}


@click.command("tools")
@click.option("--runs", default=5, show_default=True, help="How often each request is matched.")
@click.option("--json", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write every figure there.")
def command(runs: int, target: Path | None) -> None:
    """Ask 40 requests in English and 40 in Chinese without a model; time replies with and without tools on offer."""
    found: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    }
    click.echo(found["machine"])
    for language, requests in REQUESTS.items():
        row = found[language] = measure(language, requests, runs)
        click.echo(f"{language}: {row['right']} of {row['requests']} right without a model, "
                   f"home match p50 {row['match_p50_ms']:.2f} ms, p95 {row['match_p95_ms']:.2f} ms, "
                   f"of the processor p95 {row['match_cpu_p95_ms']:.2f} ms")  # fmt: skip
        for miss in row["missed"]:
            click.echo(f"    {miss['words']}: {miss['got'] or 'nothing'}, expected {miss['expected']}")
    found["first_token"] = asyncio.run(offered(runs * 4))
    plain, tools = (found["first_token"][name] for name in ("plain_ms", "tools_ms"))
    click.echo(f"first token of a scripted model: {plain:.2f} ms, with tools on offer {tools:.2f} ms")
    if target is not None:
        target.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def measure(language: str, requests: Sequence[Request], runs: int) -> dict[str, Any]:
    """How many are understood, which not, and how long the home takes to say whether one is for it."""
    from voice.tools.home_assistant import Entity
    from voice.tools.home_words import HomeWords

    home = HomeWords(language, [Entity(id, name, area, "on", {}) for id, name, area in HOUSE])
    missed, times, worked = [], [], []
    for request in requests:
        tool, told = understood(request.words, home)
        if tool != request.tool or request.told not in told:
            missed.append(
                {"words": request.words, "got": f"{tool} {told}".strip(), "expected": f"{request.tool} {request.told}"}
            )
    for _ in range(runs):
        for request in requests:
            began, busy = time.perf_counter(), time.process_time()
            home.wish(request.words)
            times.append(1000 * (time.perf_counter() - began))
            worked.append(1000 * (time.process_time() - busy))
    times.sort()
    worked.sort()
    return {
        "requests": len(requests),
        "right": len(requests) - len(missed),
        "missed": missed,
        "match_p50_ms": statistics.median(times),
        "match_p95_ms": times[int(len(times) * 0.95)],
        "match_cpu_p95_ms": worked[int(len(worked) * 0.95)],
    }


def understood(words: str, home: HomeWords) -> tuple[str, str]:
    """The tool that the words mean without a model, and what is called or answered."""
    wish = home.wish(words)
    if wish is not None:
        return "home", " ".join([wish.intent, *(entity.id for entity in wish.entities)])
    question = Question(words, NOW)
    for skill in SKILLS:
        answer = skill(question)
        if answer is not None:
            effects = " ".join(f"{effect.kind} {dict(effect.data)}" for effect in answer.effects)
            return TOOLS.get(skill.__name__, skill.__name__), f"{answer.text} {effects}".strip()
    return "", ""


async def offered(runs: int) -> dict[str, float]:
    """Median ms to the first token of a scripted server on this machine, without tools and with the product's own."""
    from benchmarks.upstream import ScriptedUpstream
    from voice.llm.openai import OpenAIUpstream
    from voice.sessions.engine import Engine
    from voice.sessions.stores.memory import MemoryStore
    from voice.settings.schema import Settings
    from voice.tools.registry import Registry
    from voice.wiring.tools import own_tools

    registries = {"plain_ms": None, "tools_ms": Registry(own_tools(Settings(), None, visitors=True))}
    found: dict[str, float] = {}
    async with ScriptedUpstream() as server:
        for name, registry in registries.items():
            upstream = OpenAIUpstream(server.url, "scripted")
            engine = Engine(MemoryStore(), upstream, tools=registry)
            live, _ = await engine.create(system="Be brief.", options={"effects": ["timer", "device"]})
            times = []
            for number in range(1, runs + 2):
                began, after = time.perf_counter(), live.logged
                live.send(number, "hello there")
                async for event in live.follow(after):
                    if event.t == "delta" and event.o == 0:
                        times.append(1000 * (time.perf_counter() - began))
                    if event.t == "done":
                        break
            found[name] = statistics.median(times[1:])
            await engine.close()
            await upstream.close()
    return found
