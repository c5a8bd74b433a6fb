"""A Unix socket that sends events to its clients and accepts commands; its file mode says who may connect."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from voice.control.messages import Command, line, parse
from voice.errors import MissingError, UnavailableError, VoiceError

READERS = 32
"""Connections at once; one more is closed."""

BEHIND = 256
"""Events that may wait for a reader; one that is further behind is cut off."""

LONGEST_LINE = 16_384
"""Bytes of one order."""


class ControlSocket:
    """Listens at `path`, with file mode `mode`, from `open` to `close`.

    `snapshot` is the first message to a new client, `act` executes a command; both run on the event loop. If `act`
    raises a VoiceError, the error is the answer. `dropped` counts clients that were disconnected because they did not
    read.
    """

    def __init__(
        self, path: Path, mode: int, snapshot: Callable[[], dict[str, Any]], act: Callable[[Command], None]
    ) -> None:
        self._path, self._mode, self._snapshot, self._act = path, mode, snapshot, act
        self._readers: dict[asyncio.Queue[bytes], asyncio.StreamWriter] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.dropped = 0

    async def open(self) -> None:
        """Start to listen. Raises UnavailableError if the socket is in use, MissingError if it cannot be created."""
        listening = self._bind()
        self._server = await asyncio.start_unix_server(self._accept, sock=listening, limit=LONGEST_LINE)

    def _bind(self) -> socket.socket:
        if answers(self._path):
            raise UnavailableError("another conversation uses this socket", where=str(self._path))
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._path.is_socket():
                self._path.unlink()
            before = os.umask(0o777 & ~self._mode)  # never accessible to more users than intended, even briefly
            try:
                listening.bind(str(self._path))
            finally:
                os.umask(before)
        except OSError as error:
            listening.close()
            raise MissingError(
                f"cannot listen on this socket: {error.strerror or error}",
                where=str(self._path),
                expected="a short path in a writable folder",
                remedy="set hooks.socket to another path, or to off",
            ) from None
        return listening

    def tell(self, event: Mapping[str, Any]) -> None:
        """Send an event to every client, without waiting for any."""
        text = line(event)
        for queue in list(self._readers):
            self._send(queue, text)

    def _send(self, queue: asyncio.Queue[bytes], text: bytes) -> None:
        try:
            queue.put_nowait(text)
        except asyncio.QueueFull:
            self.dropped += 1
            self._readers.pop(queue).transport.abort()

    async def close(self) -> None:
        """Disconnect all clients and remove the socket."""
        if self._server is None:
            return
        self._server.close()
        for writer in self._readers.values():
            writer.transport.abort()
        if self._serving:
            await asyncio.wait(self._serving)  # an aborted connection ends at once
        self._path.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.create_task(self._serve(reader, writer), name="a reader")
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._readers) >= READERS:
            writer.transport.abort()
            return
        queue: asyncio.Queue[bytes] = asyncio.Queue(BEHIND)
        self._readers[queue] = writer
        queue.put_nowait(line(self._snapshot()))
        sending = asyncio.create_task(_send_all(queue, writer), name="tell a reader")
        try:
            while order := await reader.readline():
                if queue in self._readers:
                    self._send(queue, line(self._obey(order)))
        except (ConnectionError, ValueError):  # ValueError: an endless line
            pass
        finally:
            sending.cancel()
            self._readers.pop(queue, None)
            writer.transport.abort()

    def _obey(self, order: bytes) -> dict[str, Any]:
        try:
            command = parse(order)
            if command.do != "status":
                self._act(command)
        except VoiceError as error:
            return {"answer": "error", "error": str(error)}
        return {"answer": "ok", **self._snapshot()}


async def _send_all(queue: asyncio.Queue[bytes], writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            writer.write(await queue.get())
            await writer.drain()
    except ConnectionError:
        writer.transport.abort()


def answers(path: Path) -> bool:
    """Whether a program listens at this socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except TimeoutError:
            return True
        except OSError as error:
            return error.errno == errno.EAGAIN
    return True
