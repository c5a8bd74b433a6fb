"""A model server that answers with exactly the bytes a test gives it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Self

Answer = tuple[str, Sequence[bytes]]
"""The head's lines after HTTP/1.1, and the body in the pieces it is sent in."""


class RoughServer:
    """An async context manager. Answers POST after POST with `answers`, the last of them again and again.

    `asked` are the requests: path and decoded body. A body ends with its connection.
    """

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, Any]] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        sizes = [int(line.split(":")[1]) for line in head if line.lower().startswith("content-length")]
        body = await reader.readexactly(sum(sizes))
        self.asked.append((head[0].split(" ")[1], json.loads(body or b"null")))
        if head[0].startswith("GET"):  # a look at which kind of server this is
            lines, pieces = NOT_FOUND
        else:
            lines, pieces = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        writer.write(f"HTTP/1.1 {lines}\r\nconnection: close\r\n\r\n".encode())
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()


EVENTS = "200 OK\r\ncontent-type: text/event-stream"
NOT_FOUND: Answer = ("404 Not Found\r\ncontent-type: application/json", [b"{}"])
JSON = "200 OK\r\ncontent-type: application/json"


def event(data: Any) -> bytes:
    """One server-sent event."""
    return b"data: " + (data if isinstance(data, bytes) else json.dumps(data).encode()) + b"\n\n"


def delta(content: Any = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """A chunk of a stream."""
    told = more if content is None else {"content": content, **more}
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": told, "finish_reason": finish}]}


DONE = event(b"[DONE]")
STOP = event(delta(finish="stop")) + DONE


def stream(*chunks: Any, end: bytes = STOP) -> Answer:
    """An answer of these chunks, each a piece of its own."""
    return EVENTS, [*(event(chunk) for chunk in chunks), end]
