"""WebSocket clients for tests of the server: one that speaks the protocol, one that is as small as a socket can be."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import struct
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from tests.support.patience import PATIENCE_S

Op = dict[str, Any]


class Socket:
    """One `devmode.v1` connection: `send` and `get` carry JSON objects, `closed` waits for the close code."""

    def __init__(self, url: str, *, origin: str = "", headers: dict[str, str] | None = None) -> None:
        self._connecting = connect(
            url.replace("http", "ws", 1) + "/v1/ws",
            subprotocols=[Subprotocol("devmode.v1")],
            origin=Origin(origin) if origin else None,
            additional_headers=headers,
            compression=None,
            ping_interval=None,
            open_timeout=PATIENCE_S,
            close_timeout=2,
        )

    def __enter__(self) -> Self:
        self._connection: ClientConnection = self._connecting.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._connection.close()

    def send(self, **op: Any) -> None:
        self._connection.send(json.dumps(op))

    def raw(self, frame: str | bytes) -> None:
        """Send a frame as it is: text for str, binary for bytes."""
        self._connection.send(frame)

    def raw_text(self, data: bytes) -> None:
        """Send a text frame of these bytes, whether they are UTF-8 or not."""
        self._connection.send(data, text=True)

    def get(self, timeout_s: float = 10) -> Op:
        op: Op = json.loads(self._connection.recv(timeout_s))
        return op

    def attach(self, sid: str, token: str, **more: Any) -> Op:
        self.send(op="attach", session_id=sid, session_token=token, **more)
        return self.get()

    def until_end(self, ends: tuple[str, ...] = ("done", "failed", "retry_failed")) -> list[Op]:
        """Return the events up to the end of a turn."""
        events: list[Op] = []
        while not events or events[-1].get("t") not in ends:
            events.append(self.get())
        return events

    def closed(self) -> int:
        """Read until the server closes; return its code."""
        try:
            while True:
                self._connection.recv(10)
        except ConnectionClosed:
            assert self._connection.close_code is not None
            return self._connection.close_code


class Tiny:
    """A WebSocket in a few bytes of memory, so that thousands fit into one test."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        key = base64.b64encode(os.urandom(16)).decode()
        self._writer.write(
            f"GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: devmode.v1\r\n\r\n".encode()
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head.split(b"\r\n")[0], head

    def send(self, **op: Any) -> None:
        data = json.dumps(op).encode()
        size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack("!H", len(data))
        self._writer.write(b"\x81" + size + b"\0\0\0\0" + data)  # a mask of zeros leaves the data as it is

    async def get(self) -> Op:
        head = await self._reader.readexactly(2)
        assert head[0] == 0x81, f"frame {head!r} is not a whole text frame"
        size = head[1]
        if size >= 126:
            wide = 2 if size == 126 else 8
            size = int.from_bytes(await self._reader.readexactly(wide), "big")
        op: Op = json.loads(await self._reader.readexactly(size))
        return op

    def abort(self) -> None:
        self._writer.transport.abort()
