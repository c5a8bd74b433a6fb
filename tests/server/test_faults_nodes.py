"""Faults 1, 2, 4, 5 and 7 on several nodes with a real Redis: killed, stopped, restarted, crowded, clocks moved."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from benchmarks.upstream import Script
from tests.support.redis import RedisServer, empty, needs_redis, shared
from tests.support.scripted_llm import ScriptedUpstream
from tests.support.scripted_upstream import UpstreamProcess
from tests.support.served import ServedProcess
from voice.client.session import RemoteReply, RemoteSession
from voice.llm.interface import Delta
from voice.sessions.engine import Engine
from voice.sessions.engine_context import EngineOptions
from voice.sessions.interface import ReplyFailed
from voice.sessions.log import Refused
from voice.sessions.stores.redis import RedisStore

pytestmark = needs_redis
REPLY = " ".join(f"word{n}" for n in range(12))
LONG = " ".join(f"word{n}" for n in range(400))
TAKEOVERS = int(os.environ.get("TEST_TAKEOVERS", "1"))
TAKEOVER_S = 15.0


class Nodes:
    """A model server, a redis-server and nodes of `voice serve` on both."""

    def __init__(self, folder: Path, stack: ExitStack, *, kept: bool = True) -> None:
        self.upstream = stack.enter_context(UpstreamProcess())
        self.redis = stack.enter_context(RedisServer(folder, kept=kept))
        self._folder, self._stack = folder, stack

    def node(self) -> ServedProcess:
        secrets = {"VOICE_CHAT_STORE_KEY": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="}
        return self._stack.enter_context(
            ServedProcess(self._folder, self.upstream.url, "--store", self.redis.url, environment=secrets)
        )


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    with ExitStack() as stack:
        yield Nodes(tmp_path, stack)


def log_of(node: ServedProcess, session: RemoteSession) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    while True:
        path = f"/v1/sessions/{session.id}/events?after={len(events)}&limit=1000"
        _, _, page = node.request("GET", path, token=session.token)
        events += page["events"]
        if len(events) >= page["seq"]:
            assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
            return events


def text_of(events: list[dict[str, Any]], turn: int) -> str:
    deltas = [event for event in events if event["turn"] == turn and event["t"] == "delta"]
    text = "".join(event["d"] for event in deltas)
    assert [event["o"] for event in deltas] == [len(text[: event["o"]]) for event in deltas]
    return text


async def heard(reply: RemoteReply, begun: asyncio.Event | None = None) -> tuple[str, str]:
    """The reply's text and the code of its failure."""
    text, code = "", ""
    async for event in reply:
        if isinstance(event, Delta):
            text += event.text
            if begun is not None:
                begun.set()
        elif isinstance(event, ReplyFailed):
            code = event.code
    return text, code


@pytest.mark.parametrize("round", range(TAKEOVERS))
def test_one_node_is_killed_and_one_stopped_in_mid_reply_and_the_third_goes_on(nodes: Nodes, round: int) -> None:
    killed, stopped, third = nodes.node(), nodes.node(), nodes.node()
    nodes.upstream.default(Script(text=LONG, word_ms=20))

    async def lose(node: ServedProcess, number: int, ready: asyncio.Barrier) -> tuple[Any, ...]:
        loop, begun = asyncio.get_running_loop(), asyncio.Event()
        session = await RemoteSession.create(f"{node.url},{third.url}")
        other = await RemoteSession.attach(third.url, session.id, session.token)
        reply = asyncio.create_task(heard(session.send("tell me"), begun))
        await begun.wait()
        await ready.wait()
        nodes.upstream.default(Script(text="a new answer"))
        node.signal(number)
        died = loop.time()
        second = await heard(other.send("go on"))
        took_s = loop.time() - died
        if number == signal.SIGSTOP:
            node.signal(signal.SIGCONT)  # it wakes with words in hand that belong to no turn any more
        first = await reply
        await other.close()
        await session.close()
        return session, first, second, took_s

    async def play() -> list[tuple[Any, ...]]:
        ready = asyncio.Barrier(2)
        return list(await asyncio.gather(lose(killed, signal.SIGKILL, ready), lose(stopped, signal.SIGSTOP, ready)))

    for session, (first, code), second, took_s in asyncio.run(play()):
        events = log_of(third, session)
        assert code == "interrupted"
        assert LONG.startswith(first)
        assert first == text_of(events, 1), "the client's text is the log's"
        assert second == ("a new answer", "") == (text_of(events, 2), "")
        assert [event["t"] for event in events].count("started") == 2
        assert took_s <= TAKEOVER_S
        assert events == log_of(stopped, session)
    assert nodes.upstream.calls() == 4


