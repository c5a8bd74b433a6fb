"""What `voice bench sessions` measures with, on a small scale: the figures it rests on are counted right."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from voice.bench.processes import VOICE, Service, free_port
from voice.bench.session_links import idle, outages, uploaded_by_turn
from voice.bench.session_load import Completions, Frames, in_flight, percentile
from voice.bench.session_log import logged_deltas_per_s

REPLY = "one two three four five six seven"


def with_server(folder: Path, work: Callable[[Service, str], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        model, port = free_port(), free_port()
        upstream = Service(
            [sys.executable, "-m", "voice.bench.upstream", "--port", str(model), "--text", REPLY, "--word-ms", "5"],
            f"http://127.0.0.1:{model}/v1",
        )
        serve = [*VOICE, "serve", "--port", str(port), "--llm", upstream.url, "--store", f"sqlite:///{folder}/s.db"]
        async with upstream, Service(serve, f"http://127.0.0.1:{port}") as server:
            return await work(server, upstream.url)

    return asyncio.run(run())


def test_outages_are_counted_and_leave_every_text_whole(tmp_path: Path) -> None:
    async def work(server: Service, _: str) -> Any:
        return await outages(server, REPLY, clients=3, drops=12, kills=1)

    found = with_server(tmp_path, work)
    assert len(found.drops_s) >= 12
    assert (found.gaps, found.repeats, found.failed) == (0, 0, 0)
    assert found.turns > 3


def test_uploads_first_tokens_and_idle_connections(tmp_path: Path) -> None:
    async def work(server: Service, upstream: str) -> Any:
        sizes = await uploaded_by_turn(server.url, upstream, turns=9)
        async with Frames(server.url) as frames, Completions(f"{server.url}/v1", session=True) as completions:
            firsts = await in_flight([frames.turn, completions.turn], "go on", 0.1, 0.05)
        return sizes, firsts, await idle(server, connections=5, seconds=0.2, settle_s=0.1)

    sizes, firsts, resting = with_server(tmp_path, work)
    assert sizes["websocket"][0] == sizes["websocket"][-1]
    assert sizes["http"][0] == sizes["http"][-1]
    assert sizes["stateless"][-1] > 2 * sizes["stateless"][0]
    assert len(firsts) >= 2
    assert all(first > 0 for first in firsts)
    assert resting["reconnects"] == 0


def test_every_delta_of_the_flood_is_logged() -> None:
    assert asyncio.run(logged_deltas_per_s(sessions=5, words=40)) > 0


def test_percentiles_by_nearest_rank() -> None:
    assert [percentile([3.0, 1.0, 2.0, 4.0], p) for p in (0, 50, 99, 100)] == [1.0, 3.0, 4.0, 4.0]
