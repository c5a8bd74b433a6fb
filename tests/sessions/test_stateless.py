"""A request of no session: its reply as far as moderation lets it through, however it was split."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.scripted_llm import ScriptedUpstream, echo
from voice.llm.interface import CALL_PIECE, Delta, Done, Effect, Message
from voice.safety.filters import screened
from voice.safety.moderation import Moderation
from voice.safety.redactor import Finder
from voice.safety.rule_language import Rule
from voice.safety.rules import Rules
from voice.safety.session_redaction import SessionGuard
from voice.sessions.engine_context import EngineContext, EngineOptions
from voice.sessions.log import Refused
from voice.sessions.stateless import moderated, redacted
from voice.sessions.stores.memory import MemoryStore

Item = Delta | Effect | Done
RULES = Rules([Rule("illegal", "red fox"), Rule("politics", "vote for")])


class Broken:
    """A judge that cannot be reached."""

    name = "judge"

    async def judge(self, text: str, question: str | None) -> tuple[str, ...]:
        raise OSError("no route")

    async def close(self) -> None: ...


def passed(words: str, *items: Item, moderation: Moderation | None = None) -> tuple[list[Item], int]:
    """What comes of a reply to these words, and how many of its items the model server was asked for."""
    given_out = 0

    async def stream() -> AsyncIterator[Item]:
        nonlocal given_out
        for item in items:
            given_out += 1
            yield item

    async def run() -> list[Item]:
        parts = EngineContext(
            MemoryStore(), ScriptedUpstream(echo), EngineOptions(), asyncio.get_running_loop().time, Random(1), "n",
            moderation=moderation,
        )  # fmt: skip
        asked = [Message("system", "red fox"), Message("user", words)]
        return [item async for item in moderated(parts, asked, stream())]

    return asyncio.run(run()), given_out


def text(items: Sequence[Item]) -> str:
    return "".join(item.text for item in items if isinstance(item, Delta))


def test_without_moderation_everything_passes() -> None:
    reply = (Delta("a red fox"), Effect("timer", {"minutes": 3}), Done())
    assert passed("red fox", *reply) == (list(reply), 3)


def test_the_model_server_is_not_asked_for_words_that_are_blocked() -> None:
    found, asked = passed("a red fox", Delta("never"), Done(), moderation=Moderation(RULES))
    assert asked == 0
    assert isinstance(found[-1], Done)
    assert (found[-1].flagged, found[-1].blocked) == (("illegal",), "input")
    assert text(found)


@given(st.lists(st.integers(1, 5), max_size=6))
def test_a_reply_stops_before_what_is_blocked_however_it_is_split(lengths: list[int]) -> None:
    left, pieces = "I saw a red fox today", []
    for length in lengths:
        pieces.append(Delta(left[:length]))
        left = left[length:]
    found, _ = passed("hello", *pieces, Delta(left), Done(), moderation=Moderation(RULES))
    assert text(found) == "I saw a " + Moderation(RULES).answer(("illegal",), "hello")
    assert isinstance(found[-1], Done)
    assert (found[-1].flagged, found[-1].blocked) == (("illegal",), "reply")


def test_what_is_only_flagged_passes_and_is_told() -> None:
    found, _ = passed(
        "vote for me", Delta("vote for her"), Done(), moderation=Moderation(RULES, actions={"politics": "flag"})
    )
    assert text(found) == "vote for her"
    assert isinstance(found[-1], Done)
    assert set(found[-1].flagged) == {"politics"}
    assert not found[-1].blocked


def test_words_nobody_could_judge_are_refused() -> None:
    with pytest.raises(Refused) as refused:
        passed("hello", Delta("never"), Done(), moderation=Moderation(RULES, judges=[Broken()]))
    assert (refused.value.code, refused.value.temporary) == ("unchecked", True)


def test_what_stood_in_the_request_comes_back_as_it_was_written() -> None:
    async def run() -> str:
        guard = SessionGuard(b"k", "upstream", Finder())
        name = screened(guard, "138 0013 8000")

        async def stream() -> AsyncIterator[Item]:
            for piece in ("I call ", name[:4], name[4:], " and ada@", "b.io"):
                yield Delta(piece)
            yield Done()

        return text([item async for item in redacted(guard, stream())])

    said = asyncio.run(run())
    assert said.startswith("I call 138 0013 8000 and ")


def test_a_number_in_a_call_is_taken_out_however_its_pieces_are_cut() -> None:
    arguments = '{"to": "138 0013 8000", "say": "hi"}'

    async def run(cut: int) -> str:
        guard = SessionGuard(b"k", "upstream", Finder())

        async def stream() -> AsyncIterator[Item]:
            yield Effect(CALL_PIECE, {"place": 0, "call_id": "a", "name": "call", "arguments": arguments[:cut]})
            yield Effect(CALL_PIECE, {"place": 0, "arguments": arguments[cut:]})
            yield Done()

        items = [item async for item in redacted(guard, stream())]
        assert isinstance(items[-1], Done)
        return "".join(str(item.data["arguments"]) for item in items if isinstance(item, Effect))

    told = {asyncio.run(run(cut)) for cut in range(len(arguments))}
    assert told == {screened(SessionGuard(b"k", "upstream", Finder()), arguments)}
    assert "8000" not in told.pop()