def test_redis_that_keeps_its_log_is_killed_in_mid_reply_and_nobody_notices(nodes: Nodes) -> None:
    one, two = nodes.node(), nodes.node()
    nodes.upstream.default(Script(text=REPLY, word_ms=30))

    async def play() -> RemoteSession:
        session = await RemoteSession.create(one.url)
        watching = await RemoteSession.attach(two.url, session.id, session.token)
        for turn in range(2):
            begun = asyncio.Event()
            reply = asyncio.create_task(heard(session.send(f"turn {turn}"), begun))
            await begun.wait()
            await asyncio.to_thread(nodes.redis.kill)
            await asyncio.to_thread(nodes.redis.start)
            assert await reply == (REPLY, "")
        assert await watching.ask("and on the other node?") == REPLY
        await watching.close()
        await session.close()
        return session

    session = asyncio.run(play())
    events = log_of(two, session)
    assert [text_of(events, turn) for turn in (1, 2, 3)] == [REPLY] * 3
    assert nodes.upstream.calls() == 3


def test_redis_that_keeps_nothing_is_killed_and_everybody_is_told(tmp_path: Path) -> None:
    async def play(nodes: Nodes, node: ServedProcess) -> None:
        session = await RemoteSession.create(node.url)
        assert await session.ask("hello") == REPLY
        nodes.upstream.default(Script(text=REPLY, word_ms=30))
        begun = asyncio.Event()
        reply = asyncio.create_task(heard(session.send("again"), begun))
        await begun.wait()
        await asyncio.to_thread(nodes.redis.kill)
        await asyncio.to_thread(nodes.redis.start)
        text, code = await reply
        assert code == "session_unknown"
        assert REPLY.startswith(text)
        await session.close()
        async with await RemoteSession.create(node.url) as fresh:
            assert await fresh.ask("hello") == REPLY

    with ExitStack() as stack:
        nodes = Nodes(tmp_path, stack, kept=False)
        nodes.upstream.default(Script(text=REPLY))
        asyncio.run(play(nodes, nodes.node()))


def test_sixteen_writers_on_two_nodes(nodes: Nodes) -> None:
    both = [nodes.node(), nodes.node()]
    nodes.upstream.default(Script(text="yes"))

    async def play() -> tuple[RemoteSession, list[str]]:
        session = await RemoteSession.create(both[0].url)
        writers = [await RemoteSession.attach(both[n % 2].url, session.id, session.token) for n in range(16)]
        async with asyncio.timeout(60):
            replies = await asyncio.gather(*(writer.ask(f"writer {n}") for n, writer in enumerate(writers)))
        for writer in writers:
            await writer.close()
        await session.close()
        return session, replies

    session, replies = asyncio.run(play())
    assert replies == ["yes"] * 16
    logs = [log_of(node, session) for node in both]
    assert logs[0] == logs[1]
    asked = [event["d"]["input"] for event in logs[0] if event["t"] == "started"]
    assert sorted(asked) == sorted(f"writer {n}" for n in range(16))
    assert nodes.upstream.calls() == 16


@pytest.mark.parametrize("moved_s", [3600, -3600])
def test_moved_wall_clocks_end_no_session_and_keep_none(moved_s: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    quick = EngineOptions(renew_s=0.05, touch_s=0.1, evict_s=0.2)

    async def play() -> None:
        empty()
        stores = [RedisStore(shared().url), RedisStore(shared().url)]
        here, there = (Engine(store, ScriptedUpstream(), quick) for store in stores)
        sid = (await here.create(ttl_s=0.6))[0].card.sid
        monkeypatch.setattr(time, "time", lambda: real() + moved_s)
        for engine in (there, here, there, there):
            await asyncio.sleep(0.3)
            (await engine.open(sid)).alive()
        await asyncio.sleep(0.9)
        for engine in (here, there):
            with pytest.raises(Refused) as caught:
                await engine.open(sid)
            assert caught.value.code == "session_unknown"
        for engine, store in zip((here, there), stores, strict=True):
            await engine.close()
            await store.close()

    asyncio.run(play())
