"""Many sessions on few connections: how late each word arrives, and what so many cost that only wait."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from benchmarks.processes import Service, free_port
from benchmarks.session_load import MOST_CREDIT, RawSocket, figures, percentile
from benchmarks.upstream import age_s, stamp
from voice.client.http import HttpClient
from voice.client.protocol import IDLE_PING_S


async def delta_delays(
    service: Service, *, sessions: int = 1000, connections: int = 20, seconds: float = 10.0, spread_s: float = 5.0
) -> dict[str, Any]:
    """Hold a reply in flight in every session; how long after the model server said a word its client has it.

    Redaction keeps a word until the next one begins: the `released` figures count from there where a word came later.
    The model server has to stamp its words. Sessions begin at random within `spread_s`, after which the measurement
    starts, and begin again when a reply ends. All processes share this machine.
    """
    rooms = [Room(service.url) for _ in range(connections)]
    async with AsyncExitStack() as stack:
        made = await create(service.url, sessions)
        for n, room in enumerate(rooms):
            await stack.enter_async_context(room)
            await room.attach(made[n::connections])
        talking = asyncio.gather(*(room.talk(spread_s, spread_s + seconds) for room in rooms))
        await asyncio.sleep(spread_s)
        before, begun = service.cpu_s(), time.monotonic()
        for room in rooms:
            room.delays_s.clear()
            room.released_s.clear()
        await talking
        took_s = time.monotonic() - begun
        cpu = (service.cpu_s() - before) / took_s
    delays = [delay for room in rooms for delay in room.delays_s]
    released = [delay for room in rooms for delay in room.released_s]
    return figures(
        sessions=sessions,
        connections=connections,
        deltas_per_s=len(delays) / took_s,
        p50_ms=percentile(delays, 50) * 1000,
        p99_ms=percentile(delays, 99) * 1000,
        most_ms=max(delays) * 1000,
        released_p50_ms=percentile(released, 50) * 1000,
        released_p99_ms=percentile(released, 99) * 1000,
        turns=sum(room.turns for room in rooms),
        errors=sum(room.errors for room in rooms),
        server_cpu_percent=cpu * 100,
        server_us_per_delta=cpu * 1e6 * took_s / len(delays),
    )


class Room(RawSocket):
    """One connection with many sessions on it. `delays_s` are those of the words that arrived.

    `released_s` count from when the next word was said, of those words that arrived after that.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._sequences: dict[int, int] = {}
        self._before: dict[int, tuple[float, float]] = {}
        self.delays_s: list[float] = []
        self.released_s: list[float] = []
        self.turns = self.errors = 0

    async def attach(self, made: Sequence[dict[str, Any]]) -> None:
        for ch, one in enumerate(made):
            id, token = one["session_id"], one["session_token"]
            self.send(op="attach", session_id=id, session_token=token, ch=ch, credit=MOST_CREDIT)
            await self.frame()
            self._sequences[ch] = 0

    async def talk(self, spread_s: float, seconds: float) -> None:
        """Send a turn on every channel, the first within `spread_s`, and the next one when its reply has ended."""
        loop = asyncio.get_running_loop()
        for ch in self._sequences:
            loop.call_later(random.uniform(0, spread_s), self._next, ch)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._take(await self.frame())
        except TimeoutError:
            return

    def _next(self, ch: int) -> None:
        self._sequences[ch] += 1
        self.send(op="send", sequence=self._sequences[ch], input="go on", ch=ch)

    def _take(self, frame: bytes) -> None:
        op = json.loads(frame)
        kind = op.get("t")
        if kind == "delta":
            for word in op["d"].split():
                self._came(op.get("ch", 0), age_s(word))
        elif kind == "done":
            self._before.pop(op.get("ch", 0), None)
            self.turns += 1
            self.send(op="ack", seq=op["seq"], ch=op.get("ch", 0))
            self._next(op.get("ch", 0))
        elif kind != "started":
            self.errors += 1

    def _came(self, ch: int, age: float) -> None:
        now = time.monotonic()
        said = now - age
        self.delays_s.append(age)
        if (before := self._before.get(ch)) is not None:
            said_before, came = before
            self.released_s.append(came - (said if said <= came else said_before))
        self._before[ch] = said, now


