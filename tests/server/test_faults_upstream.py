"""Fault 10: the model server refuses, fails, stalls or breaks off; at most three tries, one end, metered once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.upstream import Script
from tests.support.scripted_upstream import UpstreamProcess
from voice.llm.openai import OpenAIUpstream
from voice.sessions.circuit_breaker import RetryPolicy
from voice.sessions.engine import Engine
from voice.sessions.engine_context import EngineOptions
from voice.sessions.log import ENDS, Event
from voice.sessions.stores.interface import Usage
from voice.sessions.stores.sqlite import SqliteStore

OPTIONS = EngineOptions(model="scripted", stall_s=0.4, retry=RetryPolicy(base_s=0.01))


@pytest.fixture(scope="module")
def process() -> Iterator[UpstreamProcess]:
    with UpstreamProcess() as running:
        yield running


@pytest.fixture
def upstream(process: UpstreamProcess) -> UpstreamProcess:
    process.reset()
    return process


async def turns(folder: Path, url: str, *texts: str) -> tuple[list[Event], list[Usage]]:
    """Send each text when the turn before has ended; return the whole log and the ledger."""
    store, upstream = SqliteStore(folder / "s.db"), OpenAIUpstream(url, "scripted")
    engine = Engine(store, upstream, OPTIONS)
    live, _ = await engine.create(system="Be brief.")
    events: list[Event] = []
    follow = live.follow(0)
    for number, text in enumerate(texts, 1):
        live.send(number, text)
        async for event in follow:
            events.append(event)
            if event.t in ENDS:
                break
    await follow.aclose()
    ledger = await engine.usage(live.card.sid)
    await engine.close()
    await upstream.close()
    await store.close()
    return events, ledger


def said(events: list[Event], turn: int) -> str:
    return "".join(event.d for event in events if event.turn == turn and event.t == "delta")


@pytest.mark.parametrize(
    ("script", "end", "code", "calls", "text"),
    [
        (Script(status=429, retry_after="0.1", times=3), "retry_failed", "upstream_rate_limited", 3, ""),
        (Script(status=429, times=2), "done", "", 3, "Answer 3 to: hello"),
        (Script(status=500, times=3), "retry_failed", "upstream_error", 3, ""),
        (Script(status=401), "failed", "upstream_unauthorized", 1, ""),
        (Script(text="w " * 20, fault="error", after=10), "failed", "upstream_error", 1, "w " * 10),
        (Script(text="w " * 20, fault="cut", after=10), "failed", "upstream_cut", 1, "w " * 10),
        (Script(fault="half", after=3), "failed", "upstream_garbled", 1, "Answer 1 to: "),
        (Script(fault="stall", after=2), "failed", "stalled", 1, "Answer 1 "),
        (Script(fault="stall", times=3), "retry_failed", "stalled", 3, ""),
        (Script(fault="cut", times=3), "retry_failed", "upstream_cut", 3, ""),
        (Script(fault="cut", times=1), "done", "", 2, "Answer 2 to: hello"),
    ],
)
def test_tries_end_and_ledger(
    upstream: UpstreamProcess, tmp_path: Path, script: Script, end: str, code: str, calls: int, text: str
) -> None:
    upstream.queue(script)
    events, ledger = asyncio.run(turns(tmp_path, upstream.url, "hello", "and now"))
    ends = [event for event in events if event.t in ENDS]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [(event.turn, event.t) for event in ends] == [(1, end), (2, "done")]
    assert said(events, 1) == text
    if code:
        assert ends[0].d["code"] == code
        assert ends[0].d["tries"] == calls
    assert upstream.calls() == calls + 1
    assert [(row.turn, row.tries) for row in ledger] == [(1, calls), (2, 1)]
    # What failed is told once and is no part of what the model is asked with.
    asked = upstream.asked()["bodies"][-1]["messages"]
    assert all("rate" not in message["content"] and "HTTP" not in message["content"] for message in asked)


def test_refused_connection_is_tried_three_times_and_said_once(tmp_path: Path) -> None:
    events, ledger = asyncio.run(turns(tmp_path, "http://127.0.0.1:9/v1", "hello"))
    assert [event.t for event in events] == ["started", "retry_failed"]
    assert (events[-1].d["code"], events[-1].d["tries"]) == ("upstream_unreachable", 3)
    assert (ledger[0].input, ledger[0].output, ledger[0].tries) == (0, 0, 3)


def test_server_that_dies_and_comes_back(tmp_path: Path) -> None:
    with UpstreamProcess() as upstream:
        port = upstream.port
        upstream.queue(Script(fault="die", after=2))
        events, _ = asyncio.run(turns(tmp_path, upstream.url, "hello"))
        assert [event.t for event in events] == ["started", "delta", "delta", "failed"]
    with UpstreamProcess(port=port) as upstream:
        events, _ = asyncio.run(turns(tmp_path, upstream.url, "hello"))
        assert events[-1].t == "done"
