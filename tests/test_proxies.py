from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import httpx2
import pytest

from voice.proxies import KEPT_S, client_options


def test_a_connection_outlasts_the_pauses_of_a_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    later_s, connections = 0.0, 0
    serving: list[asyncio.Task[None] | None] = []
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + later_s)
    monkeypatch.setattr("httpcore2._async.http11.time", clock)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        serving.append(asyncio.current_task())
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async def asked() -> list[int]:
        nonlocal later_s
        server, made = await asyncio.start_server(serve, "127.0.0.1", 0), []
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server, httpx2.AsyncClient(**client_options(url)) as client:
            for pause_s in (0.0, 30.0, KEPT_S - 1.0, KEPT_S + 1.0):
                later_s += pause_s
                await client.get(url)
                made.append(connections)
        await asyncio.gather(*(task for task in serving if task is not None))
        return made

    assert asyncio.run(asked()) == [1, 1, 1, 2]