async def echo_delays(*, connections: int = 20, per_s: float = 1000.0, seconds: float = 5.0) -> dict[str, Any]:
    """The floor: how late the same number of frames come back from a plain `websockets` server that echoes them."""
    from websockets.asyncio.client import connect

    delays: list[float] = []
    async with _echo() as url, AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(connect(url, compression=None)) for _ in range(connections)]

        async def read(socket: Any) -> None:
            async for frame in socket:
                delays.append(age_s(json.loads(frame)["d"]))

        reading = [asyncio.create_task(read(socket)) for socket in sockets]
        loop = asyncio.get_running_loop()
        begun, sent = loop.time(), 0
        while loop.time() - begun < seconds:
            await asyncio.sleep(0.002)
            while sent < (loop.time() - begun) * per_s:
                op = {
                    "op": "ev",
                    "seq": sent,
                    "turn": 1,
                    "t": "delta",
                    "o": sent,
                    "d": stamp(),
                }
                await sockets[sent % connections].send(json.dumps(op))
                sent += 1
        await asyncio.sleep(0.2)
        for task in reading:
            task.cancel()
    return figures(
        frames_per_s=len(delays) / seconds,
        p50_ms=percentile(delays, 50) * 1000,
        p99_ms=percentile(delays, 99) * 1000,
    )


@asynccontextmanager
async def _echo() -> AsyncGenerator[str]:
    port = free_port()
    program = (
        "import asyncio\nfrom websockets.asyncio.server import serve\n"
        "async def echo(socket):\n    async for frame in socket: await socket.send(frame)\n"
        f"async def main():\n    async with serve(echo, '127.0.0.1', {port}, compression=None) as server:"
        " await server.serve_forever()\nasyncio.run(main())"
    )
    async with Service([sys.executable, "-c", program], f"http://127.0.0.1:{port}"):
        yield f"ws://127.0.0.1:{port}"


async def heartbeats(
    service: Service,
    *,
    sessions: int = 10_000,
    seconds: float = 60.0,
    settle_s: float = 5.0,
    every_s: tuple[float, float] = IDLE_PING_S,
) -> dict[str, Any]:
    """What idle sessions cost the server, each on a connection of its own that pings, by default as clients do."""
    made = await create(service.url, sessions)
    pongs = 0

    async def rest(one: dict[str, Any], gate: asyncio.Semaphore, begun: asyncio.Event) -> None:
        nonlocal pongs
        async with RawSocket(service.url) as socket:
            async with gate:
                socket.send(op="attach", session_id=one["session_id"], session_token=one["session_token"])
                await socket.frame()
            attached.append(True)
            await begun.wait()
            await asyncio.sleep(random.uniform(0, every_s[1]))
            while True:
                socket.send(op="ping", n=1)
                await socket.frame()
                pongs += 1
                await asyncio.sleep(random.uniform(*every_s))

    attached: list[bool] = []
    gate, begun = asyncio.Semaphore(64), asyncio.Event()
    _allow_files(sessions + 1000)
    resting = []
    for one in made:
        resting.append(asyncio.create_task(rest(one, gate, begun)))
        if len(resting) % 100 == 0:
            await asyncio.sleep(0.05)  # the server accepts a queue of connections, not all of them at once
    while len(attached) < sessions:
        await asyncio.sleep(0.1)
        for task in resting:
            if task.done():
                task.result()
    begun.set()
    await asyncio.sleep(settle_s)
    before = service.cpu_s()
    pongs = 0
    await asyncio.sleep(seconds)
    share = (service.cpu_s() - before) / seconds * 100
    found = figures(sessions=sessions, cpu_percent=share, pings_per_s=pongs / seconds,
                    lost=sum(task.done() for task in resting), memory_mib=service.memory_bytes() / 2**20)  # fmt: skip
    for task in resting:
        task.cancel()
    await asyncio.gather(*resting, return_exceptions=True)
    return found


async def create(url: str, count: int) -> list[dict[str, Any]]:
    """That many new sessions."""
    rest, gate = HttpClient(url), asyncio.Semaphore(16)

    async def one() -> dict[str, Any]:
        async with gate:
            return await rest.call("POST", "/v1/sessions", {})

    return list(await asyncio.gather(*(one() for _ in range(count))))


def _allow_files(count: int) -> None:
    """Have the system allow this process that many open files, or as many as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))
