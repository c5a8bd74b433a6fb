"""A farewell ends a conversation for good; nothing else does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.support.scripted_session import ScriptedSession, words
from voice.conversation.history import ENDS, FarewellWatcher
from voice.conversation.observer import Note, Notice, TurnEnded
from voice.errors import UnavailableError
from voice.sessions.interface import ReplyEvent
from voice.trace import TurnTrace


class Broken(ScriptedSession):
    async def forget(self) -> None:
        raise UnavailableError("not a session server")


def after(session: ScriptedSession, *texts: str) -> list[Note]:
    told: list[Note] = []

    async def run() -> None:
        leaving = FarewellWatcher(session, told.append)
        for turn, text in enumerate(texts, 1):
            leaving.observe(TurnEnded(TurnTrace(turn, text=text, outcome="answered")))
        await leaving.close()

    asyncio.run(run())
    return told


ANSWER: Callable[[str], list[ReplyEvent]] = words


def test_a_farewell_forgets_and_says_so() -> None:
    session = ScriptedSession(ANSWER)
    [notice] = after(session, "what time is it", "okay, goodbye")
    assert session.forgotten == 1
    assert isinstance(notice, Notice)
    assert "deleted" in notice.text


def test_a_model_that_ended_the_conversation_ends_it_as_a_farewell_does() -> None:
    session = ScriptedSession(ANSWER)
    told: list[Note] = []

    async def run() -> None:
        leaving = FarewellWatcher(session, told.append)
        leaving.observe(TurnEnded(TurnTrace(1, text="that is all", outcome="answered", notes={ENDS: True})))
        await leaving.close()

    asyncio.run(run())
    assert session.forgotten == 1 and len(told) == 1


def test_other_words_forget_nothing() -> None:
    session = ScriptedSession(ANSWER)
    assert after(session, "how do you say goodbye in French", "") == []
    assert session.forgotten == 0


def test_two_farewells_at_once_are_one() -> None:
    session = ScriptedSession(ANSWER)
    after(session, "goodbye", "再见")
    assert session.forgotten == 1


def test_what_cannot_be_forgotten_is_told() -> None:
    [notice] = after(Broken(ANSWER), "bye")
    assert isinstance(notice, Notice)
    assert notice.level == "error"
    assert "not a session server" in notice.text
