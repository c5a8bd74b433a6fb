"""uvicorn's WebSocket with less memory at rest, answers that wake no task, and an end for peers that do not read.

`voice bench transports` compares it with uvicorn's own, which needs half as much memory again for a resting connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

LINGER_S = 5.0
"""How long a peer that does not read may keep a closed connection open."""
READ = 65536
"""Bytes read at once. asyncio allocates its 256 KiB for every read, which costs more than the read."""


class SmallWebSocket(WebSocketsSansIOProtocol):
    """Keeps no request once the handshake is over, and makes futures only when a caller waits.

    asyncio's own Queue and Event hold 760 bytes for each of their lists of waiters, and there are five of them here.
    The code that accepts the connection may pass `at_once`: a function that returns the answer to a text if it can be
    sent without waking a task, else None.
    """

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        self._inbox, self._gate = Inbox(), Gate(open=True)
        self.queue = cast("asyncio.Queue[Any]", self._inbox)
        self.writable = cast(asyncio.Event, self._gate)
        self._at_once: Callable[[str], str | None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Have small reads."""
        if hasattr(transport, "max_size"):
            transport.max_size = READ
        super().connection_made(transport)

    def handle_text(self, event: Frame) -> None:
        """Answer a whole text at once where that is possible: the application may be asleep, and may stay so."""
        said = self._answer(event) if event.fin else None
        if said is None:
            super().handle_text(event)
            return
        self.conn.send_text(said.encode())
        self.transport.write(b"".join(self.conn.data_to_send()))

    async def send(self, message: Any) -> None:
        """Send; after accepting, forget the handshake, and after refusing it, know that it is over."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True  # else uvicorn takes it for an application that gave no answer
        if message["type"] == "websocket.accept":
            self._at_once = message.get("at_once")
            self.scope.clear()  # type: ignore[attr-defined]
            self.request = self.response = cast(Any, None)

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The application is done with it; what the peer does not read is dropped after a while."""
        super().on_task_complete(task)
        if self.transport.get_write_buffer_size():
            self.loop.call_later(LINGER_S, self.transport.abort)

    def _answer(self, event: Frame) -> str | None:
        if self._at_once is None or self.close_sent or not self._gate.open or not self._inbox.empty():
            return None
        try:
            return self._at_once(bytes(event.data).decode())
        except UnicodeDecodeError:
            return None  # uvicorn closes for it


class Gate:
    """An event: open, or waited for until it is."""

    __slots__ = ("_waiting", "open")

    def __init__(self, *, open: bool) -> None:
        self.open = open
        self._waiting: list[asyncio.Future[None]] | None = None

    def set(self) -> None:
        self.open = True
        waiting, self._waiting = self._waiting or (), None
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def clear(self) -> None:
        self.open = False

    async def wait(self) -> None:
        while not self.open:
            future = asyncio.get_running_loop().create_future()
            if self._waiting is None:
                self._waiting = []
            self._waiting.append(future)
            await future


class Inbox:
    """A queue of one reader."""

    __slots__ = ("_gate", "_messages")

    def __init__(self) -> None:
        self._messages: list[Any] = []
        self._gate = Gate(open=False)

    def put_nowait(self, message: Any) -> None:
        self._messages.append(message)
        self._gate.set()

    def empty(self) -> bool:
        return not self._messages

    async def get(self) -> Any:
        while not self._messages:
            self._gate.clear()
            await self._gate.wait()
        return self._messages.pop(0)
