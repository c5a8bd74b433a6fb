"""Faults 1 and 8: the server killed in mid-reply again and again, and every connection coming back at once."""

from __future__ import annotations

import asyncio
import os
import resource
from pathlib import Path
from typing import Any

from benchmarks.upstream import Script
from tests.support.served import Served, ServedProcess
from tests.support.ws import Tiny
from voice.client.session import RemoteSession
from voice.llm.interface import Delta, Done
from voice.sessions.interface import ReplyEvent, ReplyFailed

KILLS = 20
REPLY = " ".join(f"word{n}" for n in range(12))


def test_killed_twenty_times_in_mid_reply(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        served.upstream.default(Script(text=REPLY, first_ms=20, word_ms=10))
        turns = asyncio.run(_killed(served.server))
        sid, token = turns.pop(0)
        log = _log(served.server, sid, token)
        calls = served.upstream.calls()
    assert [event["seq"] for event in log] == list(range(1, len(log) + 1))
    delivered = regenerated = 0
    for number, (heard, end) in enumerate(turns, 1):
        events = [event for event in log if event["turn"] == number]
        deltas = [event for event in events if event["t"] == "delta"]
        text = "".join(event["d"] for event in deltas)
        assert [event["o"] for event in deltas] == [len(text[: e["o"]]) for e in deltas]
        assert heard == text, "the client's text is the log's"
        assert REPLY.startswith(text)
        assert end == events[-1]["t"]
        assert text == REPLY or end == "failed"
        delivered += end == "failed"
        regenerated += end == "done" and text == REPLY
    assert len(turns) == delivered + regenerated
    assert calls <= len(turns) + KILLS
    print(f"{KILLS} kills: {delivered} replies ended as interrupted, {regenerated} were whole, {calls} model calls")


async def _killed(server: ServedProcess) -> list[tuple[str, str]]:
    session = await RemoteSession.create(server.url)
    turns = [(session.id, session.token)]
    async with session:
        for n in range(KILLS):
            reply = session.send(f"turn {n + 1}")
            text, end = "", ""
            killing: asyncio.Task[None] | None = None
            if n % 4 == 0:  # before the first word as well
                killing = asyncio.create_task(_kill(server))
            async for event in reply:
                text, end = _took(text, end, event)
                if killing is None and len(text) > 6 * (n % 4):
                    killing = asyncio.create_task(_kill(server))
            assert killing is not None
            await killing
            turns.append((text, end))
        assert await session.ask("still there?") == REPLY
        turns.append((REPLY, "done"))
        assert session.links >= KILLS // 2
    return turns


def _took(text: str, end: str, event: ReplyEvent) -> tuple[str, str]:
    if isinstance(event, Delta):
        return text + event.text, end
    if isinstance(event, ReplyFailed):
        assert event.code == "interrupted"
        return text, "failed"
    return text, "done" if isinstance(event, Done) else end


async def _kill(server: ServedProcess) -> None:
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)


def _log(server: ServedProcess, sid: str, token: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    while True:
        path = f"/v1/sessions/{sid}/events?after={len(events)}&limit=1000"
        _, _, page = server.request("GET", path, token=token)
        events += page["events"]
        if len(events) >= page["seq"]:
            return events


def test_thousands_of_idle_connections_come_back_together(tmp_path: Path) -> None:
    """`TEST_CONNECTIONS` asks for more; what the limit of open files allows is taken."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(int(os.environ.get("TEST_CONNECTIONS", "1000")), files - 500)
    with Served(tmp_path) as served:
        sessions = [served.server.create() for _ in range(20)]
        before = served.server.memory_mib()
        took, memory = asyncio.run(_come_back(served.server, sessions, count))
        assert served.server.request("GET", "/healthz")[0] == 200
        states = [served.server.request("GET", f"/v1/sessions/{s}", token=t)[0] for s, t in sessions]
    assert states == [200] * len(sessions)
    print(f"{count} idle connections (limit of open files {files}): {(memory - before) * 1024 / count:.1f} KiB each, "
          f"all accepted in {took[0]:.1f} s, all back in {took[1]:.1f} s")  # fmt: skip


async def _come_back(server: ServedProcess, sessions: list[tuple[str, str]], count: int) -> tuple[list[float], float]:
    gate, loop, epochs = asyncio.Semaphore(64), asyncio.get_running_loop(), {}
    sockets = [Tiny(server.port) for _ in range(count)]

    async def attach(n: int, **known: object) -> None:
        sid, token = sessions[n % len(sessions)]
        async with gate:
            await sockets[n].connect()
            sockets[n].send(op="attach", session_id=sid, session_token=token, **known)
            answer = await sockets[n].get()
        assert answer["op"] == "attached", answer
        assert answer["recovered"] is bool(known)
        epochs[sid] = answer["epoch"]

    took = []
    async with asyncio.timeout(120):
        begun = loop.time()
        await asyncio.gather(*(attach(n) for n in range(count)))
        took.append(loop.time() - begun)
        memory = server.memory_mib()
        for one in sockets:
            one.abort()
        begun = loop.time()
        await asyncio.gather(*(attach(n, after=0, epoch=epochs[sessions[n % 20][0]]) for n in range(count)))
        took.append(loop.time() - begun)
        for one in sockets:
            one.send(op="ping", n=1)
        assert [await one.get() for one in sockets] == [{"op": "pong", "n": 1}] * count
        for one in sockets:
            one.abort()
    return took, memory
