"""uvicorn's WebSocket with less in memory while nothing happens, and an end for peers that do not read."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LINGER_S = 5.0
"""How long a peer that does not read may keep a closed connection open."""


class SmallWebSocket(WebSocketsSansIOProtocol):
    """Keeps no request once the handshake is over, and waits with futures made when somebody waits.

    asyncio's own Queue and Event hold 760 bytes for each of their lists of waiters, and there are five of them here.
    """

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        self.queue = cast("asyncio.Queue[Any]", Inbox())
        self.writable = cast(asyncio.Event, Gate(open=True))

    async def send(self, message: Any) -> None:
        """Send; after accepting, forget the handshake."""
        await super().send(message)
        if message["type"] == "websocket.accept":
            self.scope.clear()  # type: ignore[attr-defined]
            self.request = self.response = cast(Any, None)

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The application is done with it; what the peer does not read is dropped after a while."""
        super().on_task_complete(task)
        if self.transport.get_write_buffer_size():
            self.loop.call_later(LINGER_S, self.transport.abort)


class Gate:
    """An event: open, or waited for until it is."""

    __slots__ = ("_open", "_waiting")

    def __init__(self, *, open: bool) -> None:
        self._open = open
        self._waiting: list[asyncio.Future[None]] | None = None

    def set(self) -> None:
        self._open = True
        waiting, self._waiting = self._waiting or (), None
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def clear(self) -> None:
        self._open = False

    async def wait(self) -> None:
        while not self._open:
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
