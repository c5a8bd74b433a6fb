"""The memory in a turn: told in time and within its budget, written once the turn counts, each person's apart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest

from tests.support.engine import scene, text, until_end
from tests.support.scripted_llm import ScriptedUpstream
from voice.clock import run_virtual
from voice.llm.builtin import BuiltinUpstream
from voice.llm.context import estimate_tokens
from voice.memory.fact_book import facts, keep
from voice.memory.memory import Budget, Memory
from voice.memory.tools import memory_call, memory_tools
from voice.memory.vault import Vault, Who
from voice.safety.redactor import Finder
from voice.safety.session_redaction import PrivateGuards
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine import Engine
from voice.sessions.engine_context import EngineOptions
from voice.sessions.stores.memory import MemoryStore
from voice.tools.registry import Registry

ANN, BOB = Who("", "ann"), Who("", "bob")
PHONE = "13967735468"


@pytest.fixture
def memory() -> Iterator[Memory]:
    made = Memory(Vault(None, bytes), Budget(deadline_s=5.0), lambda: datetime(2026, 3, 4, 12, 0, tzinfo=UTC))
    yield made
    made.close()


def tell(memory: Memory, who: Who, *told: str) -> None:
    with memory.vault.writing(who) as database:
        for fact in told:
            keep(database, fact, date(2026, 3, 4))


def known(memory: Memory, who: Who) -> list[str]:
    with memory.vault.reading(who) as database:
        return facts(database)


async def ask(live: ActiveSession, words: str, *, commit: bool = True) -> str:
    """The answer to the session's next turn; a draft is committed at once, or left alone."""
    number = live.talk.last + 1
    turn = live.send(number, words, draft=True)
    if not commit:
        for _ in range(20):
            await asyncio.sleep(0)
        return turn.text
    live.commit(number)
    return text(await until_end(live, turn.first))


def builtin(memory: Memory, play: Any, **how: Any) -> Any:
    """Play with an engine whose model is the built-in responder."""

    async def run() -> Any:
        model = BuiltinUpstream(now=lambda: datetime(2026, 3, 4, 12, 0))
        model.memory = partial(memory_call, memory.kinds.values())
        options = EngineOptions(person=how.pop("person", ""))
        engine = Engine(MemoryStore(), model, options, tools=Registry(memory_tools(memory, spoken=True)), **how)
        try:
            return await play(engine)
        finally:
            await engine.close()

    return run_virtual(run())


def test_the_responder_remembers_corrects_recalls_and_forgets(memory: Memory) -> None:
    async def play(engine: Engine) -> list[str]:
        live, _ = await engine.create()
        return [
            await ask(live, words)
            for words in (
                "remember that my daughter's birthday is the third of May",
                "no, it's the fourth of May",
                "when is my daughter's birthday?",
                "what time is it",
                "记住我住在三楼",
                "我住在几楼",
                "what do you know about me",
                "forget my daughter's birthday",
                "when is my daughter's birthday?",
                "who wrote Hamlet",
                "forget everything about me",
                "yes",
                "what do you know about me",
            )
        ]

    said = builtin(memory, play, person="ann")
    assert said[0] == "I'll remember that your daughter's birthday is the third of May."
    assert said[1] == "I've changed that: your daughter's birthday is the fourth of May."
    assert said[2] == "You told me that your daughter's birthday is the fourth of May."
    assert said[3] == "It is 12 PM."
    assert said[4:6] == ["好的，我记住了：你住在三楼。", "你告诉过我：你住在三楼。"]
    assert said[6] == "You told me: your daughter's birthday is the fourth of May; 你住在三楼."
    assert said[7] == "I've forgotten that your daughter's birthday is the fourth of May."
    assert said[8].startswith("You have not told me that.")
    assert said[9].startswith("I don't know that.")
    assert said[10].startswith("Shall I really")
    assert said[11:] == ["I've forgotten everything about you.", "You have not asked me to remember anything yet."]
    assert known(memory, ANN) == []


def test_a_draft_may_recall_and_writes_nothing_before_it_counts(memory: Memory) -> None:
    tell(memory, ANN, "I live in Hamburg")

    async def play(engine: Engine) -> list[Any]:
        live, _ = await engine.create(options={"person": "ann"})
        draft = live.send(1, "where do I live", draft=True)
        recalled = text(await until_end(live, draft.first))
        live.discard(1)
        live.send(2, "remember that I like jazz", draft=True)
        for _ in range(20):
            await asyncio.sleep(0.01)
        before = known(memory, ANN)
        live.discard(2)
        await ask(live, "remember that I like blues")
        return [recalled, before]

    recalled, before = builtin(memory, play)
    assert recalled == "You told me that you live in Hamburg."
    assert before == ["I live in Hamburg"]
    assert known(memory, ANN) == ["I live in Hamburg", "I like blues"]


