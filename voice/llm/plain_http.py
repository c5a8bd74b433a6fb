"""HTTP/1.1 without TLS or proxy for the `openai` package: the model server on this machine or the next one.

The package's own transport costs more per word than everything else the session server does with it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx2

from voice.proxies import is_proxied

MOST_IDLE = 64
READ = 65536


def reaches(url: str) -> bool:
    """Whether this transport may be used for `url`: plain HTTP that no proxy is set up for."""
    return urlsplit(url).scheme == "http" and not is_proxied(url)


class PlainTransport(httpx2.AsyncBaseTransport):
    """Keeps connections open between requests; raises httpx2's errors, so the package sees no difference."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], list[HttpConnection]] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.scheme != "http":
            raise httpx2.UnsupportedProtocol(f"the server redirects to {request.url}", request=request)
        await request.aread()  # a redirected one was not
        timeout = request.extensions.get("timeout", {})
        place = request.url.host, request.url.port or 80
        connection = self._take(place) or await _connect(request, place, timeout.get("connect"))
        try:
            with _failures(request):
                status, headers = await connection.ask(request, timeout.get("read"))
        except BaseException:
            connection.close()
            raise
        body = Body(self, place, connection, request, headers, timeout.get("read"))
        told = {"http_version": b"HTTP/1.1", "body": body}
        return httpx2.Response(status, headers=headers, stream=body, request=request, extensions=told)

    async def aclose(self) -> None:
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    def give_back(self, place: tuple[str, int], connection: HttpConnection) -> None:
        """Keep a connection whose answer was read to its end."""
        idle = self._idle.setdefault(place, [])
        if len(idle) < MOST_IDLE:
            idle.append(connection)
        else:
            connection.close()

    def _take(self, place: tuple[str, int]) -> HttpConnection | None:
        idle = self._idle.get(place, [])
        while idle:
            connection = idle.pop()
            if connection.alive:
                return connection
            connection.close()
        return None


class HttpConnection:
    """One connection: a request out, the head of its answer back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self._writer = reader, writer

    @property
    def alive(self) -> bool:
        return not self.reader.at_eof() and not self._writer.is_closing()

    def close(self) -> None:
        self._writer.close()

    async def ask(self, request: httpx2.Request, within_s: float | None) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Send a request; return status and headers of its answer. Raises ValueError where that is no HTTP."""
        target = request.method.encode() + b" " + request.url.raw_path + b" HTTP/1.1"
        lines = [target, *(name + b": " + value for name, value in request.headers.raw)]
        self._writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + request.content)
        status = 100
        while status < 200:
            async with asyncio.timeout(within_s):
                head = await self.reader.readuntil(b"\r\n\r\n")
            first, *fields = head[:-4].split(b"\r\n")
            status = int(first.split(b" ")[1])
        pairs = [field.partition(b":") for field in fields]
        return status, [(name.strip(), value.strip()) for name, _, value in pairs]


class Body(httpx2.AsyncByteStream):
    """The answer's body as it arrives. Closing it early closes the connection, which stops the generation."""

    def __init__(
        self,
        transport: PlainTransport,
        place: tuple[str, int],
        connection: HttpConnection,
        request: httpx2.Request,
        headers: list[tuple[bytes, bytes]],
        within_s: float | None,
    ) -> None:
        self._transport, self._place, self._connection, self._request = transport, place, connection, request
        self._headers = {name.lower(): value.lower() for name, value in headers}
        self._within_s = within_s
        self._whole = False
        self._asked_at: float | None = None
        self._watch: asyncio.TimerHandle | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _failures(self._request):
            length = int(self._headers.get(b"content-length", -1))
            chunked = Chunked() if b"chunked" in self._headers.get(b"transfer-encoding", b"") else None
            while length != 0:
                data = await self._read(READ if length < 0 else min(READ, length))
                if not data and (chunked or length > 0):
                    raise ConnectionResetError
                if not data:
                    return  # without a length the end of the connection is the end of the body
                if chunked:
                    data = chunked.feed(data)
                elif length > 0:
                    length -= len(data)
                if data:
                    yield data
                if chunked and chunked.done:
                    break
            self._whole = True

    async def _read(self, most: int) -> bytes:
        """More of the answer. One timer watches over all reads: one for each would cost more than the read."""
        loop = asyncio.get_running_loop()
        self._asked_at = loop.time()
        if self._watch is None and self._within_s is not None:
            self._watch = loop.call_later(self._within_s, self._look)
        try:
            return await self._connection.reader.read(most)
        finally:
            self._asked_at = None

    def _look(self) -> None:
        """End a read that has waited too long; else look again when it may have."""
        assert self._within_s is not None
        loop = asyncio.get_running_loop()
        now = loop.time()
        due = (now if self._asked_at is None else self._asked_at) + self._within_s
        if due > now:
            self._watch = loop.call_at(due, self._look)
        else:
            self._watch = None
            self._connection.reader.set_exception(TimeoutError())

    async def aclose(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._whole and self._headers.get(b"connection") != b"close" and self._connection.alive:
            self._transport.give_back(self._place, self._connection)
        else:
            self._connection.close()


class Chunked:
    """Takes the chunks of a body out of their framing; `done` after the last one and its trailers."""

    def __init__(self) -> None:
        self.done = False
        self._rest, self._last = b"", False

    def feed(self, raw: bytes) -> bytes:
        """Return the data of every chunk that is whole now. Raises ValueError for an invalid chunk."""
        raw, at, found = self._rest + raw, 0, []
        while not self.done and (end := raw.find(b"\r\n", at)) >= 0:
            if self._last:
                self.done, at = end == at, end + 2
                continue
            size = int(raw[at:end].split(b";")[0], 16)
            if size and len(raw) < end + size + 4:
                break
            self._last = size == 0
            found.append(raw[end + 2 : end + 2 + size])
            at = end + 2 + (size + 2 if size else 0)
        self._rest = raw[at:]
        return b"".join(found)


async def _connect(request: httpx2.Request, place: tuple[str, int], within_s: float | None) -> HttpConnection:
    try:
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_connection(*place)
        if hasattr(writer.transport, "max_size"):
            writer.transport.max_size = READ  # asyncio's 256 KiB, allocated for each read, cost more
        return HttpConnection(reader, writer)
    except TimeoutError as error:
        raise httpx2.ConnectTimeout(f"no answer within {within_s:g} s", request=request) from error
    except OSError as error:
        raise httpx2.ConnectError(error.strerror or str(error), request=request) from error


@contextlib.contextmanager
def _failures(request: httpx2.Request) -> Any:
    """What can go wrong with a connection, in httpx2's words."""
    try:
        yield
    except TimeoutError as error:
        raise httpx2.ReadTimeout("nothing came", request=request) from error
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        raise httpx2.ReadError("the connection broke", request=request) from error
    except (ValueError, IndexError, asyncio.LimitOverrunError) as error:
        raise httpx2.RemoteProtocolError(f"not HTTP: {error}", request=request) from error
