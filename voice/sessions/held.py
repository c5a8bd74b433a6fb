"""A session whose work counts as real work on virtual time, for conversations that run as fast as they can."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from voice.clock import working
from voice.sessions.interface import Message, Reply, ReplyEvent, Session


class HeldReply:
    """A reply during whose steps virtual time does not jump."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.turn = reply.turn

    async def __aiter__(self) -> AsyncIterator[ReplyEvent]:
        events = aiter(self._reply)
        while True:
            try:
                with working():
                    event = await anext(events)
            except StopAsyncIteration:
                return
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


class HeldSession:
    """Another session, step by step under `working()`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def id(self) -> str:
        return self._session.id

    def send(self, text: str, *, draft: bool = False) -> HeldReply:
        return HeldReply(self._session.send(text, draft=draft))

    async def history(self) -> Sequence[Message]:
        with working():
            return await self._session.history()

    async def forget(self) -> None:
        with working():
            await self._session.forget()

    async def close(self) -> None:
        with working():
            await self._session.close()
