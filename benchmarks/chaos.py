"""`voice bench chaos`: two session servers on one Redis, killed and cut at random while people talk."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from benchmarks.processes import Service
    from benchmarks.session_links import Relay

Write = Callable[[str], object]

WORD_MS = 20.0
REPLY = " ".join(f"word{n}" for n in range(25))
PAUSES_S = (0.3, 2.0)
FAULTS = {"drop": 5, "kill": 3, "redis": 1}
"""How often each fault strikes, relative to the others."""


@click.command("chaos")
@click.option(
    "--json", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write all figures to this JSON file."
)
@click.option("--minutes", default=10.0, show_default=True, help="How long faults strike.")
@click.option("--sessions", default=20, show_default=True, help="How many conversations are held.")
@click.option("--seed", default=0, show_default=True, help="Draws the faults; 0 takes a new one each time.")
def command(target: Path | None, minutes: float, sessions: int, seed: int) -> None:
    """Kill servers, cut connections and restart Redis at random, and count what that did to the conversations.

    Gaps, repeats and lost acknowledgements must be 0; the command fails where they are not.
    """
    found = asyncio.run(measure(seconds=minutes * 60, sessions=sessions, seed=seed, write=click.echo))
    if target is not None:
        target.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if found["gaps"] or found["repeats"] or found["lost"]:
        raise click.exceptions.Exit(1)


@dataclass(slots=True)
class Found:
    """What the faults did. The last three must be 0."""

    turns: int = 0
    resumes: int = 0
    interrupted: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    longest_turn_s: float = 0.0
    checked_events: int = 0
    gaps: int = 0
    repeats: int = 0
    lost: int = 0

    def told(self) -> dict[str, Any]:
        figures: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return figures | {"failed": dict(self.failed), "faults": dict(self.faults),
                          "longest_turn_s": round(self.longest_turn_s, 3)}  # fmt: skip


async def measure(*, seconds: float, sessions: int, seed: int, write: Write) -> dict[str, Any]:
    """Run it with processes of its own; returns the figures it wrote. Raises MissingError without a redis-server."""
    from benchmarks.processes import VOICE, Service, free_port
    from benchmarks.redis_server import command as redis_command
    from benchmarks.session_links import Relay

    draw = random.Random(seed or time.time_ns())
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis_port, model = free_port(), free_port()
        redis = Service(redis_command(redis_port, folder), f"redis://127.0.0.1:{redis_port}")
        await stack.enter_async_context(redis)
        upstream = [sys.executable, "-m", "benchmarks.upstream", "--port", str(model), "--text", REPLY]
        upstream += ["--word-ms", str(WORD_MS)]
        await stack.enter_async_context(Service(upstream, f"http://127.0.0.1:{model}/v1"))
        nodes = []
        for port in (free_port(), free_port()):
            serve = [*VOICE, "serve", "--port", str(port), "--llm", f"http://127.0.0.1:{model}/v1", "--model", "m"]
            node = Service([*serve, "--store", f"redis://127.0.0.1:{redis_port}/0"], f"http://127.0.0.1:{port}")
            nodes.append(await stack.enter_async_context(node))
        relay = await stack.enter_async_context(Relay(*(node.url for node in nodes)).running())
        return await _talk_through(relay, nodes, redis, seconds, sessions, draw, write)


async def _talk_through(
    relay: Relay, nodes: list[Service], redis: Service, seconds: float, sessions: int, draw: random.Random, write: Write
) -> dict[str, Any]:
    from benchmarks.session_links import Watched
    from voice.client.connection import ServerConnection

    found, over = Found(), asyncio.Event()
    links = [ServerConnection(relay.url) for _ in range(max(1, sessions // 4))]
    talkers = [
        Talker(await Watched.create(relay.url, link=links[n % len(links)]), relay.url, found) for n in range(sessions)
    ]
    talks = [asyncio.create_task(talker.talk(over)) for talker in talkers]
    loop = asyncio.get_running_loop()
    until, next_line = loop.time() + seconds, loop.time() + 60
    while loop.time() < until:
        await asyncio.sleep(draw.uniform(*PAUSES_S))
        await _strike(draw, relay, nodes, redis, found)
        if loop.time() >= next_line:
            next_line += 60
            write(_line(found, talkers))
    over.set()
    await asyncio.gather(*talks)
    for talker in talkers:
        await talker.check()
        await talker.session.close()
    write(_line(found, talkers))
    return found.told()


def _line(found: Found, talkers: list[Talker]) -> str:
    found.resumes = sum(talker.session.links - 1 for talker in talkers)
    return ", ".join(f"{name} {value}" for name, value in found.told().items())


async def _strike(draw: random.Random, relay: Relay, nodes: list[Service], redis: Service, found: Found) -> None:
    """One fault, and its end."""
    fault = draw.choices(list(FAULTS), list(FAULTS.values()))[0]
    found.faults[fault] += 1
    if fault == "drop":
        relay.cut_one(draw)
        return
    process = redis if fault == "redis" else draw.choice(nodes)
    process.kill()
    await asyncio.sleep(draw.uniform(0, 1.0))
    await process.start()


class Talker:
    """One conversation. Every reply is compared with what the model said, and with what the log kept of it."""

    def __init__(self, session: Any, url: str, found: Found) -> None:
        from voice.client.http import HttpClient

        self.session, self._found, self._rest = session, found, HttpClient(url)
        self._heard: dict[int, tuple[str, str]] = {}
        self._checked = 0
        self._log: dict[int, dict[str, str]] = {}

    async def talk(self, over: asyncio.Event) -> None:
        """Turn after turn until it is over."""
        while not over.is_set():
            await self._turn(f"turn {self._found.turns}")
            if len(self._heard) >= 20:
                await self.check()

    async def _turn(self, said: str) -> None:
        from voice.llm.interface import Delta
        from voice.sessions.interface import ReplyFailed

        found, loop = self._found, asyncio.get_running_loop()
        text, end, begun = "", "", loop.time()
        reply = self.session.send(said)
        async for event in reply:
            if isinstance(event, Delta):
                text += event.text
            elif isinstance(event, ReplyFailed):
                end = event.code
        found.longest_turn_s = max(found.longest_turn_s, loop.time() - begun)
        found.turns += 1
        found.interrupted += end == "interrupted"
        found.failed.update([end] if end not in ("", "interrupted") else [])
        whole = REPLY[: len(text)] if end else REPLY
        found.gaps += text != whole and len(text) <= len(whole)
        found.repeats += len(text) > len(whole)
        if not end or text:
            self._heard[reply.turn] = said, text

    async def check(self) -> None:
        """Read the log since the last time: dense, each turn begun once, and with everything this client received."""
        from voice.errors import VoiceError

        while True:
            path = f"/v1/sessions/{self.session.id}/events?after={self._checked}&limit=1000"
            try:
                page = await self._rest.call("GET", path, token=self.session.token)
            except VoiceError:
                await asyncio.sleep(0.2)  # a server was killed under it; another answers
                continue
            if not page["events"]:
                break
            for event in page["events"]:
                self._take(event)
        for number, (said, text) in self._heard.items():
            kept = self._log.get(number, {"input": "", "text": ""})
            self._found.lost += kept["input"] != said or kept["text"] != text
        newest = max(self._log, default=0)
        self._heard.clear()
        self._log = {number: kept for number, kept in self._log.items() if number == newest}

    def _take(self, event: dict[str, Any]) -> None:
        found = self._found
        found.checked_events += 1
        found.gaps += event["seq"] > self._checked + 1
        found.repeats += event["seq"] <= self._checked
        self._checked = event["seq"]
        if event["t"] == "started":
            found.repeats += event["turn"] in self._log
            self._log[event["turn"]] = {"input": event["d"]["input"], "text": ""}
        elif event["t"] == "delta":
            kept = self._log.setdefault(event["turn"], {"input": "", "text": ""})
            found.gaps += event["o"] > len(kept["text"])
            found.repeats += event["o"] < len(kept["text"])
            kept["text"] += event["d"]
