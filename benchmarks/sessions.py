"""`voice bench sessions`: what the session server adds, keeps and survives, in front of a scripted model server."""

from __future__ import annotations

import asyncio
import json
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import click

FIRST_MS, WORD_MS = 100.0, 20.0
SPOKEN_WORD_MS = 400.0  # 150 words a minute, as speech has them
REPLY = " ".join(f"word{n}" for n in range(30))
SHORT = "one two three four five"
LOADS = (1, 20, 50)
ROUNDS = 3

Write = Callable[[str], None]


@click.command("sessions")
@click.option(
    "--json", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write all figures to this JSON file."
)
@click.option("--peer", type=click.Choice(["litellm"]), help="Run this proxy beside it, in its own environment.")
@click.option(
    "--store",
    type=click.Choice(["sqlite", "redis"]),
    default="sqlite",
    show_default=True,
    help="redis: deltas logged per second there, and how soon a second node continues; nothing else.",
)
@click.option("--seconds", default=4.0, show_default=True, help="Length of one measurement of the first token.")
@click.option("--resumes", default=2000, show_default=True, help="How many connections to cut.")
@click.option("--kills", default=20, show_default=True, help="How often to kill the server.")
@click.option("--connections", default=1000, show_default=True, help="How many idle connections to hold.")
@click.option("--crowd", default=1000, show_default=True, help="How many sessions have live replies; 0 is none.")
@click.option("--resting", default=10_000, show_default=True, help="How many only send heartbeats; 0 is none.")
def command(
    target: Path | None,
    peer: str | None,
    store: str,
    seconds: float,
    resumes: int,
    kills: int,
    connections: int,
    crowd: int,
    resting: int,
) -> None:
    """Measure the session server.

    Time to first token added at 1, 20 and 50 turns in flight, deltas logged per second, bytes uploaded per turn,
    resumes after drops and kills, memory and processor time of idle connections, delay of each word among many live
    replies with and without redaction beside a plain echo, processor time of many heartbeats. Takes about eight
    minutes.
    """

    async def run() -> dict[str, Any]:
        if store == "redis":
            from benchmarks.session_nodes import on_redis

            click.echo(machine())
            return {"machine": machine()} | await on_redis(kills=kills, write=click.echo)
        found = await measure(
            peer=peer, seconds=seconds, resumes=resumes, kills=kills, connections=connections, write=click.echo
        )
        return found | await many(crowd=crowd, resting=resting, write=click.echo)

    found = asyncio.run(run())
    if target is not None:
        target.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


async def measure(
    *, peer: str | None, seconds: float, resumes: int, kills: int, connections: int, write: Write
) -> dict[str, Any]:
    """Run every part against processes of its own; returns the figures it wrote."""
    from benchmarks.processes import VOICE, Service, free_port
    from benchmarks.session_links import idle, outages, uploaded_by_turn
    from benchmarks.session_load import figures, percentile
    from benchmarks.session_log import logged_deltas_per_s

    found: dict[str, Any] = {"machine": machine()}
    write(found["machine"])
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))

        async def upstream(text: str, first_ms: float, word_ms: float) -> str:
            port = free_port()
            command = [sys.executable, "-m", "benchmarks.upstream", "--port", str(port), "--text", text]
            command += ["--first-ms", str(first_ms), "--word-ms", str(word_ms)]
            service = Service(command, f"http://127.0.0.1:{port}/v1")
            return (await stack.enter_async_context(service)).url

        async def server(model_url: str) -> Service:
            port = free_port()
            command = [*VOICE, "serve", "--port", str(port), "--llm", model_url, "--model", "scripted"]
            service = Service([*command, "--store", f"sqlite:///{folder}/{port}.db"], f"http://127.0.0.1:{port}")
            return await stack.enter_async_context(service)

        steady = await upstream(REPLY, FIRST_MS, WORD_MS)
        serving = await server(steady)
        targets = {"direct": steady, "websocket": serving.url, "http": serving.url}
        keys: dict[str, str] = {}
        if peer is not None:
            from benchmarks import litellm

            write("starting the LiteLLM proxy; the first time installs it")
            litellm.environment()
            targets[peer] = (await stack.enter_async_context(litellm.proxy(steady, folder))).url
            keys[peer] = litellm.KEY
        found["first_token_ms"] = await first_tokens(targets, keys, seconds, write)

        rates = [await logged_deltas_per_s() for _ in range(3)]
        found["logged_deltas_per_s"] = round(statistics.median(rates))
        write(f"logged deltas per second: {found['logged_deltas_per_s']:,}")

        quick = await upstream(SHORT, 0, 0)
        swift = await server(quick)
        sizes = await uploaded_by_turn(swift.url, quick)
        found["uploaded_bytes"] = {
            name: figures(turn_1=turns[0], turn_50=turns[-1], ratio=turns[-1] / turns[0])
            for name, turns in sizes.items()
        }
        for name, row in found["uploaded_bytes"].items():
            write(f"bytes uploaded, {name}: turn 1 {row['turn_1']}, turn 50 {row['turn_50']}, ratio {row['ratio']}")

        seen = await outages(serving, REPLY, drops=resumes, kills=kills)
        found["resume"] = figures(
            drops=len(seen.drops_s),
            drop_p50_ms=percentile(seen.drops_s, 50) * 1000,
            drop_p99_ms=percentile(seen.drops_s, 99) * 1000,
            kills=kills,
            kill_resumes=len(seen.kills_s),
            kill_p50_ms=percentile(seen.kills_s, 50) * 1000 if seen.kills_s else 0.0,
            turns=seen.turns,
            interrupted=seen.interrupted,
            failed=seen.failed,
            gaps=seen.gaps,
            repeats=seen.repeats,
        )
        write("resumes: " + ", ".join(f"{name} {value}" for name, value in found["resume"].items()))

        resting = await server(quick)
        found["idle"] = figures(**await idle(resting, connections=connections))
        write("idle: " + ", ".join(f"{name} {value}" for name, value in found["idle"].items()))
    return found


