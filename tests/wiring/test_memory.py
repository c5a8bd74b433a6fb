"""Earlier talks of conversations that are kept: asked for in another one, and gone with the one they are from."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support import canaries
from tests.support.engine import scene, text, until_end
from tests.support.scripted_llm import ScriptedUpstream
from voice.clock import run_virtual
from voice.llm.builtin import BuiltinUpstream
from voice.memory.memory import Budget, Memory
from voice.memory.talks.talk_book import all_talks
from voice.memory.tools import memory_call, memory_tools
from voice.memory.vault import Vault, Who
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine import Engine
from voice.sessions.stores.memory import MemoryStore
from voice.tools.registry import Registry
from voice.wiring.memory import keep_talks

ANN = {"person": "ann"}


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    vault = Vault(tmp_path / "people", lambda: b"k" * 32)
    made = Memory(vault, Budget(deadline_s=5.0), lambda: datetime(2026, 11, 27, 12, 0, tzinfo=UTC))
    yield made
    made.close()
    canaries.check_folder(tmp_path)


def kept(memory: Memory, person: str = "ann") -> list[str]:
    with memory.vault.reading(Who("", person)) as database:
        return [turn.said for turn in all_talks(database)]


async def ask(live: ActiveSession, words: str, **how: Any) -> str:
    turn = live.send(live.talk.last + 1, words, **how)
    return text(await until_end(live, turn.first))


async def remembered(memory: Memory) -> None:
    """All that is to be remembered is: its thread does one thing after another."""
    for _ in range(5):
        await asyncio.sleep(0)
    await memory.do(lambda: None)


def builtin(memory: Memory, play: Any) -> Any:
    async def run() -> Any:
        model = BuiltinUpstream(now=lambda: datetime(2026, 11, 27, 12, 0))
        model.memory = partial(memory_call, memory.kinds.values())
        engine = Engine(MemoryStore(), model, tools=Registry(memory_tools(memory, spoken=True)))
        keep_talks(engine, memory)
        try:
            return await play(engine)
        finally:
            await engine.close()

    return run_virtual(run())


def test_what_was_said_in_a_kept_conversation_is_found_in_another_and_only_of_that_person(memory: Memory) -> None:
    async def play(engine: Engine) -> list[str]:
        first, _ = await engine.create(name="kitchen", options=ANN)
        await ask(first, "my dentist has a swordfish on the wall")
        await ask(first, "what time is it")
        await ask(first, "did I mention the dentist?")
        await ask(first, "remember that I like jazz")
        passing, _ = await engine.create(options=ANN)
        await ask(passing, "my dentist is ill")
        second, _ = await engine.create(name="bath", options=ANN)
        bob, _ = await engine.create(name="bob", options={"person": "bob"})
        await remembered(memory)
        asked = "did I mention the dentist?"
        said = [await ask(second, asked), await ask(bob, asked)]
        assert kept(memory) == ["my dentist has a swordfish on the wall", "what time is it"]
        await engine.delete(first.card.sid)
        await remembered(memory)
        return [*said, await ask(second, "我们上次聊了什么")]

    found, of_bob, gone = builtin(memory, play)
    assert found.startswith("On Friday, November 27 you said: “my dentist has a swordfish on the wall”.")
    assert of_bob == "I find nothing like that in our earlier conversations."
    assert gone == "我们之前的对话里没有找到这个。"
    assert kept(memory) == []


def test_only_what_was_heard_of_a_turn_that_counts_is_kept(memory: Memory) -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> list[tuple[str, str]]:
        keep_talks(engine, memory)
        live, _ = await engine.create(name="kitchen", options=ANN)
        await ask(live, "the first", draft=True)
        live.discard(1)
        await ask(live, "the second", draft=True)
        live.commit(2)
        live.truncate(2, 3)
        await remembered(memory)
        with memory.vault.reading(Who("", "ann")) as database:
            return [(turn.said, turn.answer) for turn in all_talks(database)]

    ((said, answer),) = scene(play, recall=memory.recall)
    assert said == "the second"
    assert len(answer) == 3


def test_a_model_is_told_of_earlier_talks_only_where_the_words_ask_for_them(memory: Memory) -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> list[str]:
        keep_talks(engine, memory)
        live, _ = await engine.create(name="kitchen", options=ANN)
        for words in ("my boiler knocks", "the boiler is loud", "have we talked about the boiler"):
            await ask(live, words)
            await remembered(memory)
        return [asked.messages[-1].text for asked in upstream.asked]

    said = scene(play, recall=memory.recall)
    assert said[:2] == ["my boiler knocks", "the boiler is loud"]
    assert said[2].startswith("have we talked about the boiler\n\n(From earlier talks with this person")
    assert "- Nov 27: “my boiler knocks” You: “" in said[2]


def test_what_is_said_while_everything_is_forgotten_is_not_kept(memory: Memory) -> None:
    async def play(engine: Engine) -> list[str]:
        live, _ = await engine.create(name="kitchen", options=ANN)
        await ask(live, "my boiler knocks")
        turn = live.send(2, "my dentist is ill", draft=True)
        await until_end(live, turn.first)
        await remembered(memory)
        assert await memory.forget(Who("", "ann"))
        live.commit(2)
        await remembered(memory)
        gone = kept(memory)
        await ask(live, "forget everything about me")
        await ask(live, "yes")
        await remembered(memory)
        await ask(live, "my roof leaks")
        await remembered(memory)
        return gone + kept(memory)

    assert builtin(memory, play) == ["my roof leaks"]
