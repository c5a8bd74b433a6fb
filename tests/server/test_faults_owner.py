"""Faults 5 and 7: an owner that sleeps past its lease, and wall clocks that jump."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.upstream import Script
from tests.support.owner import LEASE
from tests.support.patience import PATIENCE_S
from tests.support.scripted_upstream import UpstreamProcess
from voice.llm.openai import OpenAIUpstream
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine import Engine
from voice.sessions.log import ENDS, Refused
from voice.sessions.stores.sqlite import SqliteStore

ROOT = Path(__file__).parents[2]


def owner(path: Path, url: str, *, moved_s: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.owner", str(path), url, str(moved_s)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


async def take_over(engine: Engine, sid: str) -> ActiveSession:
    """Own the session as soon as its lease allows."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            live = await engine.open(sid)
            try:
                await live.own()
            except Refused as refused:
                assert refused.code == "session_moved"
                await asyncio.sleep(LEASE.renew_s)
                continue
            return live


def test_owner_stopped_past_its_lease_appends_nothing_more(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with UpstreamProcess() as upstream:
        upstream.default(Script(text="word " * 400, word_ms=20))
        process = owner(path, upstream.url, moved_s=3600)
        told = process.stdout
        assert told is not None
        sid = told.readline().strip()
        assert told.readline() == "begun\n"
        process.send_signal(signal.SIGSTOP)
        upstream.default(Script(text="a new answer"))

        async def second() -> list[str]:
            store = SqliteStore(path)
            engine = Engine(store, OpenAIUpstream(upstream.url, "scripted"), LEASE)
            live = await take_over(engine, sid)
            before = live.talk.seq
            live.send(2, "go on")
            process.send_signal(signal.SIGCONT)
            kinds = []
            async for event in live.follow(0):
                kinds.append(event.t)
                if event.turn == 2 and event.t in ENDS:
                    break
            # What the old owner still had in hand is refused, and it says so.
            assert await asyncio.to_thread(told.readline) == "session_moved\n"
            assert [event.t for event in await store.read(sid, 0, 10_000)] == kinds
            assert kinds[before - 1] == "failed"
            text = "".join(e.d for e in await live.read(before, 1000) if e.t == "delta")
            await engine.close()
            await engine.parts.upstream.close()
            await store.close()
            return [text, *kinds]

        text, *kinds = asyncio.run(second())
        process.kill()
        process.communicate()
    assert text == "a new answer"
    assert kinds.count("started") == 2


@pytest.mark.parametrize("moved_s", [3600, -3600])
def test_moved_wall_clock_ends_no_session_and_keeps_none(
    tmp_path: Path, moved_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, now = time.time, [time.monotonic()]

    async def run() -> None:
        store = SqliteStore(tmp_path / "s.db", clock=lambda: now[0])
        upstream = OpenAIUpstream("http://127.0.0.1:9/v1", "scripted")
        engine = Engine(store, upstream, LEASE, clock=lambda: now[0])
        sid = (await engine.create(ttl_s=10))[0].card.sid
        monkeypatch.setattr(time, "time", lambda: real() + moved_s)
        now[0] += 9
        (await engine.open(sid)).alive()
        now[0] += 9
        (await engine.open(sid)).alive()
        now[0] += 11
        with pytest.raises(Refused) as caught:
            await engine.open(sid)
        assert caught.value.code == "session_unknown"
        await engine.close()
        await upstream.close()
        await store.close()

    asyncio.run(run())
