"""A session's log in memory: followers get every event once, a full disk is said, and memory keeps the recent part."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.engine import scene, until_end
from tests.support.scripted_llm import ScriptedUpstream
from voice.sessions.engine import Engine
from voice.sessions.log import Event, Refused
from voice.sessions.stores.interface import StoreError
from voice.sessions.stores.memory import MemoryStore


def test_followers_who_come_at_any_time_get_every_event_once() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        live.send(1, " ".join(str(n) for n in range(200)))
        whole = await until_end(live)
        for after in (0, 1, 57, len(whole) - 1):
            assert await until_end(live, after) == whole[after:]

    scene(play)


def test_a_store_that_fails_ends_the_session_here_and_says_so() -> None:
    class Full(MemoryStore):
        full = False

        def append(self, *args: Any, **how: Any) -> asyncio.Future[int]:
            if not self.full:
                return super().append(*args, **how)
            answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            answer.set_exception(StoreError("database or disk is full", remedy="free some disk space"))
            return answer

    store = Full(lambda: asyncio.get_running_loop().time())

    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        store.full = True
        live.send(1, "hello")
        with pytest.raises(Refused) as caught:
            await until_end(live)
        assert (caught.value.code, caught.value.temporary) == ("store_failed", True)
        assert "disk space" in str(caught.value)
        store.full = False
        again = await engine.open(live.card.sid)
        await again.own()
        again.send(1, "hello")
        assert (await until_end(again))[-1].t == "done"

    scene(play, store=store)


def test_a_long_log_is_trimmed_and_the_conversation_stays() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        for number in range(1, 61):
            turn = live.send(number, f"question {number}")
            await until_end(live, turn.first)
        said = live.talk.messages()
        assert len(await engine.parts.store.read(live.card.sid, 0, 9999)) < 120
        assert not live.talk.can_resume(0, live.card.epoch)
        await engine.release(live)
        again = await engine.open(live.card.sid)
        assert again is not live
        assert again.talk.messages() == said
        assert again.talk.seq == live.talk.seq

    scene(play, options={"keep_events": 50})


def test_what_memory_no_longer_has_of_the_log_is_read_from_the_store() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        for number in range(1, 21):
            turn = live.send(number, f"question {number}")
            await until_end(live, turn.first)
        assert live.recent(live.logged - 10, 10) is not None
        assert live.recent(live.logged - 20, 20) is None
        found: list[Event] = []
        async for event in live.follow(0):
            found.append(event)
            if event.seq == live.logged:
                break
        assert [event.seq for event in found] == list(range(1, live.logged + 1))

    scene(play, options={"tail_events": 10})
