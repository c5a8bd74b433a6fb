"""Sessions as others need them: with private words put back for their own person, or with whole replies at once."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from voice.clock import working
from voice.llm.interface import Delta, Done, Effect, Message
from voice.safety.filters import Guard
from voice.safety.unmask import Reveal, Unmasking, revealed
from voice.sessions.interface import Reply, ReplyEvent, ReplyFailed, Session, Working


class UnmaskedReply:
    """A reply whose text is shown; what was heard of it is reported to the session in offsets of the logged text."""

    def __init__(self, reply: Reply, reveal: Reveal, language: str) -> None:
        self._reply, self._reveal, self._language = reply, reveal, language
        self._revealing = Unmasking(reveal, language)

    @property
    def turn(self) -> int:
        """The turn it answers."""
        return self._reply.turn

    @property
    def before(self) -> str:
        """The turn's text before this reply, if it continues one."""
        return revealed(getattr(self._reply, "before", ""), self._reveal, self._language)

    async def __aiter__(self) -> AsyncIterator[ReplyEvent]:
        async for event in self._reply:
            if isinstance(event, Delta):
                if text := self._revealing.feed(event.text):
                    yield Delta(text)
                continue
            if isinstance(event, Done | ReplyFailed) and (text := self._revealing.flush()):
                yield Delta(text)
            yield self._shown(event)

    async def commit(self) -> None:
        await self._reply.commit()

    async def discard(self) -> None:
        await self._reply.discard()

    async def truncate(self, heard: int) -> None:
        await self._reply.truncate(self._revealing.logged(heard))

    def _shown(self, event: ReplyEvent) -> ReplyEvent:
        if isinstance(event, Effect):
            return Effect(event.kind, _all_revealed(event.data, self._reveal, self._language))
        if isinstance(event, ReplyFailed):
            return ReplyFailed(event.code, revealed(event.message, self._reveal, self._language), event.temporary)
        return event


def own(guard: object, name: str) -> str | None:
    """The original of a placeholder, where this guard knows one that may be shown."""
    return guard.own(name) if isinstance(guard, UnmaskingGuard) else None


@runtime_checkable
class UnmaskingGuard(Guard, Protocol):
    """A guard that knows the originals."""

    def own(self, name: str) -> str | None:
        """What the person's own screen and speech show for a placeholder; None where words stand in for it."""
        ...


class UnmaskedSession:
    """Another session; `owner()` knows its originals, `language` is used for placeholders without an original."""

    def __init__(self, session: Session, owner: Callable[[], UnmaskingGuard | None], language: str = "") -> None:
        self._session, self._owner, self._language = session, owner, language

    @property
    def id(self) -> str:
        return self._session.id

    @property
    def inner(self) -> Session:
        """The session behind it."""
        return self._session

    @property
    def guard(self) -> UnmaskingGuard | None:
        """The guard of what is said now; another after `forget`."""
        return self._owner()

    def _reveal(self, name: str) -> str | None:
        guard = self.guard
        return None if guard is None else guard.own(name)

    def send(self, text: str, *, draft: bool = False) -> UnmaskedReply:
        return UnmaskedReply(self._session.send(text, draft=draft), self._reveal, self._language)

    def announce_to(self, say: Callable[[str], None]) -> None:
        self._session.announce_to(lambda text: say(revealed(text, self._reveal, self._language)))

    async def history(self) -> Sequence[Message]:
        said = await self._session.history()
        return [Message(one.role, revealed(one.text, self._reveal, self._language)) for one in said]

    async def forget(self) -> None:
        await self._session.forget()

    async def close(self) -> None:
        await self._session.close()


def _all_revealed(data: Any, reveal: Reveal, language: str) -> Any:
    if isinstance(data, str):
        return revealed(data, reveal, language)
    if isinstance(data, Mapping):
        return {key: _all_revealed(value, reveal, language) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_all_revealed(value, reveal, language) for value in data]
    return data


class CollectedReply:
    """A reply during whose steps virtual time does not jump."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.turn = reply.turn

    async def __aiter__(self) -> AsyncIterator[ReplyEvent]:
        events = aiter(self._reply)
        waits = False
        while True:
            try:
                with contextlib.nullcontext() if waits else working():
                    event = await anext(events)
            except StopAsyncIteration:
                return
            # What acts waits for the end of the turn, which comes by virtual time.
            waits = isinstance(event, Working) and event.acts and not event.done
            yield event

    async def commit(self) -> None:
        with working():
            await self._reply.commit()

    async def discard(self) -> None:
        with working():
            await self._reply.discard()

    async def truncate(self, heard: int) -> None:
        with working():
            await self._reply.truncate(heard)


class CollectedSession:
    """Another session, step by step under `working()`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def id(self) -> str:
        return self._session.id

    def send(self, text: str, *, draft: bool = False) -> CollectedReply:
        return CollectedReply(self._session.send(text, draft=draft))

    def announce_to(self, say: Callable[[str], None]) -> None:
        self._session.announce_to(say)

    async def history(self) -> Sequence[Message]:
        with working():
            return await self._session.history()

    async def forget(self) -> None:
        with working():
            await self._session.forget()

    async def close(self) -> None:
        with working():
            await self._session.close()
