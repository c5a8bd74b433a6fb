"""uvicorn's WebSocket with less in memory while nothing happens, less work for each frame, and an end for peers that
do not read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Opcode
from websockets.protocol import OPEN
from websockets.streams import StreamReader
from websockets.utils import apply_mask

LINGER_S = 5.0
"""How long a peer that does not read may keep a closed connection open."""
READ = 65536
"""Bytes read at once. asyncio allocates its 256 KiB for every read, which costs more than the read."""
TOGETHER = 65536
"""Bytes that are written at once, at the latest."""
SHORT = 126
"""Frames shorter than this tell their length in one byte."""

_BETWEEN_FRAMES = StreamReader.at_eof.__code__


class SmallWebSocket(WebSocketsSansIOProtocol):
    """Keeps no request once the handshake is over, and makes futures only when a caller waits.

    asyncio's own Queue and Event hold 760 bytes for each of their lists of waiters, and there are five of them here.
    Texts take a short way in and out: a tenth of the time of the general one, for what nearly all frames are. The
    code that accepts the connection may pass `at_once`: a function that returns the answer to a short text if it can
    be sent without waking a task, else None.
    """

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        self._inbox, self._gate = Inbox(), Gate(open=True)
        self.queue = cast("asyncio.Queue[Any]", self._inbox)
        self.writable = cast(asyncio.Event, self._gate)
        self._at_once: Callable[[str], str | None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Have small reads, and writes of one go of the event loop joined."""
        if hasattr(transport, "max_size"):
            transport.max_size = READ
        super().connection_made(transport)
        self.transport = cast(asyncio.Transport, Joined(self.transport, self.loop))

    def data_received(self, data: bytes) -> None:
        """Take in what came: at once if it is one short text, and the peer has begun nothing else."""
        size = len(data) - 6
        if (
            0 <= size < SHORT
            and data[0] == 0x80 | Opcode.TEXT
            and data[1] == 0x80 | size
            and self._between_messages()
            and self._inbox.empty()
        ):
            try:
                text = apply_mask(data[6:], data[2:6]).decode()
            except UnicodeDecodeError:
                pass  # the general way says what is wrong
            else:
                said = self._at_once(text) if self._at_once is not None and self._gate.open else None
                if said is None:
                    self._inbox.put_nowait({"type": "websocket.receive", "text": text})
                else:
                    self._write(said)
                return
        super().data_received(data)

    async def send(self, message: Any) -> None:
        """Send; after accepting, forget the handshake."""
        text = message.get("text")
        if text is None or message["type"] != "websocket.send" or not self._open():
            await super().send(message)
            if message["type"] == "websocket.accept":
                self._at_once = message.get("at_once")
                self.scope.clear()  # type: ignore[attr-defined]
                self.request = self.response = cast(Any, None)
            return
        if not self._gate.open:
            await self._gate.wait()
            if not self._open():
                await super().send(message)
                return
        self._write(text)

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The application is done with it; what the peer does not read is dropped after a while."""
        super().on_task_complete(task)
        if self.transport.get_write_buffer_size():
            self.loop.call_later(LINGER_S, self.transport.abort)

    def _write(self, text: str) -> None:
        data = text.encode()
        self.transport.write(_head(len(data)) + data)

    def _open(self) -> bool:
        return self.handshake_complete and not self.disconnected and not self.close_sent and self.conn.state is OPEN

    def _between_messages(self) -> bool:
        """Whether the next byte begins a message."""
        waits: Any = self.conn.parser
        while waits.gi_yieldfrom is not None:
            waits = waits.gi_yieldfrom
        return waits.gi_code is _BETWEEN_FRAMES and self.conn.current_size is None and self._open()


def _head(size: int) -> bytes:
    """The head of a server's frame with a whole text of `size` bytes (RFC 6455, 5.2)."""
    if size < SHORT:
        return bytes((0x80 | Opcode.TEXT, size))
    if size < 65536:
        return bytes((0x80 | Opcode.TEXT, 126)) + size.to_bytes(2, "big")
    return bytes((0x80 | Opcode.TEXT, 127)) + size.to_bytes(8, "big")


class Joined:
    """A transport that writes all it is given in one go of the event loop with one call of the system."""

    __slots__ = ("_inner", "_loop", "_size", "_waiting")

    def __init__(self, inner: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._inner, self._loop = inner, loop
        self._waiting: list[bytes] | None = None
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def write(self, data: bytes) -> None:
        if self._waiting is None:
            self._waiting, self._size = [], 0
            self._loop.call_soon(self._flush)
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= TOGETHER:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._inner.close()

    def get_write_buffer_size(self) -> int:
        self._flush()
        return self._inner.get_write_buffer_size()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._inner.write(waiting[0] if len(waiting) == 1 else b"".join(waiting))


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
