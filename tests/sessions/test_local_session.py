"""The session in this process: what the voice loop does with it, on a real file."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_llm import ScriptedUpstream, Step, echo
from voice.llm.interface import Ask, Delta, Done, Effect, Message, UpstreamError
from voice.sessions.engine import Engine
from voice.sessions.interface import ReplyEvent, ReplyFailed
from voice.sessions.local_session import LocalReply, LocalSession, open_local
from voice.sessions.stores.interface import UnknownSession
from voice.sessions.stores.sqlite import SqliteStore

Play = Callable[[LocalSession, ScriptedUpstream], Awaitable[Any]]


async def whole(reply: LocalReply) -> list[ReplyEvent]:
    return [event async for event in reply]


def holds(folder: Path, text: bytes) -> bool:
    """Whether any file of the folder holds these bytes."""
    return any(text in file.read_bytes() for file in folder.iterdir())


def said(events: list[ReplyEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


async def talk(path: Path, play: Play, *, name: str | None = None, answer: Callable[[Ask], Any] = echo) -> Any:
    upstream = ScriptedUpstream(answer)
    store = SqliteStore(path)
    engine = Engine(store, upstream)
    session = await open_local(engine, name=name, system="be brief")
    try:
        return await play(session, upstream)
    finally:
        await session.close()
        await engine.close()
        await store.close()


def test_a_named_conversation_goes_on_after_a_restart(tmp_path: Path) -> None:
    async def first(session: LocalSession, upstream: ScriptedUpstream) -> str:
        assert said(await whole(session.send("hello"))) == "You said: hello"
        return session.id

    async def second(session: LocalSession, upstream: ScriptedUpstream) -> str:
        reply = session.send("again")
        await whole(reply)
        assert reply.turn == 2
        told = [("system", "be brief"), ("user", "hello"), ("assistant", "You said: hello"), ("user", "again")]
        assert [(message.role, message.text) for message in upstream.asked[0].messages] == told
        return session.id

    path = tmp_path / "chat.db"
    ids = {asyncio.run(talk(path, play, name="kitchen")) for play in (first, second)}
    assert len(ids) == 1


def test_a_conversation_without_a_name_leaves_nothing_behind(tmp_path: Path) -> None:
    async def play(session: LocalSession, upstream: ScriptedUpstream) -> str:
        await whole(session.send("swordfish"))
        return session.id

    path = tmp_path / "chat.db"
    sid = asyncio.run(talk(path, play))
    assert not holds(tmp_path, b"swordfish")

    async def check() -> None:
        store = SqliteStore(path)
        with pytest.raises(UnknownSession):
            await store.load(sid)
        await store.close()

    asyncio.run(check())


def test_drafts_one_after_another_cost_no_more_than_their_first_words(tmp_path: Path) -> None:
    async def play(session: LocalSession, upstream: ScriptedUpstream) -> None:
        for words in ("what", "what is", "what is the"):
            draft = session.send(words, draft=True)
            async for event in draft:
                assert isinstance(event, Delta)
                break
            await draft.discard()
            assert isinstance((await whole(draft))[-1], Done)
        assert upstream.closed == 3
        final = session.send("what is the time", draft=True)
        assert await session.history() == []
        await final.commit()
        events = await whole(final)
        assert said(events) == "one two"
        assert isinstance(events[-1], Done)
        assert [message.text for message in upstream.asked[-1].messages] == ["be brief", "what is the time"]
        assert await session.history() == [Message("user", "what is the time"), Message("assistant", "one two")]

    def slow(ask: Ask) -> list[Step]:
        return [Delta("one "), 60.0 if ask.messages[-1].text != "what is the time" else 0.0, Delta("two"), Done()]

    asyncio.run(talk(tmp_path / "chat.db", play, answer=slow))


def test_only_what_was_heard_is_remembered(tmp_path: Path) -> None:
    async def play(session: LocalSession, upstream: ScriptedUpstream) -> None:
        running = session.send("tell me")
        async for event in running:
            if isinstance(event, Delta):
                break
        await running.truncate(2)
        assert isinstance((await whole(running))[-1], Done)
        await whole(complete := session.send("more"))
        await complete.truncate(0)
        assert [message.text for message in await session.history()] == ["tell me", "On", "more"]

    def slow(ask: Ask) -> list[Step]:
        return [Delta("Once "), 60.0 if ask.messages[-1].text == "tell me" else 0.0, Delta("upon"), Done()]

    asyncio.run(talk(tmp_path / "chat.db", play, answer=slow))


def test_failures_arrive_as_events(tmp_path: Path) -> None:
    async def play(session: LocalSession, upstream: ScriptedUpstream) -> None:
        events = await whole(session.send("hello"))
        assert events == [Effect("timer", {"s": 5}), ReplyFailed("upstream_401", "wrong key", temporary=False)]
        upstream.answer = echo
        running = session.send("one")
        busy = await whole(session.send("two"))
        assert [event.code for event in busy if isinstance(event, ReplyFailed)] == ["turn_in_flight"]
        assert said(await whole(running)) == "You said: hello\none", "the unanswered words are still known"

    wrong = UpstreamError("wrong key", code="upstream_401", temporary=False)
    asyncio.run(talk(tmp_path / "chat.db", play, answer=lambda ask: [Effect("timer", {"s": 5}), wrong]))


def test_a_conversation_opened_twice_belongs_to_the_last_who_wrote(tmp_path: Path) -> None:
    path = tmp_path / "chat.db"

    async def play(session: LocalSession, upstream: ScriptedUpstream) -> None:
        await whole(session.send("first"))
        store = SqliteStore(path)
        await store.renew({session.id: 1}, 0.0)  # as if this process had been stopped past its lease
        other = Engine(store, ScriptedUpstream())
        theirs = await open_local(other, name="kitchen")
        await whole(theirs.send("second"))
        lost = await whole(session.send("third"))
        assert [event.code for event in lost if isinstance(event, ReplyFailed)] == ["session_moved"]
        await theirs.close()
        assert said(await whole(session.send("fourth"))) == "You said: fourth"
        assert [message.text for message in await session.history()][0::2] == ["first", "second", "fourth"]
        await other.close()
        await store.close()

    asyncio.run(talk(path, play, name="kitchen"))


@pytest.mark.parametrize("name", [None, "kitchen"])
def test_what_is_forgotten_is_gone_and_the_next_words_begin_anew(tmp_path: Path, name: str | None) -> None:
    path = tmp_path / "chat.db"

    async def play(session: LocalSession, upstream: ScriptedUpstream) -> None:
        await whole(session.send("swordfish"))
        before = session.id
        await session.forget()
        assert session.id != before
        assert not holds(tmp_path, b"swordfish")
        assert await session.history() == []
        assert said(await whole(session.send("hello"))) == "You said: hello"
        told = [("system", "be brief"), ("user", "hello")]
        assert [(message.role, message.text) for message in upstream.asked[-1].messages] == told
        assert session.live.card.name == name

    asyncio.run(talk(path, play, name=name))


def test_a_reply_under_way_ends_when_all_is_forgotten(tmp_path: Path) -> None:
    async def play(session: LocalSession, upstream: ScriptedUpstream) -> None:
        reply = session.send("swordfish")
        events = aiter(reply)
        assert isinstance(await anext(events), Delta)
        await session.forget()
        rest = [event async for event in events]
        assert isinstance(rest[-1], ReplyFailed)
        assert said(await whole(session.send("hello"))) == "one two"

    def slow(ask: Ask) -> list[Step]:
        patience = 60.0 if ask.messages[-1].text == "swordfish" else 0.0
        return [Delta("one "), patience, Delta("two"), Done()]

    asyncio.run(talk(tmp_path / "chat.db", play, answer=slow))
