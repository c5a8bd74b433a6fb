"""Sessions on Redis: how fast they are logged, and how soon another node continues those of a killed one."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from benchmarks import redis_server
from benchmarks.processes import VOICE, Service, free_port
from benchmarks.session_load import figures, percentile
from benchmarks.session_log import logged_deltas_per_s
from voice.client.session import RemoteSession
from voice.llm.interface import Delta
from voice.sessions.interface import ReplyFailed

LONG = " ".join(f"word{n}" for n in range(1000))


async def on_redis(*, kills: int, write: Callable[[str], None]) -> dict[str, Any]:
    """Run both against a redis-server of its own that has every write on disk before it answers."""
    found: dict[str, Any] = {}
    async with AsyncExitStack() as stack:
        folder, port = Path(stack.enter_context(tempfile.TemporaryDirectory())), free_port()
        redis = f"redis://127.0.0.1:{port}"
        await stack.enter_async_context(Service(redis_server.command(port, folder), redis))
        rates = [await logged_deltas_per_s(redis=f"{redis}/{n}") for n in (1, 2, 3)]
        found["logged_deltas_per_s_redis"] = round(statistics.median(rates))
        write(f"logged deltas per second on Redis: {found['logged_deltas_per_s_redis']:,}")

        port = free_port()
        model = [sys.executable, "-m", "benchmarks.upstream", "--port", str(port), "--text", LONG, "--word-ms", "50"]
        upstream = await stack.enter_async_context(Service(model, f"http://127.0.0.1:{port}/v1"))
        nodes = []
        for _ in range(2):
            port = free_port()
            serve = [*VOICE, "serve", "--port", str(port), "--llm", upstream.url, "--model", "scripted"]
            node = Service([*serve, "--store", f"{redis}/0"], f"http://127.0.0.1:{port}")
            nodes.append(await stack.enter_async_context(node))
        took = await takeovers(nodes, kills=kills)
        found["takeover_s"] = figures(
            kills=kills, replies=len(took), p50=percentile(took, 50), p95=percentile(took, 95), worst=max(took)
        )
        write("takeover, s: " + ", ".join(f"{name} {value}" for name, value in found["takeover_s"].items()))
    return found


async def takeovers(nodes: Sequence[Service], *, kills: int, sessions: int = 10) -> list[float]:
    """Kill one of two nodes `kills` times, with `sessions` replies under way on it; seconds until each one went on."""
    found: list[float] = []
    for kill in range(kills):
        dying, living = nodes[kill % 2], nodes[1 - kill % 2]
        made = [await RemoteSession.create(f"{dying.url},{living.url}") for _ in range(sessions)]
        begun = [asyncio.Event() for _ in made]
        ends = [asyncio.create_task(_end(session, event)) for session, event in zip(made, begun, strict=True)]
        await asyncio.gather(*(event.wait() for event in begun))
        died = asyncio.get_running_loop().time()
        dying.kill()
        found += [at - died for at in await asyncio.gather(*ends)]
        await dying.start()
        for session in made:
            await session.close()
    return found


async def _end(session: RemoteSession, begun: asyncio.Event) -> float:
    async for event in session.send("tell me"):
        if isinstance(event, Delta):
            begun.set()
        elif isinstance(event, ReplyFailed) and event.code != "interrupted":
            raise RuntimeError(f"{event.code}: {event.message}")
    return asyncio.get_running_loop().time()
