"""A session as its own person hears it: in the clear, and truncated where the log has what was heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from voice.llm.interface import Delta, Done, Effect, Message
from voice.safety.redactor import Finder
from voice.safety.session_redaction import SessionGuard
from voice.sessions.interface import ReplyEvent
from voice.sessions.session_wrappers import UnmaskedSession

KNOWN = {"<PHONE:7f3a9c1e>": "138 0013 8000"}


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

    def announce_to(self, say: Callable[[str], None]) -> None:
        say("call <PHONE:7f3a9c1e>")

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
        session = UnmaskedSession(logged, lambda: knows, "en")
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
        told: list[str] = []
        session.announce_to(told.append)
        assert told == ["call 138 0013 8000"]
        assert list(await session.history()) == [Message("user", "I am 138 0013 8000")]

    asyncio.run(play())
