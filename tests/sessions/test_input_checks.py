"""Long words are read beside the event loop, and too long ones not at all."""

from __future__ import annotations

import asyncio
import threading
from random import Random

import pytest

from tests.support.engine import until_end
from tests.support.scripted_llm import ScriptedUpstream, echo
from voice.safety.filters import NoGuard
from voice.safety.moderation import Moderation
from voice.safety.rule_language import Rule
from voice.safety.rules import Rules
from voice.sessions.engine import Engine
from voice.sessions.engine_context import LONG, EngineOptions
from voice.sessions.interface import ReplyFailed
from voice.sessions.local_session import LocalSession
from voice.sessions.log import Refused
from voice.sessions.stores.memory import MemoryStore


class Waits:
    """A screen that lets a long text through once `go` is set, and says in `threads` who read what."""

    def __init__(self, go: threading.Event, threads: dict[str, str]) -> None:
        self._go, self._threads = go, threads

    def feed(self, text: str) -> str:
        if text:
            self._threads[text] = threading.current_thread().name
        if len(text) > LONG:
            assert self._go.wait(20), "nobody else was answered meanwhile"
        return text

    def flush(self) -> str:
        return ""


def test_while_a_long_text_is_read_other_sessions_are_answered() -> None:
    go, threads = threading.Event(), dict[str, str]()
    long = "1 " * LONG

    async def play() -> None:
        guards = NoGuard(lambda: Waits(go, threads))
        rules = Moderation(Rules([Rule("illegal", "xylophone heist")]))
        engine = Engine(MemoryStore(), ScriptedUpstream(echo), random=Random(7), guards=guards, moderation=rules)
        try:
            slow, quick = (await engine.create())[0], (await engine.create())[0]
            asking = asyncio.create_task(slow.ask(1, long))
            await quick.ask(1, "short")
            assert "short" in str(await until_end(quick))
            assert not asking.done()
            go.set()
            assert (await asking).input == long
            assert (await until_end(slow))[-1].t == "done"
            assert (await slow.ask(1, long)).number == 1, "the same turn again is the same turn"
            with pytest.raises(Refused, match="turn 1 was already sent with a different body"):
                await slow.ask(1, long + "2")
            blocked = await slow.ask(2, f"{long} a xylophone heist")
            assert blocked.input == "[Blocked]"
        finally:
            await engine.close()

    asyncio.run(play())
    assert threads["short"] == threading.main_thread().name
    assert threads[long] != threading.main_thread().name


def test_a_turn_may_say_so_much_and_no_more() -> None:
    async def play() -> None:
        options = EngineOptions(input_chars=300)
        engine = Engine(MemoryStore(), ScriptedUpstream(echo), options, random=Random(7))
        try:
            live, _ = await engine.create()
            await live.ask(1, "x" * 300)
            await until_end(live)
            before = {"before": [{"role": "user", "text": "y" * 200}]}
            for text, how in (("x" * 301, None), ("x" * 100, before)):
                with pytest.raises(Refused, match="a turn of 301 characters") as refused:
                    await live.ask(2, text, options=how)
                assert refused.value.code == "input_too_long"
            (failed,) = [event async for event in LocalSession(engine, live).send("x" * 301)]
            assert isinstance(failed, ReplyFailed)
            assert (failed.code, live.talk.last) == ("input_too_long", 1)
        finally:
            await engine.close()

    asyncio.run(play())