def test_each_person_has_a_memory_and_a_visitor_has_none(memory: Memory) -> None:
    tell(memory, ANN, "I live in Hamburg")

    async def play(engine: Engine) -> list[str]:
        ann, _ = await engine.create(options={"person": "ann"})
        bob, _ = await engine.create(options={"person": "bob"})
        visitor, _ = await engine.create()
        other, _ = await engine.create(options={"person": "ann"}, owner="another key")
        sessions = (ann, bob, visitor, other)
        bob.send(1, "x", options={"person": "ann"})  # what a turn says of the person counts for nothing
        await until_end(bob)
        said = [await ask(live, "where do I live") for live in sessions]
        await ask(visitor, "remember that I like jazz")
        await ask(bob, "remember that I like blues")
        return said

    said = builtin(memory, play)
    assert said[0] == "You told me that you live in Hamburg."
    assert all("Hamburg" not in answer for answer in said[1:])
    assert known(memory, BOB) == ["I like blues"]
    assert memory.vault.people() == [ANN, BOB]


def test_a_model_is_told_what_fits_behind_the_words_and_the_prefix_stays(memory: Memory) -> None:
    tell(memory, ANN, "I am allergic to nuts", "my shoe size is 42")

    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create(system="be brief", options={"person": "ann"})
        for number, words in enumerate(("what am I allergic to", "tell me a joke"), start=1):
            await until_end(live, live.send(number, words).first)

    asked: list[ScriptedUpstream] = []

    async def both(engine: Engine, upstream: ScriptedUpstream) -> None:
        asked.append(upstream)
        await play(engine, upstream)

    scene(both, recall=memory.recall)
    first, second = (ask.messages for ask in asked[0].asked)
    assert first[-1].text.startswith("what am I allergic to\n\n(What this person asked you to remember")
    assert first[-1].text.endswith("- I am allergic to nuts")
    assert second[:1] == first[:1]
    assert second[1].text == "what am I allergic to"
    assert second[-1].text == "tell me a joke"


def test_what_the_model_server_may_not_read_is_taken_out_of_a_memory_too(memory: Memory) -> None:
    tell(memory, ANN, f"my doctor's phone number is {PHONE}")

    async def play(engine: Engine, upstream: ScriptedUpstream) -> str:
        live, _ = await engine.create(options={"person": "ann"})
        await until_end(live, live.send(1, "what's my doctor's number").first)
        return upstream.asked[0].messages[-1].text

    assert PHONE in scene(play, recall=memory.recall, guards=PrivateGuards("stored", Finder()))
    told = scene(play, recall=memory.recall, guards=PrivateGuards("upstream", Finder()))
    assert PHONE not in told
    assert "my doctor's phone number is <PHONE" in told


def test_a_budget_bounds_what_is_told() -> None:
    memory = Memory(Vault(None, bytes), Budget(tokens=60), lambda: datetime(2026, 3, 4, tzinfo=UTC))
    tell(memory, ANN, *(f"my cat number {number} likes fish, cream and a long sleep" for number in range(9)))
    told = memory.recalled(ANN, "what do my cats like: fish, cream, sleep?")
    assert 1 <= told.count("\n- ") < 5
    assert estimate_tokens(told) <= 60
    assert Memory(Vault(None, bytes), Budget(tokens=5), memory.now).recalled(ANN, "cats") == ""
    memory.close()


def test_a_late_or_damaged_memory_is_left_out(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(memory, ANN, "I live in Hamburg")
    hurried = Memory(memory.vault, Budget(deadline_s=0.01), memory.now)

    def slow(who: Who, words: str) -> str:
        time.sleep(0.1)
        return "late"

    monkeypatch.setattr(hurried, "recalled", slow)
    assert asyncio.run(hurried.recall("", "ann", "where do I live")) == ""
    hurried.close()
    tell(memory, ANN, "x")


def test_what_is_unused_is_closed_while_it_is_watched(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    dropped: list[float] = []
    monkeypatch.setattr(memory.vault, "drop_unused", dropped.append)

    async def run() -> None:
        watching = asyncio.create_task(memory.watch())
        await asyncio.sleep(65)
        watching.cancel()

    run_virtual(run())
    assert dropped == [60.0, 60.0]
