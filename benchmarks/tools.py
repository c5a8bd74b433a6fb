"""`voice bench tools`: which requests are understood without a model, how fast, and what offering tools costs."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import statistics
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voice.llm.builtin.question import Question
from voice.llm.builtin.responder import SKILLS

if TYPE_CHECKING:
    from voice.tools.home_link import Entity
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
    """What a person asks, the tool that should be called for it, and what has to stand in the call or its answer.

    `meant` are the arguments a model gives: a sum, a quantity with its units, or action, time and label of a timer.
    """

    words: str
    tool: str
    told: str
    meant: str = ""

    @property
    def call(self) -> dict[str, Any]:
        """The call that a model should make: `name` and `arguments`."""
        parts = [part.strip() for part in self.meant.split(";")]
        arguments: dict[str, Any] = {}
        name = self.tool
        if self.tool == "home":
            name = "home_guarded" if self.words.startswith("unlock") else "home"
            arguments = {"command": self.words}
        elif self.tool == "calculator":
            arguments = {"expression": self.meant}
        elif self.tool == "convert_units":
            value, unit, other = self.meant.split()
            arguments = {"value": float(value), "from": unit, "to": other}
        elif self.tool == "timers":
            kind = {"kind": "reminder"} if parts[0] == "remind" else {}
            named = dict(zip(("action", "when", "label"), ("set" if kind else parts[0], *parts[1:]), strict=False))
            arguments = {**named, **kind}
        return {"name": name, "arguments": arguments}


def _requests(lines: str) -> list[Request]:
    rows = [[part.strip() for part in line.split("|")] for line in lines.strip().splitlines()]
    return [Request(*row) for row in rows]


REQUESTS: Mapping[str, Sequence[Request]] = {
    "en": _requests("""
set a timer for five minutes | timers | 300 | set; 5 minutes
set a timer for ten seconds | timers | 10 | set; 10 seconds
start a 20 minute timer | timers | 1200 | set; 20 minutes
set a timer for an hour and a half | timers | 5400 | set; 1 hour 30 minutes
timer for 45 seconds please | timers | 45 | set; 45 seconds
set a pasta timer for nine minutes | timers | 540 | set; 9 minutes; pasta
remind me in ten minutes to call mum | timers | 600 | remind; in 10 minutes; call mum
cancel the timer | timers | cancel | cancel
set a timer for two hours | timers | 7200 | set; 2 hours
set a tea timer for three minutes | timers | tea | set; 3 minutes; tea
what time is it | clock | 3:05
what's the time | clock | 3:05
what day is it today | clock | Wednesday
what is the date tomorrow | clock | March 5
what day was it yesterday | clock | Tuesday
what is today's date | clock | March 4
what is twelve times seven | calculator | 84 | 12 * 7
how much is 15 percent of 80 | calculator | 12 | 15 % * 80
what is 144 divided by 12 | calculator | 12 | 144 / 12
what's 17 plus 25 | calculator | 42 | 17 + 25
square root of 81 | calculator | 9 | sqrt 81
what is 2 to the power of 10 | calculator | 1024 | 2 ^ 10
subtract 8 from 20 | calculator | 12 | 20 - 8
five miles in kilometers | convert_units | 8.05 | 5 miles kilometers
how many grams are in a kilogram | convert_units | 1000 | 1 kilogram grams
convert 100 fahrenheit to celsius | convert_units | 37.78 | 100 fahrenheit celsius
how many feet are in a mile | convert_units | 5280 | 1 mile feet
what is 10 kilometers in miles | convert_units | 6.21 | 10 kilometers miles
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
设一个五分钟的计时器 | timers | 300 | set; 5 minutes
十秒后提醒我 | timers | 10 | set; 10 seconds
二十分钟后提醒我关火 | timers | 关火 | remind; in 20 minutes; 关火
定时一个半小时 | timers | 5400 | set; 1 hour 30 minutes
倒计时45秒 | timers | 45 | set; 45 seconds
设个三分钟的定时器 | timers | 180 | set; 3 minutes
一小时后叫我起床 | timers | 3600 | remind; in 1 hour; 起床
取消计时器 | timers | cancel | cancel
两个小时后提醒我吃药 | timers | 7200 | remind; in 2 hours; 吃药
请设一个九分钟的计时器 | timers | 540 | set; 9 minutes
现在几点 | clock | 3点
几点了 | clock | 3点
今天星期几 | clock | 星期三
明天几号 | clock | 5日
昨天星期几 | clock | 星期二
今天是几月几号 | clock | 3月4日
十二乘以七等于多少 | calculator | 84 | 12 * 7
80的百分之十五是多少 | calculator | 12 | 15 % * 80
144除以12 | calculator | 12 | 144 / 12
17加25等于几 | calculator | 42 | 17 + 25
81的平方根 | calculator | 9 | sqrt 81
二十减八 | calculator | 12 | 20 - 8
三的平方是多少 | calculator | 9 | 3 ^ 2
五英里等于多少公里 | convert_units | 8.05 | 5 miles kilometers
一公斤等于多少克 | convert_units | 1000 | 1 kilogram grams
100华氏度等于多少摄氏度 | convert_units | 37.78 | 100 fahrenheit celsius
一米等于多少厘米 | convert_units | 100 | 1 meter centimeters
十公里是多少英里 | convert_units | 6.21 | 10 kilometers miles
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
    """Ask 40 requests in English and 40 in Chinese, without a model and with one that calls tools; time replies."""
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
    for language, requests in REQUESTS.items():
        wrong = asyncio.run(called(requests))
        found[language]["called"] = len(requests) - len(wrong)
        click.echo(f"{language}: {found[language]['called']} of {len(requests)} calls of a scripted model carried out")
        for miss in wrong:
            click.echo(f"    {miss}")
    found["first_token"] = asyncio.run(offered(runs * 4))
    plain, tools = (found["first_token"][name] for name in ("plain_ms", "tools_ms"))
    click.echo(f"first token of a scripted model: {plain:.2f} ms, with tools on offer {tools:.2f} ms")
    if target is not None:
        target.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def measure(language: str, requests: Sequence[Request], runs: int) -> dict[str, Any]:
    """How many are understood, which not, and how long the home takes to say whether one is for it."""
    from voice.tools.home_words import HomeWords

    home = HomeWords(language, entities())
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


