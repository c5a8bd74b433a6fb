"""What `voice bench sessions` measures with, on a small scale: the figures it rests on are counted right."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks.processes import VOICE, Service, free_port
from benchmarks.session_crowd import delta_delays, echo_delays, heartbeats
from benchmarks.session_links import idle, outages, uploaded_by_turn
from benchmarks.session_load import Completions, Frames, in_flight, percentile
from benchmarks.session_log import logged_deltas_per_s

REPLY = "one two three four five six seven"


def with_server(folder: Path, work: Callable[[Service, str], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        model, port = free_port(), free_port()
        upstream = Service(
            [sys.executable, "-m", "benchmarks.upstream", "--port", str(model), "--text", REPLY, "--word-ms", "5"],
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


def test_a_crowd_an_echo_and_heartbeats_on_a_small_scale() -> None:
    async def run() -> Any:
        model, port = free_port(), free_port()
        command = [sys.executable, "-m", "benchmarks.upstream", "--port", str(model), "--text", REPLY, "--stamp"]
        upstream = Service([*command, "--word-ms", "5"], f"http://127.0.0.1:{model}/v1")
        with tempfile.TemporaryDirectory() as folder:
            store = f"sqlite:///{folder}/s.db"
            serve = [*VOICE, "serve", "--port", str(port), "--llm", upstream.url, "--store", store]
            async with upstream, Service(serve, f"http://127.0.0.1:{port}") as server:
                return (
                    await delta_delays(server, sessions=12, connections=3, seconds=0.8, spread_s=0.1),
                    await echo_delays(connections=2, per_s=50, seconds=0.2),
                    await heartbeats(server, sessions=6, seconds=0.2, settle_s=0.1),
                )

    crowd, echo, resting = asyncio.run(run())
    assert crowd["errors"] == 0
    assert crowd["turns"] >= 1
    assert 0 < crowd["p50_ms"] <= crowd["p99_ms"] <= crowd["most_ms"]
    assert echo["frames_per_s"] > 0
    assert (resting["sessions"], resting["lost"]) == (6, 0)
