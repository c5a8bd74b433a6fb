"""A session on a server, over a WebSocket whose outages the conversation does not notice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Self

from voice.client.connection import ServerConnection
from voice.client.http import HttpClient, SessionError, key_refused, unreachable
from voice.client.protocol import ClientProtocol, SentTurn
from voice.errors import VoiceError
from voice.llm.interface import Delta, Done, Message
from voice.sessions.interface import ReplyEvent, ReplyFailed


class RemoteReply:
    """One turn of a RemoteSession: iterate it for events until `Done` or `ReplyFailed`."""

    def __init__(self, session: RemoteSession, turn: SentTurn) -> None:
        self.turn = turn.number
        self._session, self._turn = session, turn
        self._events: asyncio.Queue[ReplyEvent] = asyncio.Queue()
        self._over = False

    def __aiter__(self) -> AsyncIterator[ReplyEvent]:
        return self

    async def __anext__(self) -> ReplyEvent:
        if self._over:
            raise StopAsyncIteration
        event = await self._events.get()
        self._over = isinstance(event, Done | ReplyFailed)
        return event

    async def commit(self) -> None:
        if self._turn.draft:
            self._session._decide(self._turn, "commit")

    async def discard(self) -> None:
        self._session._decide(self._turn, "discard")

    async def truncate(self, heard: int) -> None:
        self._session._decide(self._turn, "truncate", heard=heard)

    async def cancel(self) -> None:
        """Stop generation; what was delivered stays in the conversation."""
        self._session._decide(self._turn, "cancel")

    def _take(self, event: ReplyEvent) -> None:
        self.turn = self._turn.number
        self._events.put_nowait(event)


class RemoteSession:
    """A `Session` on a server: it reconnects by itself, resumes where it was, and repeats or drops no character.

    `id` and `token` open it again later. While the link is down a reply yields `Link(up=False)`, then `Link(up=True)`;
    a reply that waits longer than `give_up_s` for the link fails. Made by `create` or `attach`, over a connection of
    its own or over `link`, which other sessions use too; an async context manager that closes it.
    """

    def __init__(
        self,
        url: str,
        id: str,
        token: str,
        *,
        key: str = "",
        give_up_s: float = 120.0,
        link: ServerConnection | None = None,
    ) -> None:
        self.url, self.id, self.token = url.rstrip("/"), id, token
        self._key = key
        self.link = link or ServerConnection(self.url, key, give_up_s=give_up_s)
        self.core = ClientProtocol(id, token, random.SystemRandom().uniform)
        self.options: Mapping[str, Any] = {}
        """What each turn is sent with besides the words, such as the effects that are carried out here."""
        self._say: Callable[[str], None] = lambda text: None
        self._replies: dict[int, RemoteReply] = {}
        self._settled, self._history = asyncio.Event(), asyncio.Event()
        self._refused: Exception | None = None
        self.links = 0
        """How often the session was attached: 1 plus the reconnects."""

    @classmethod
    async def create(
        cls,
        url: str,
        *,
        key: str = "",
        system: str = "",
        model: str = "",
        options: Mapping[str, object] | None = None,
        person: str = "",
        give_up_s: float = 120.0,
        link: ServerConnection | None = None,
    ) -> Self:
        """Create a session and attach to it. Raises UnavailableError, ConfigError for a wrong key, SessionError."""
        body = {"system": system, "model": model, "options": dict(options or {}), "person": person}
        made = await HttpClient(url, key).call("POST", "/v1/sessions", {k: v for k, v in body.items() if v})
        id, token = made["session_id"], made["session_token"]
        return await cls.attach(url, id, token, key=key, give_up_s=give_up_s, link=link)

    @classmethod
    async def attach(
        cls,
        url: str,
        id: str,
        token: str,
        *,
        key: str = "",
        give_up_s: float = 120.0,
        link: ServerConnection | None = None,
    ) -> Self:
        """Attach to an existing session. Raises like `create`; SessionError `session_unknown` if it has expired."""
        session = cls(url, id, token, key=key, give_up_s=give_up_s, link=link)
        await session._join()
        return session

    def send(self, text: str, *, draft: bool = False) -> RemoteReply:
        """Send the user's new words; the server adds the context."""
        turn = self.core.send(text, asyncio.get_running_loop().time(), draft=draft, options=self.options)
        reply = self._replies[id(turn)] = RemoteReply(self, turn)
        self.hand_on()
        self.link.wake()
        return reply

    def announce_to(self, say: Callable[[str], None]) -> None:
        """Have `say` given what tools answer after their turns."""
        self._say = say

    async def ask(self, text: str) -> str:
        """Send `text` and return the whole reply. Raises SessionError if the turn fails."""
        parts = []
        async for event in self.send(text):
            if isinstance(event, Delta):
                parts.append(event.text)
            elif isinstance(event, ReplyFailed):
                raise SessionError(event.message, code=event.code, temporary=event.temporary, where=self.url)
        return "".join(parts)

    async def history(self) -> Sequence[Message]:
        """The session's messages, oldest first; waits while the connection is down."""
        self._history.clear()
        self.core.ask_history()
        self.link.wake()
        if self.core.dead is None:
            await self._history.wait()
        return self.core.history or ()

    async def forget(self) -> None:
        """Delete the session on the server and create another. Raises what `create` raises."""
        await self.close()
        rest, path = HttpClient(self.url, self._key), f"/v1/sessions/{self.id}"
        made: dict[str, Any] = {}
        try:
            state = await rest.call("GET", path, token=self.token)
            made = {name: state[name] for name in ("system", "model") if state[name]}
            await rest.call("DELETE", path, token=self.token)
        except SessionError as error:
            if error.code != "session_unknown":
                raise
        opened = await rest.call("POST", "/v1/sessions", made)
        self.id, self.token = opened["session_id"], opened["session_token"]
        self.core = ClientProtocol(self.id, self.token, random.SystemRandom().uniform)
        self._replies.clear()
        self._settled, self._refused, self.links = asyncio.Event(), None, 0
        await self._join()

    async def close(self) -> None:
        """Leave the session; it stays on the server until it expires."""
        await self.link.leave(self)
        self.core.give_up(ReplyFailed("closed", "the session was closed here"))
        self.hand_on()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def _join(self) -> None:
        """Attach to the connection. Raises the first failure; later outages are handled."""
        self.link.join(self)
        try:
            await self._settled.wait()
        except asyncio.CancelledError:
            await self.link.leave(self)
            raise
        if self._refused is not None:
            await self.link.leave(self)
            raise self._refused

    def _decide(self, turn: SentTurn, op: str, **more: int) -> None:
        self.core.decide(turn, op, **more)
        self.hand_on()
        self.link.wake()

    # Calls from the connection

    def hand_on(self) -> None:
        """Deliver each event to its reply."""
        for turn, event in self.core.happened():
            reply = self._replies.get(id(turn))
            if reply is not None:
                reply._take(event)
                if isinstance(event, Done | ReplyFailed):
                    del self._replies[id(turn)]
        while self.core.announced:
            self._say(self.core.announced.pop(0))
        if self.core.history is not None or self.core.dead is not None:
            self._history.set()

    def link_is_up(self) -> None:
        """The session is attached, for the first time or again."""
        self.links += 1
        self._settled.set()

    def link_is_down(self, why: Exception) -> None:
        """Handle a lost connection; if there never was one, report that to the caller that opened this session."""
        self.core.disconnected(str(why))
        self.hand_on()
        dead = self.core.dead
        if not self.links and not self._settled.is_set():
            if dead is None:
                self._refused = why if isinstance(why, VoiceError) else unreachable(self.url, why)
                self.core.dead = ReplyFailed("link_lost", str(why))
            elif dead.code == "key_invalid":
                self._refused = key_refused(self.url)
            else:
                self._refused = SessionError(dead.message, code=dead.code, where=self.url)
            self._settled.set()
