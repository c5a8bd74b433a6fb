"""`voice bench transports`: what the HTTP client and the WebSocket of our own spare the session server."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import click

from benchmarks.sessions import REPLY, Write, machine

LIBRARY: Mapping[str, str] = {
    "ours": "",
    "library's HTTP": "import voice.llm.plain_http as ours; ours.reaches = lambda url: False; ",
    "library's WebSocket": (
        "import voice.server.server as ours; "
        "from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as plain; "
        "ours.SmallWebSocket = plain; "
    ),
}
"""What a server's process runs first, so that one of the two is the library's own."""
WORD_MS = 100.0
PING_S = (1.0, 3.0)
"""Oftener than clients ping, for more of them in a measurement."""


@click.command("transports")
@click.option("--json", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write every figure there.")
@click.option("--rounds", default=3, show_default=True, help="How often each server is measured, in turns.")
@click.option("--sessions", default=100, show_default=True, help="How many sessions have live replies.")
@click.option("--resting", default=1000, show_default=True, help="How many connections only send heartbeats.")
@click.option("--seconds", default=6.0, show_default=True, help="Length of one measurement.")
def command(target: Path | None, rounds: int, sessions: int, resting: int, seconds: float) -> None:
    """Compare the session server with itself on the libraries' transports.

    Processor time of the server for each streamed word, without redaction; memory and processor time of connections
    that only send heartbeats. The median of the rounds.
    """
    found = asyncio.run(measure(rounds, sessions, resting, seconds, click.echo))
    if target is not None:
        target.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


async def measure(rounds: int, sessions: int, resting: int, seconds: float, write: Write) -> dict[str, Any]:
    """Return the medians by server; every round measures each of them on processes of its own."""
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in LIBRARY}
    for number in range(rounds):
        for name, first in LIBRARY.items():
            seen[name].append(await _one(first, sessions, resting, seconds))
            write(f"round {number + 1}, {name}: {seen[name][-1]}")
    found: dict[str, Any] = {"machine": machine()}
    for name, rows in seen.items():
        found[name] = {figure: round(statistics.median(row[figure] for row in rows), 1) for figure in rows[0]}
        write(f"{name}: {found[name]}")
    return found


async def _one(first: str, sessions: int, resting: int, seconds: float) -> dict[str, float]:
    from benchmarks.processes import Service, free_port
    from benchmarks.session_crowd import delta_delays, heartbeats

    program = f"{first}from voice.cli import main; main()"
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        model, port = free_port(), free_port()
        scripted = [sys.executable, "-m", "benchmarks.upstream", "--port", str(model), "--text", REPLY, "--stamp"]
        scripted += ["--first-ms", "100", "--word-ms", str(WORD_MS)]
        upstream = await stack.enter_async_context(Service(scripted, f"http://127.0.0.1:{model}/v1"))
        serve = [sys.executable, "-c", program, "serve", "--port", str(port), "--llm", upstream.url]
        serve += ["--model", "scripted", "--store", f"sqlite:///{folder}/sessions.db"]
        service = Service(serve, f"http://127.0.0.1:{port}", environment={"VOICE_SAFETY_REDACT": "off"})
        await stack.enter_async_context(service)
        crowd = await delta_delays(service, sessions=sessions, seconds=seconds, spread_s=2.0)
        before = service.memory_bytes()
        rest = await heartbeats(service, sessions=resting, seconds=seconds, settle_s=1.0, every_s=PING_S)
        return {
            "us_per_word": crowd["server_us_per_delta"],
            "kib_per_resting_session": (rest["memory_mib"] * 2**20 - before) / resting / 1024,
            "us_per_heartbeat": rest["cpu_percent"] * 1e4 / rest["pings_per_s"],
        }
