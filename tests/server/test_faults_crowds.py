"""Faults 6 and 8 on two nodes with a real Redis: a reader that never reads, and everybody coming back at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.upstream import Script
from tests.support.redis import RedisServer, needs_redis
from tests.support.scripted_upstream import UpstreamProcess
from tests.support.served import ServedProcess
from tests.support.ws import Socket, Tiny

pytestmark = needs_redis
CONNECTIONS = int(os.environ.get("TEST_CONNECTIONS", "1000"))
SESSIONS = 20


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[ServedProcess, ServedProcess, UpstreamProcess]]:
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer(tmp_path))
        upstream = stack.enter_context(UpstreamProcess())
        first, second = (
            stack.enter_context(ServedProcess(tmp_path, upstream.url, "--store", redis.url)) for _ in range(2)
        )
        yield first, second, upstream


def test_one_that_never_acknowledges_stops_alone_wherever_the_replies_are_made(
    nodes: tuple[ServedProcess, ServedProcess, UpstreamProcess],
) -> None:
    """50 sessions are followed on one connection to one node, and answered at the other."""
    owner, follower, upstream = nodes
    upstream.default(Script(text="word " * 60))
    sessions = [owner.create() for _ in range(50)]
    with Socket(follower.url) as reader, Socket(owner.url) as writer:
        for ch, (sid, token) in enumerate(sessions, 1):
            reader.attach(sid, token, ch=ch, credit=300 if ch == 1 else 65536)
            writer.attach(sid, token, ch=ch, credit=1)
        before = follower.memory_mib()
        for ch in range(1, 51):
            writer.send(op="send", sequence=1, input="hello", ch=ch)
        got: dict[int, list[int]] = {ch: [] for ch in range(1, 51)}
        ended: set[int] = set()
        while len(ended) < 49:
            op = reader.get(20)
            got[op["ch"]].append(op["seq"])
            ended |= {op["ch"]} if op["t"] == "done" else set()
        assert 1 not in ended
        assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in got.values())
        assert len(got[1]) <= 6
        assert follower.memory_mib() - before < 20


def test_everybody_comes_back_to_the_node_that_is_left(
    nodes: tuple[ServedProcess, ServedProcess, UpstreamProcess],
) -> None:
    dying, left, _ = nodes
    sessions = [dying.create() for _ in range(SESSIONS)]

    async def play() -> None:
        gate, epochs = asyncio.Semaphore(64), {}

        async def attach(port: int, n: int, **known: object) -> Tiny:
            socket, (sid, token) = Tiny(port), sessions[n % SESSIONS]
            async with gate:
                await socket.connect()
                socket.send(op="attach", session_id=sid, session_token=token, **known)
                answer = await socket.get()
            assert answer["op"] == "attached", answer
            assert answer["recovered"] is bool(known)
            epochs[n % SESSIONS] = answer["epoch"]
            return socket

        async with asyncio.timeout(120):
            waiting = await asyncio.gather(*(attach(dying.port, n) for n in range(CONNECTIONS)))
            dying.kill()
            back = [attach(left.port, n, after=0, epoch=epochs[n % SESSIONS]) for n in range(CONNECTIONS)]
            returned = await asyncio.gather(*back)
            for socket in returned:
                socket.send(op="ping", n=1)
            assert [await socket.get() for socket in returned] == [{"op": "pong", "n": 1}] * CONNECTIONS
            for socket in (*waiting, *returned):
                socket.abort()

    asyncio.run(play())
    assert [left.request("GET", f"/v1/sessions/{sid}", token=token)[0] for sid, token in sessions] == [200] * SESSIONS