def entities() -> list[Entity]:
    """The devices of `HOUSE`."""
    from voice.tools.home_link import Entity

    return [Entity(id, name, area, "on", {"current_temperature": 21}) for id, name, area in HOUSE]


async def called(requests: Sequence[Request]) -> list[str]:
    """Which calls of a scripted model do not arrive as it made them, cut into pieces, or fail."""
    from benchmarks.upstream import Script, ScriptedUpstream
    from voice.llm.openai import OpenAIUpstream
    from voice.sessions.engine import Engine
    from voice.sessions.stores.memory import MemoryStore
    from voice.settings.schema import Settings
    from voice.tools.home import Home, HomeTool
    from voice.tools.home_assistant import HomeAssistant
    from voice.tools.home_link import HomeLink
    from voice.tools.registry import Registry
    from voice.wiring.tools import own_tools

    class DoubleLink(HomeLink):
        async def entities(self) -> list[Entity]:
            return entities()

    class Double(HomeAssistant):
        """A house whose devices are those of `HOUSE`; whatever is wanted of it is done."""

        @asynccontextmanager
        async def link(self) -> AsyncIterator[HomeLink]:
            yield DoubleLink(None, self.url, "")

        def call(self, service: str, entities: Sequence[str], data: Mapping[str, Any]) -> None:
            """Nothing changes."""

    home = Home(Double("http://house", "token"))
    tools = [*own_tools(Settings(), None, visitors=True), HomeTool(home), HomeTool(home, guarded=True)]
    wrong = []
    async with ScriptedUpstream() as server:
        upstream = OpenAIUpstream(server.url, "scripted")
        engine = Engine(MemoryStore(), upstream, tools=Registry(tools))
        for request in requests:
            call = {"name": request.call["name"], "arguments": json.dumps(request.call["arguments"])}
            server.queue += [Script(calls=[call], piece=7), Script(text="Done.")]
            live, _ = await engine.create(options={"effects": ["timer", "device"]})
            live.send(1, request.words)
            seen: dict[str, Any] = {}
            async for event in live.follow(0):
                if event.t in ("call", "result", "done", "failed"):
                    seen[event.t] = event.d
                if event.t in ("done", "failed"):
                    break
            made, result = seen.get("call", {}), seen.get("result", {"failed": True})
            same = (made.get("name"), json.loads(made.get("arguments", "{}"))) == tuple(request.call.values())
            if not same or (result.get("failed") and not result.get("asks")):
                wrong.append(f"{request.words}: {made.get('name')} {made.get('arguments')}: {result.get('text')}")
        await engine.close()
        await upstream.close()
    return wrong


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
