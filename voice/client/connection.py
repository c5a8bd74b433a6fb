"""One WebSocket to a session server that carries many sessions and reconnects by itself."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
from typing import Any, Protocol

from voice.client.http import nodes
from voice.client.protocol import ClientProtocol, ConnectionRefused, Op
from voice.errors import VoiceError
from voice.proxies import is_proxied, socks_missing
from voice.sessions.interface import ReplyFailed

SUBPROTOCOL = "devmode.v1"
BACKOFF_S = (0.1, 10.0)  # first and longest
RESTARTING_S = 1.0
START_ANEW_S = (0.2, 1.0)
MAX_FRAME = 16 * 1024 * 1024  # a snapshot holds a whole conversation
KEY_INVALID, RESTART, BUSY = 4001, 1012, 1013
CHANNELS = 2
"""Channels of each session: its events, and now and then its history."""


class ConnectionUser(Protocol):
    """A session that uses the connection."""

    core: ClientProtocol

    def hand_on(self) -> None:
        """Deliver events to the replies that wait for them."""

    def link_is_up(self) -> None:
        """The session is attached."""

    def link_is_down(self, why: Exception) -> None:
        """The session is no longer attached, or could not be."""


class ServerConnection:
    """Carries sessions over one connection to the server at `url`; `key` is an API key, if the server needs one.

    `url` may list several nodes of one server, separated by commas; if one does not answer, the next is tried, and
    `url` is then the one in use. A connection with a single session moves to the node that owns the session when the
    server says so.

    A session that waits longer than `give_up_s` for the connection receives an error. Sessions do not block each other:
    the server sends their frames in turn, and each session has its own credit.
    """

    def __init__(self, url: str, key: str = "", *, give_up_s: float = 120.0) -> None:
        self._urls, self._key, self._give_up_s = nodes(url), key, give_up_s
        self.url = self._urls[0]
        self._next = itertools.cycle([*self._urls[1:], self._urls[0]])
        self._go_to = ""
        self._riders: dict[int, ConnectionUser] = {}
        self._places = itertools.count()
        self._wake = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._socket: Any = None
        self._left: list[Op] = []
        self._lost_at: float | None = None
        self._attachments = 0
        self.dialled_at = 0.0

    def join(self, rider: ConnectionUser) -> None:
        """Carry a session, from the next frame on."""
        self._riders[next(self._places)] = rider
        if self._socket is not None:
            rider.core.connected(self._now())
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), name=f"link to {self.url}")
        self.wake()

    async def leave(self, rider: ConnectionUser) -> None:
        """Stop carrying a session; the last one closes the connection."""
        for place in [place for place, one in self._riders.items() if one is rider]:
            del self._riders[place]
            if rider.core.attached:
                self._left.append({"op": "detach", "ch": CHANNELS * place})
                self.wake()
        if not self._riders and self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})

    def wake(self) -> None:
        """Check for frames to send."""
        self._wake.set()

    def drop(self) -> None:
        """Cut the connection, if there is one, as a bad network would."""
        if self._socket is not None:
            self._socket.transport.abort()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def _run(self) -> None:
        """Stay connected while there are sessions to carry."""
        tries, self._lost_at, untried = 0, None, len(self._urls) - 1
        while self._riders:
            before = self._attachments
            again_s, why = await self._connect_once()
            self.url, self._go_to = self._go_to or next(self._next), ""
            if not self._attachments and untried:
                untried -= 1
                continue
            for rider in tuple(self._riders.values()):
                rider.link_is_down(why)
            self._forget_dead()
            tries = 0 if self._attachments > before else tries + 1
            self._lost_at = self._now() if self._lost_at is None else self._lost_at
            if self._now() - self._lost_at > self._give_up_s:
                self._give_up(ReplyFailed("link_lost", f"{self.url}: cannot connect ({why})", temporary=True))
            if self._riders:
                await asyncio.sleep(random.uniform(0, max(again_s, min(BACKOFF_S[0] * 2**tries, BACKOFF_S[1]))))

    def _forget_dead(self) -> None:
        self._riders = {place: rider for place, rider in self._riders.items() if rider.core.dead is None}

    def _give_up(self, failure: ReplyFailed) -> None:
        for rider in self._riders.values():
            rider.core.give_up(failure)
            rider.hand_on()

    async def _connect_once(self) -> tuple[float, Exception]:
        """Hold one connection while it lasts. Returns the seconds until the next attempt, and why it ended."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidStatus, WebSocketException
        from websockets.typing import Subprotocol

        self.dialled_at = self._now()
        try:
            async with connect(
                self.url.replace("http", "ws", 1) + "/v1/ws",
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                additional_headers={"authorization": f"Bearer {self._key}"} if self._key else None,
                compression=None,  # deltas are a few bytes; deflate costs 60 KiB per connection
                ping_interval=None,  # the protocol has its own, which also keeps the session alive
                close_timeout=1,
                max_size=MAX_FRAME,
                proxy=True if is_proxied(self.url) else None,
            ) as socket:
                await self._talk(socket)
                code, reason = socket.close_code, socket.close_reason
        except InvalidStatus as error:
            if error.response.status_code == 401:
                self._give_up(ReplyFailed("key_invalid", f"{self.url} refuses the key"))
            return 0.0, ConnectionRefused(f"HTTP {error.response.status_code} instead of a WebSocket", where=self.url)
        except (OSError, WebSocketException, VoiceError) as error:
            return 0.0, error
        except ImportError:  # python-socks
            return 0.0, socks_missing()
        except (KeyError, TypeError, ValueError) as error:
            return 0.0, ConnectionRefused(f"the server's answer is not {SUBPROTOCOL} ({error!r})", where=self.url)
        if code == KEY_INVALID:
            self._give_up(ReplyFailed("key_invalid", f"{self.url} refuses the key"))
        back_s = RESTARTING_S if code in (RESTART, BUSY) else 0.0
        return back_s, ConnectionRefused(f"the server closed the connection ({code} {reason})".strip(), where=self.url)

    async def _talk(self, socket: Any) -> None:
        """Carry frames both ways until the connection ends. Raises LinkError for a server that breaks the rules."""
        self._socket, self._left = socket, []
        for rider in self._riders.values():
            rider.core.connected(self._now())
        writing = asyncio.create_task(self._write(socket))
        reading = asyncio.create_task(self._read(socket))
        try:
            await asyncio.wait({writing, reading}, return_when=asyncio.FIRST_COMPLETED)
            if writing.done() and not reading.done():
                socket.transport.abort()  # a peer that does not answer would not answer a closing handshake either
        finally:
            self._socket = None
            for task in (writing, reading):
                task.cancel()
            results = await asyncio.gather(writing, reading, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _read(self, socket: Any) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            while self._riders:
                frame = await socket.recv(decode=False)
                self._take(json.loads(frame), len(frame))
                self.wake()
        except ConnectionClosed:
            return

    def _take(self, op: Op, size: int) -> None:
        """Pass a frame to its session; a pong goes to all of them."""
        place, channel = divmod(op.get("ch", 0), CHANNELS)
        riders = tuple(self._riders.values()) if op["op"] == "pong" else (self._riders.get(place),)
        for rider in riders:
            if rider is None or not rider.core.up or (op["op"] == "ev" and not rider.core.attached):
                continue  # it has left or restarted meanwhile
            was = rider.core.attached
            try:
                rider.core.receive(op | {"ch": channel}, self._now(), size)
            except ConnectionRefused as error:
                if len(self._riders) == 1:
                    raise
                self._start_anew(place, rider, error)
                continue
            rider.hand_on()
            to, rider.core.moved_to = rider.core.moved_to, ""
            if to and to != self.url and len(self._riders) == 1:
                self._go_to = to
                raise ConnectionRefused(f"the session is at {to}", where=self.url)
            if rider.core.attached and not was:
                self._lost_at = None
                self._attachments += 1
                rider.link_is_up()
            if rider.core.dead is not None:
                rider.link_is_down(ConnectionRefused(rider.core.dead.message, where=self.url))
                self._forget_dead()

    def _start_anew(self, place: int, rider: ConnectionUser, why: ConnectionRefused) -> None:
        """Attach one session again after a delay; the other sessions are not affected."""
        rider.link_is_down(why)
        self._left.append({"op": "detach", "ch": CHANNELS * place})
        socket = self._socket

        def again() -> None:
            if self._socket is socket is not None and self._riders.get(place) is rider:
                rider.core.connected(self._now())
                self.wake()

        asyncio.get_running_loop().call_later(random.uniform(*START_ANEW_S), again)

    async def _write(self, socket: Any) -> None:
        """Send the frames of all sessions when they are due."""
        from websockets.exceptions import ConnectionClosed

        while self._riders:
            self._wake.clear()
            try:
                for op in self._ops():
                    await socket.send(json.dumps(op, ensure_ascii=False))
            except ConnectionClosed:
                return
            due = [when for rider in self._riders.values() if (when := rider.core.due()) is not None]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(min(due, default=None)):
                    await self._wake.wait()

    def _ops(self) -> list[Op]:
        """The operations of all sessions to send now; one heartbeat serves all of them."""
        ops, self._left = self._left, []
        for place, rider in self._riders.items():
            rider.core.tick(self._now())
            for op in rider.core.take():
                if op["op"] == "ping":
                    for other in self._riders.values():
                        other.core.heartbeat(self._now())
                elif place:
                    op |= {"ch": CHANNELS * place + op.get("ch", 0)}
                ops.append(op)
        return ops
