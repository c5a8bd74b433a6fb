"""Answers that are written as they are made: server-sent events that stop when the client goes away."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

T = TypeVar("T")
STREAMED: dict[int | str, dict[str, Any]] = {
    200: {"description": "JSON, or server-sent events", "content": {"text/event-stream": {}}}
}
"""For the OpenAPI document: an operation that may answer with events."""
BEAT = b": beat\n\n"
"""A heartbeat. It must be a comment: anything else reaches the reader as an event."""


class ClientGone(Exception):
    """The client left before its answer was complete."""


class EventStream(Response):
    """Sends chunks, of server-sent events or as `media_type` says, as the generator makes them.

    Closes it when the client is gone.
    """

    media_type = "text/event-stream"

    def __init__(
        self, chunks: AsyncGenerator[bytes], headers: Mapping[str, str] | None = None, media_type: str = media_type
    ) -> None:
        self._chunks, self.media_type = chunks, media_type
        self.status_code = 200
        self.background = None
        self.init_headers({"cache-control": "no-store", "x-accel-buffering": "no", **(headers or {})})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ClientGone):
            await unless_gone(receive, self._write(send))

    async def _write(self, send: Send) -> None:
        async with aclosing(self._chunks) as chunks:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


def sse(data: Any, *, event: str = "", id: int | None = None) -> bytes:
    """One server-sent event."""
    head = (f"event: {event}\n" if event else "") + (f"id: {id}\n" if id is not None else "")
    return f"{head}data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


async def unless_gone(receive: Receive, work: Awaitable[T]) -> T:
    """What the work returns. It is cancelled, and ClientGone raised, when the client leaves before that."""
    working, leaving = asyncio.ensure_future(work), asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        if not working.done():
            working.cancel()
        await asyncio.wait((working, leaving))
    if working.cancelled():
        raise ClientGone
    return working.result()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
