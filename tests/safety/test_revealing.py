"""Placeholders come back as what they stand for, however they are split, and offsets find their way back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voice.chat.revealed import RevealedSession
from voice.chat.screen import screened
from voice.chat.session import Delta, Done, Effect, Message, ReplyEvent
from voice.safety.finder import Finder
from voice.safety.guard import SessionGuard
from voice.safety.revealing import Revealing, revealed

KNOWN = {"<PHONE:7f3a9c1e>": "138 0013 8000", "<EMAIL:00000001>": "a@b.io"}
PARTS = st.lists(st.sampled_from([*KNOWN, "<CARD:deadbeef>", "<", "<PHO", "call ", "你好", "a < b", ">"]), max_size=6)


@given(PARTS.map("".join), st.lists(st.integers(0, 80), max_size=5))
def test_every_split_shows_the_same(text: str, cuts: list[int]) -> None:
    revealing = Revealing(KNOWN.get)
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    shown = "".join(revealing.feed(text[start:end]) for start, end in pairwise(edges)) + revealing.flush()
    assert shown == revealed(text, KNOWN.get)
    assert revealing.logged(len(shown)) == len(text)
    back = [revealing.logged(offset) for offset in range(len(shown) + 1)]
    assert back == sorted(back)
    for name in KNOWN:
        place = text.find(name)
        if place >= 0:
            assert not any(place < offset < place + len(name) for offset in back)


def test_what_is_not_known_is_said_in_words_of_the_text() -> None:
    assert revealed("Call <PHONE:7f3a9c1e> now.", lambda name: None) == "Call a phone number now."
    assert revealed("请打<PHONE:7f3a9c1e>", lambda name: None) == "请打一个电话号码"
    assert revealed("<CARD:7f3a9c1e>", lambda name: None, "de") == "eine Kartennummer"
    assert revealed("<WALLET:7f3a9c1e>", lambda name: None) == "something private"


class Logged:
    """A session whose log says what it is told to."""

    id = "s_1"

    def __init__(self, deltas: list[str]) -> None:
        self.deltas, self.heard = deltas, -1
        self.turn = 1

    def send(self, text: str, *, draft: bool = False) -> Logged:
        return self

    async def __aiter__(self) -> AsyncIterator[ReplyEvent]:
        for text in self.deltas:
            yield Delta(text)
        yield Effect("timer", {"label": "call <PHONE:7f3a9c1e>", "seconds": 5})
        yield Done()

    async def commit(self) -> None: ...

    async def discard(self) -> None: ...

    async def truncate(self, heard: int) -> None:
        self.heard = heard

    async def history(self) -> Sequence[Message]:
        return [Message("user", "I am <PHONE:7f3a9c1e>")]

    async def forget(self) -> None:
        self.id = "s_2"

    async def close(self) -> None: ...


class Knows(SessionGuard):
    def own(self, name: str) -> str | None:
        return KNOWN.get(name)


def test_a_reply_is_heard_in_the_clear_and_truncated_where_the_log_has_it() -> None:
    async def play() -> None:
        knows = Knows(b"k", "stored", Finder())
        logged = Logged(["I call <PHO", "NE:7f3a9c1e> ", "for you."])
        session = RevealedSession(logged, lambda: knows, "en")
        reply = session.send("go")
        events = [event async for event in reply]
        assert "".join(event.text for event in events if isinstance(event, Delta)) == "I call 138 0013 8000 for you."
        assert Effect("timer", {"label": "call 138 0013 8000", "seconds": 5}) in events
        for shown, kept in (
            ("I call", "I call"),
            ("I call 138 00", "I call "),
            ("I call 138 0013 8000", "I call <PHONE:7f3a9c1e>"),
            ("I call 138 0013 8000 for", "I call <PHONE:7f3a9c1e> for"),
        ):
            await reply.truncate(len(shown))
            assert "".join(logged.deltas)[: logged.heard] == kept
        assert list(await session.history()) == [Message("user", "I am 138 0013 8000")]

    asyncio.run(play())


def test_one_number_has_one_name_in_a_session_and_another_elsewhere() -> None:
    ours, theirs = SessionGuard(b"a", "stored", Finder()), SessionGuard(b"b", "stored", Finder())
    spelled = ["138 0013 8000", "+86 138-0013-8000", "one three eight double oh one three eight triple zero",
               "一三八零零一三八零零零", "１３８００１３８０００"]  # fmt: skip
    names = {screened(ours, text) for text in spelled}
    assert len(names) == 1
    assert names.isdisjoint({screened(theirs, text) for text in spelled})
    (name,) = names
    assert ours.own(name) == "138 0013 8000"
    assert screened(ours, name) == name


def test_modes_tell_who_may_see_the_original() -> None:
    seen = {}
    for mode in ("stored", "upstream", "everywhere"):
        guard = SessionGuard(b"k", mode, Finder())
        name = screened(guard, "138 0013 8000")
        seen[mode] = (guard.to_model(f"call {name}") == "call 138 0013 8000", guard.own(name) is not None)
    assert seen == {"stored": (True, True), "upstream": (False, True), "everywhere": (False, False)}
