"""Warm-ups reach the model server as its sessions' prefix, behind everybody else, metered apart."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.upstream import Script
from benchmarks.warm import measure
from tests.support.scripted_llm import ScriptedUpstream, Step
from tests.support.served import Served
from tests.support.serving import serving
from voice.cli import main
from voice.clock import run_virtual
from voice.llm.interface import Ask, Delta, Done, UpstreamError
from voice.server.prompt_warmup import LOOK_S, Schedule, Warmer, peaks
from voice.sessions.engine import Engine
from voice.sessions.engine_context import EngineOptions
from voice.sessions.stores.memory import MemoryStore
from voice.sessions.upstream_queue import Limits

NEVER = Schedule((), 1.0, wall=datetime.fromtimestamp, instant=datetime.timestamp)


def short(ask: Ask) -> Iterable[Step]:
    yield Delta("Hi")
    yield Done(input=10, cached=4, output=1, estimated=False)


def test_prompts_are_asked_for_one_token_and_counted_apart() -> None:
    async def play() -> None:
        said: list[str] = []
        async with serving(short) as here:
            await Warmer(here.engine, ["one", "two"], NEVER, said.append).warm(0.0)
            assert {ask.messages[0].text for ask in here.upstream.asked} == {"one", "two"}
            assert all(ask.options == {"max_tokens": 1} for ask in here.upstream.asked)
            assert re.fullmatch(r"warm-up: 2 of 2 prompts; first token \d+ ms, then \d+ ms", said[0])
            figures = (await here.http.get("/metrics")).text
            assert "voice_warmups_total 4.0" in figures
            assert "voice_warmup_input_tokens_total 40.0" in figures
            assert "voice_warmup_cached_tokens_total 16.0" in figures
            assert "voice_warmup_cold_first_token_seconds" in figures
            assert here.engine.lives == ()

    asyncio.run(play())


def test_failures_are_counted_and_said_and_stop_nothing() -> None:
    async def play() -> None:
        said: list[str] = []
        bad = UpstreamError("no", code="upstream_error", temporary=True)
        async with serving(lambda ask: [bad] if ask.messages[0].text == "bad" else short(ask)) as here:
            await Warmer(here.engine, ["bad", "good"], NEVER, said.append).warm(0.0)
            await Warmer(here.engine, ["bad"], NEVER, said.append).warm(0.0)
            assert said[0].startswith("warm-up: 1 of 2 prompts")
            assert said[1] == "warm-up: none of 1 prompts was answered"
            assert "voice_warmup_failures_total 2.0" in (await here.http.get("/metrics")).text

    asyncio.run(play())


def test_a_warm_up_waits_until_nobody_else_does() -> None:
    async def play() -> None:
        held = asyncio.Event()

        def answer(ask: Ask) -> Iterable[Step]:
            yield Delta("x")
            while not held.is_set():
                yield 0.005
            yield Done()

        options = EngineOptions(limits=Limits(turns=1, queue=5))
        async with serving(answer, options=options) as here:
            lives = [(await here.engine.create())[0] for _ in range(3)]
            lives[0].send(1, "first")
            warming = asyncio.create_task(Warmer(here.engine, ["prompt"], NEVER, lambda line: None).warm(0.0))
            await asyncio.sleep(0)
            for live in lives[1:]:
                live.send(1, "later")
            held.set()
            await warming
            asked = [ask.messages[0].text for ask in here.upstream.asked]
            assert asked == ["first", "later", "later", "prompt", "prompt"]

    asyncio.run(play())


def test_it_runs_at_the_start_and_before_each_peak_in_virtual_time() -> None:
    async def play() -> list[float]:
        engine = Engine(MemoryStore(), ScriptedUpstream(short))
        loop, began = asyncio.get_running_loop(), []
        start = datetime(2026, 6, 1, 6, 0).timestamp()
        plan = Schedule(peaks("08:45"), 300, wall=datetime.fromtimestamp, instant=datetime.timestamp)
        warmer = Warmer(engine, ["a", "b", "c"], plan, lambda line: began.append(loop.time()))
        running = asyncio.create_task(warmer.run(lambda: start + loop.time()))
        await asyncio.sleep(2 * 86400)
        running.cancel()
        await asyncio.wait({running})
        return began

    first, *later = run_virtual(play())
    assert first == 0
    peak_s = 2.75 * 3600
    assert len(later) == 2
    for end, peak in zip(later, itertools.count(peak_s, 86400), strict=False):
        assert peak - 300 <= end <= peak + LOOK_S


def test_serve_sends_the_file_to_the_model_server(tmp_path: Path) -> None:
    file = tmp_path / "prompts.txt"
    file.write_text("You are a shop.\n---\nYou are a bank.\n", encoding="utf-8")
    with Served(tmp_path, "--warm", str(file)) as served:
        while "warm-up: 2 of 2" not in served.server.log.read_text():
            assert served.server.request("GET", "/healthz")[0] == 200
        bodies = served.upstream.asked()["bodies"]
        assert [body["max_tokens"] for body in bodies] == [1] * 4
        assert {body["messages"][0]["content"] for body in bodies} == {"You are a shop.", "You are a bank."}
        served.upstream.default(Script(text="yes"))
        sid, token = served.server.create(system="You are a bank.")
        body = {"messages": [{"role": "user", "content": "open?"}], "developer_mode": True, "session_id": sid,
                "sequence": 1}  # fmt: skip
        _, _, answer = served.server.request("POST", "/v1/chat/completions", body, token=token)
        assert answer["usage"]["prompt_tokens_details"]["cached_tokens"] == 4


def test_bench_measures_both_and_shows_the_report() -> None:
    lines: list[str] = []
    found = asyncio.run(measure(prompts=2, turns=2, write=lines.append))
    assert found["cold"].keys() == found["warm"].keys() == {"first_session_p50_ms", "later_sessions_p50_ms"}
    assert found["report"].startswith("warm-up: 2 of 2 prompts")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--warm", "/no/such/file"], "/no/such/file: cannot be read"),
        (["--warm", "EMPTY"], "the file has no prompts; expected system prompts separated by lines of ---"),
        (["--set", "serve.warm_at=8:30"], "serve.warm_at: no prompts to send; expected serve.warm"),
    ],
)
def test_a_warm_up_that_cannot_be_is_one_line(tmp_path: Path, arguments: list[str], line: str) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n---\n", encoding="utf-8")
    arguments = [str(empty) if one == "EMPTY" else one for one in arguments]
    store = f"sqlite:///{tmp_path}/s.db"
    result = CliRunner().invoke(main, ["serve", "--port", "0", "--store", store, *arguments])
    assert line in f"{result.output} {result.exception}"
