"""A session kept by a server, over one WebSocket that may come and go without the conversation noticing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Self

from voice.chat.client_protocol import ClientProtocol, LinkError, Turn
from voice.chat.rest import Rest, SessionError, key_refused, unreachable
from voice.chat.session import Delta, Done, Failed, Message, ReplyEvent
from voice.errors import VoiceError

SUBPROTOCOL = "devmode.v1"
BACKOFF_S = (0.1, 10.0)  # first and longest
RESTARTING_S = 1.0
MAX_FRAME = 16 * 1024 * 1024  # a snapshot holds a whole conversation
KEY_INVALID, RESTART, BUSY = 4001, 1012, 1013


class RemoteReply:
    """One turn of a RemoteSession: iterate it for events until `Done` or `Failed`."""

    def __init__(self, session: RemoteSession, turn: Turn) -> None:
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
        self._over = isinstance(event, Done | Failed)
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
    a reply that waits longer than `give_up_s` for the link fails. Made by `create` or `attach`; an async context
    manager that closes it.
    """

    def __init__(self, url: str, id: str, token: str, *, key: str = "", give_up_s: float = 120.0) -> None:
        self.url, self.id, self.token = url.rstrip("/"), id, token
        self._key, self._give_up_s = key, give_up_s
        self._core = ClientProtocol(id, token, random.SystemRandom().uniform)
        self._replies: dict[int, RemoteReply] = {}
        self._wake, self._attached, self._history = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._lost_at: float | None = None
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
        give_up_s: float = 120.0,
    ) -> Self:
        """Create a session and attach to it. Raises UnavailableError, ConfigError for a wrong key, SessionError."""
        body = {"system": system, "model": model, "options": dict(options or {})}
        made = await Rest(url, key).call("POST", "/v1/sessions", {k: v for k, v in body.items() if v})
        return await cls.attach(url, made["session_id"], made["session_token"], key=key, give_up_s=give_up_s)

    @classmethod
    async def attach(cls, url: str, id: str, token: str, *, key: str = "", give_up_s: float = 120.0) -> Self:
        """Attach to an existing session. Raises like `create`; SessionError `session_unknown` if it has expired."""
        session = cls(url, id, token, key=key, give_up_s=give_up_s)
        await session._start()
        return session

    def send(self, text: str, *, draft: bool = False) -> RemoteReply:
        """Send the user's new words; the server adds the context."""
        turn = self._core.send(text, self._now(), draft=draft)
        reply = self._replies[id(turn)] = RemoteReply(self, turn)
        self._hand_on()
        self._wake.set()
        return reply

    async def ask(self, text: str) -> str:
        """Send `text` and return the whole reply. Raises SessionError if the turn fails."""
        parts = []
        async for event in self.send(text):
            if isinstance(event, Delta):
                parts.append(event.text)
            elif isinstance(event, Failed):
                raise SessionError(event.message, code=event.code, temporary=event.temporary, where=self.url)
        return "".join(parts)

    async def history(self) -> Sequence[Message]:
        """What the session remembers, oldest first; waits for the link where it is down."""
        self._history.clear()
        self._core.ask_history()
        self._wake.set()
        if self._core.dead is None:
            await self._history.wait()
        return self._core.history or ()

    async def forget(self) -> None:
        """Delete the session on the server and begin another there. Raises what `create` raises."""
        await self.close()
        rest, path = Rest(self.url, self._key), f"/v1/sessions/{self.id}"
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
        self._core = ClientProtocol(self.id, self.token, random.SystemRandom().uniform)
        self._replies.clear()
        self._attached, self._lost_at, self.links = asyncio.Event(), None, 0
        await self._start()

    async def close(self) -> None:
        """Leave the session; it stays on the server until it expires."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})
        self._core.give_up(Failed("closed", "the session was closed here"))
        self._hand_on()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    def _decide(self, turn: Turn, op: str, **more: int) -> None:
        self._core.decide(turn, op, **more)
        self._hand_on()
        self._wake.set()

    def _hand_on(self) -> None:
        """Give each event to the reply it belongs to."""
        for turn, event in self._core.happened():
            reply = self._replies.get(id(turn))
            if reply is not None:
                reply._take(event)
                if isinstance(event, Done | Failed):
                    del self._replies[id(turn)]
        if self._core.history is not None or self._core.dead is not None:
            self._history.set()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def _start(self) -> None:
        """Connect for the first time; what hinders that is raised here, later outages are overcome."""
        self._running = asyncio.create_task(self._run(), name=f"session {self.id[:8]}")
        attached = asyncio.create_task(self._attached.wait())
        await asyncio.wait({self._running, attached}, return_when=asyncio.FIRST_COMPLETED)
        attached.cancel()
        if self._running.done():
            await self._running
            assert self._core.dead is not None
            if self._core.dead.code == "key_invalid":
                raise key_refused(self.url)
            raise SessionError(self._core.dead.message, code=self._core.dead.code, where=self.url)

    async def _run(self) -> None:
        """Stay connected until the session is closed or gone."""
        tries = 0
        while self._core.dead is None:
            before = self.links
            again_s, why = await self._connect_once()
            self._core.disconnected(str(why))
            self._hand_on()
            if not self.links and self._core.dead is None:
                raise why if isinstance(why, VoiceError) else unreachable(self.url, why) from why
            tries = 0 if self.links > before else tries + 1
            self._lost_at = self._now() if self._lost_at is None else self._lost_at
            if self._now() - self._lost_at > self._give_up_s:
                self._core.give_up(Failed("link_lost", f"{self.url}: no connection ({why})", temporary=True))
                self._hand_on()
            if self._core.dead is None:
                await asyncio.sleep(random.uniform(0, max(again_s, min(BACKOFF_S[0] * 2**tries, BACKOFF_S[1]))))

    async def _connect_once(self) -> tuple[float, Exception]:
        """Hold one connection while it lasts. Returns the seconds within which to come back, and why it ended."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidStatus, WebSocketException
        from websockets.typing import Subprotocol

        try:
            async with connect(
                self.url.replace("http", "ws", 1) + "/v1/ws",
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                additional_headers={"authorization": f"Bearer {self._key}"} if self._key else None,
                compression=None,  # deltas are a few bytes; deflate costs 60 KiB per connection
                ping_interval=None,  # the protocol has its own, which also keeps the session alive
                close_timeout=1,
                max_size=MAX_FRAME,
            ) as socket:
                await self._talk(socket)
                code, reason = socket.close_code, socket.close_reason
        except InvalidStatus as error:
            if error.response.status_code == 401:
                self._core.give_up(Failed("key_invalid", f"{self.url} refuses the key"))
            return 0.0, LinkError(f"HTTP {error.response.status_code} instead of a WebSocket", where=self.url)
        except (OSError, WebSocketException, VoiceError) as error:
            return 0.0, error
        except (KeyError, TypeError, ValueError) as error:
            return 0.0, LinkError(f"the server sent what is no {SUBPROTOCOL} ({error!r})", where=self.url)
        if code == KEY_INVALID:
            self._core.give_up(Failed("key_invalid", f"{self.url} refuses the key"))
        back_s = RESTARTING_S if code in (RESTART, BUSY) else 0.0
        return back_s, LinkError(f"the server closed the connection ({code} {reason})".strip(), where=self.url)

    async def _talk(self, socket: Any) -> None:
        """Carry frames both ways until the connection ends. Raises LinkError for a server that breaks the rules."""
        self._core.connected(self._now())
        writing = asyncio.create_task(self._write(socket))
        reading = asyncio.create_task(self._read(socket))
        try:
            await asyncio.wait({writing, reading}, return_when=asyncio.FIRST_COMPLETED)
            if writing.done() and not reading.done():
                socket.transport.abort()  # whoever does not answer would not answer a closing handshake either
        finally:
            for task in (writing, reading):
                task.cancel()
            results = await asyncio.gather(writing, reading, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _read(self, socket: Any) -> None:
        from websockets.exceptions import ConnectionClosed

        attached = False
        try:
            while self._core.dead is None:
                self._core.receive(json.loads(await socket.recv()), self._now())
                self._hand_on()
                if self._core.attached and not attached:
                    attached = True
                    self._link_is_up()
                self._wake.set()
        except ConnectionClosed:
            return

    def _link_is_up(self) -> None:
        self._lost_at = None
        self.links += 1
        self._attached.set()

    async def _write(self, socket: Any) -> None:
        """Send what the protocol wants sent, when it is due."""
        from websockets.exceptions import ConnectionClosed

        while self._core.dead is None:
            self._wake.clear()
            self._core.tick(self._now())
            try:
                for op in self._core.take():
                    await socket.send(json.dumps(op, ensure_ascii=False))
            except ConnectionClosed:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(self._core.due()):
                    await self._wake.wait()