async def many(*, crowd: int, resting: int, write: Write) -> dict[str, Any]:
    """What many sessions at once do to each other: words of live replies on 20 connections, and heartbeats."""
    from benchmarks.processes import VOICE, Service, free_port
    from benchmarks.session_crowd import delta_delays, echo_delays, heartbeats

    found: dict[str, Any] = {}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model, port = free_port(), free_port()
        command = [sys.executable, "-m", "benchmarks.upstream", "--port", str(model), "--text", REPLY, "--stamp"]
        command += ["--first-ms", str(FIRST_MS), "--word-ms", str(SPOKEN_WORD_MS)]
        upstream = await stack.enter_async_context(Service(command, f"http://127.0.0.1:{model}/v1"))
        serve = [*VOICE, "serve", "--port", str(port), "--llm", upstream.url, "--model", "scripted"]
        serve += ["--store", f"sqlite:///{folder}/many.db"]
        url = f"http://127.0.0.1:{port}"
        if crowd:
            # Redaction keeps each word until the next one begins, here for SPOKEN_WORD_MS: what everything else takes
            # is only seen without it.
            async with Service(serve, url, environment={"VOICE_SAFETY_REDACT": "off"}) as plain:
                found["crowd_unredacted"] = await delta_delays(plain, sessions=crowd)
        service = await stack.enter_async_context(Service(serve, url))
        if crowd:
            found["crowd"] = await delta_delays(service, sessions=crowd)
            found["echo"] = await echo_delays(per_s=found["crowd"]["deltas_per_s"])
        if resting:
            found["heartbeats"] = await heartbeats(service, sessions=resting)
    for name, row in found.items():
        write(f"{name}: " + ", ".join(f"{figure} {value}" for figure, value in row.items()))
    return found


async def first_tokens(targets: dict[str, str], keys: dict[str, str], seconds: float, write: Write) -> dict[str, Any]:
    """Time to first token of each target at each load, in rounds that take turns so that noise falls on all alike."""
    from benchmarks.session_load import Completions, Frames, Turn, figures, in_flight, percentile

    async def clients(name: str, stack: AsyncExitStack, load: int) -> list[Turn]:
        if name == "websocket":
            return [(await stack.enter_async_context(Frames(targets[name]))).turn for _ in range(load)]
        url = f"{targets[name]}/v1" if name == "http" else targets[name]
        made = [Completions(url, session=name == "http", key=keys.get(name, "")) for _ in range(load)]
        return [(await stack.enter_async_context(client)).turn for client in made]

    spread_s = (FIRST_MS + len(REPLY.split()) * WORD_MS) / 1000
    found: dict[str, Any] = {}
    for load in LOADS:
        times: dict[str, list[float]] = {name: [] for name in targets}
        for _ in range(ROUNDS):
            for name in targets:
                async with AsyncExitStack() as stack:
                    turns = await clients(name, stack, load)
                    times[name] += await in_flight(turns, "go on", seconds, spread_s if load > 1 else 0)
        direct = percentile(times["direct"], 50)
        for name, firsts in times.items():
            row = figures(
                p50=percentile(firsts, 50) * 1000,
                p95=percentile(firsts, 95) * 1000,
                added_p50=(percentile(firsts, 50) - direct) * 1000,
                turns=len(firsts),
            )
            found.setdefault(name, {})[str(load)] = row
            write(f"first token, {load:>2} in flight, {name:<9}: p50 {row['p50']} ms, p95 {row['p95']} ms, "
                  f"added p50 {row['added_p50']} ms ({row['turns']} turns)")  # fmt: skip
    return found


def machine() -> str:
    """The machine in one line: processor, cores, system, Python."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        cpu = f"{names[0]}, {len(names)} cores" if names else cpu
    return f"{cpu}; {platform.system()} {platform.release()}; Python {platform.python_version()}"
