"""The lean HTTP transport: framing cut anywhere, connections kept and dropped, errors the package understands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.llm.plain_http import Chunked, PlainTransport, reaches


@given(st.lists(st.binary(min_size=1, max_size=40)), st.lists(st.integers(1, 9)), st.booleans())
def test_chunks_cut_anywhere_are_whole_again(chunks: list[bytes], steps: list[int], trailers: bool) -> None:
    raw = b"".join(b"%x;x=y\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n"
    raw += b"a: b\r\n\r\n" if trailers else b"\r\n"
    decoder, found, at = Chunked(), b"", 0
    for step in [*steps, len(raw)]:
        found += decoder.feed(raw[at : at + step])
        at += step
        assert decoder.done is (at >= len(raw))
    assert found == b"".join(chunks)


def test_what_is_no_chunk_is_refused() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        Chunked().feed(b"nonsense\r\n")


def test_only_plain_http_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert reaches("http://127.0.0.1:1/v1")
    assert not reaches("https://api.openai.com/v1")
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    assert not reaches("http://models.example/v1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert reaches("http://127.0.0.1:1/v1")


def asked(answers: list[bytes], use: Callable[[httpx2.AsyncClient, str], Awaitable[None]]) -> int:
    """Serve one answer per request, closing where it says so; return how many connections were made."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while answers and await reader.readline():
            await reader.readuntil(b"\r\n\r\n")
            answer = answers.pop(0)
            writer.write(answer)
            if b"close" in answer or not answer.startswith(b"HTTP/1.1 2"):
                break
        writer.close()

    async def run() -> None:
        async with (
            await asyncio.start_server(serve, "127.0.0.1", 0) as server,
            httpx2.AsyncClient(transport=PlainTransport(), timeout=5) as client,
        ):
            await use(client, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x")

    asyncio.run(run())
    return connections


def test_every_framing_is_read_and_connections_are_kept() -> None:
    answers = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\ntw\r\n1\r\no\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nthree",
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfour",
    ]

    async def use(client: httpx2.AsyncClient, url: str) -> None:
        assert [(await client.get(url)).text for _ in range(5)] == ["one", "two", "", "three", "four"]

    assert asked(answers, use) == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9, close\r\n\r\nshort", httpx2.RemoteProtocolError),
        (b"nonsense\r\n\r\n", httpx2.RemoteProtocolError),
        (b"", httpx2.ReadError),
        (b"HTTP/1.1 2", httpx2.ReadError),
    ],
)
def test_broken_answers_raise_what_the_package_catches(answer: bytes, error: type[Exception]) -> None:
    async def use(client: httpx2.AsyncClient, url: str) -> None:
        with pytest.raises(error):
            await client.get(url)

    asked([answer], use)
