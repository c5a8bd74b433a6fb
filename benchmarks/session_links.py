"""What connections cost: bytes per turn, resumes after drops and kills, idle memory, heartbeats."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from benchmarks.processes import Service, free_port
from benchmarks.session_load import Completions
from voice.client.connection import ServerConnection
from voice.client.http import HttpClient
from voice.client.session import RemoteSession
from voice.llm.interface import Delta
from voice.sessions.interface import ReplyFailed


class Relay:
    """A TCP relay that counts what clients upload and can cut connections through it.

    With several servers, each connection goes to one of them, at random among those that answer.
    """

    def __init__(self, *urls: str) -> None:
        parts = urlsplit(urls[0])
        self._backs = [(urlsplit(url).hostname, urlsplit(url).port) for url in urls]
        self._here = free_port()
        self.url = f"{parts.scheme}://127.0.0.1:{self._here}{parts.path}"
        self.uploaded = 0
        self._open: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Relay]:
        async with await asyncio.start_server(self._carry, "127.0.0.1", self._here):
            yield self
            self.cut()

    def cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    def cut_one(self, draw: random.Random) -> None:
        """Cut one connection, if there is any."""
        if self._open:
            draw.choice(self._open).transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dialled = await self._dial()
        if dialled is None:
            writer.transport.abort()
            return
        back, forth = dialled
        self._open += [writer, forth]
        up = asyncio.create_task(self._pump(reader, forth, counts=True))
        await self._pump(back, writer, counts=False)
        await up
        self._open.remove(writer)
        self._open.remove(forth)

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for host, port in random.sample(self._backs, len(self._backs)):
            try:
                return await asyncio.open_connection(host, port)
            except OSError:
                continue  # this one is down
        return None

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, counts: bool) -> None:
        try:
            while data := await source.read(65536):
                self.uploaded += len(data) if counts else 0
                sink.write(data)
        except ConnectionError:
            pass  # cut on purpose
        finally:
            sink.transport.abort()


async def uploaded_by_turn(server: str, upstream: str, turns: int = 50) -> dict[str, list[int]]:
    """Bytes uploaded in each of `turns` equal turns: over the socket, over HTTP, and without a session."""
    text = "the same question once more"
    found: dict[str, list[int]] = {}
    async with Relay(server).running() as relay, await RemoteSession.create(relay.url) as session:
        found["websocket"] = []
        for _ in range(turns):
            before = relay.uploaded
            await session.ask(text)
            found["websocket"].append(relay.uploaded - before)
    for name, url, in_session in (("http", f"{server}/v1", True), ("stateless", upstream, False)):
        async with Completions(url, session=in_session) as client:
            found[name] = []
            for _ in range(turns):
                before = client.sent
                await client.turn(text)
                found[name].append(client.sent - before)
    return found


class Watched(RemoteSession):
    """A session that times how long it takes to come back, and whose connection can be cut."""

    def __init__(
        self,
        url: str,
        id: str,
        token: str,
        *,
        key: str = "",
        give_up_s: float = 120.0,
        link: ServerConnection | None = None,
    ) -> None:
        super().__init__(url, id, token, key=key, give_up_s=give_up_s, link=link)
        self.resumed_s: list[float] = []
        self.back = asyncio.Event()

    def drop(self) -> None:
        """Cut the connection, if there is one."""
        if self.core.attached:
            self.link.drop()

    def link_is_up(self) -> None:
        if self.links:
            self.resumed_s.append(asyncio.get_running_loop().time() - self.link.dialled_at)
        self.back.set()
        super().link_is_up()

    def link_is_down(self, why: Exception) -> None:
        self.back.clear()
        super().link_is_down(why)


@dataclass(slots=True)
class Outages:
    """What many outages did: how fast links came back, and whether any text suffered."""

    drops_s: list[float] = field(default_factory=list)
    kills_s: list[float] = field(default_factory=list)
    turns: int = 0
    interrupted: int = 0
    gaps: int = 0
    repeats: int = 0
    failed: int = 0


async def outages(
    service: Service, reply: str, *, clients: int = 5, drops: int = 2000, kills: int = 20, pause_s: float = 0.02
) -> Outages:
    """Hold `clients` conversations whose every answer is `reply`, cut their connections, then kill the server.

    Connections are cut one at a time at random moments; the server is killed (SIGKILL) and started again.
    """
    found, over, draw = Outages(), asyncio.Event(), random.Random(7)
    async with AsyncExitStack() as stack:
        made = [await Watched.create(service.url) for _ in range(clients)]
        sessions = [await stack.enter_async_context(session) for session in made]
        talks = [asyncio.create_task(_talk(session, reply, found, over)) for session in sessions]
        while sum(len(session.resumed_s) for session in sessions) < drops:
            await asyncio.sleep(draw.uniform(0, 2 * pause_s))
            sessions[draw.randrange(clients)].drop()
        found.drops_s = [seconds for session in sessions for seconds in session.resumed_s]
        for session in sessions:
            session.resumed_s.clear()
        for _ in range(kills):
            await asyncio.sleep(draw.uniform(0.1, 0.5))
            service.kill()
            await service.start()
            async with asyncio.timeout(60):
                await asyncio.gather(*(session.back.wait() for session in sessions))
        over.set()
        await asyncio.gather(*talks)
        found.kills_s = [seconds for session in sessions for seconds in session.resumed_s]
    return found


async def _talk(session: RemoteSession, reply: str, found: Outages, over: asyncio.Event) -> None:
    """Turn after turn, each compared with what it must be; a reply the server died in must be its beginning."""
    while not over.is_set():
        text, end = "", ""
        async for event in session.send(f"turn {found.turns}"):
            if isinstance(event, Delta):
                text += event.text
            elif isinstance(event, ReplyFailed):
                end = event.code
        found.turns += 1
        whole = reply if not end else reply[: len(text)]
        found.interrupted += end == "interrupted"
        found.failed += end not in ("", "interrupted")
        found.gaps += text != whole and len(text) <= len(whole)
        found.repeats += len(text) > len(whole)


async def idle(
    service: Service, *, connections: int = 1000, seconds: float = 30.0, settle_s: float = 3.0
) -> dict[str, float]:
    """Memory per idle session and per idle connection attached to one, KiB, and what the heartbeats cost.

    The heartbeats' figure is the processor share of 1,000 connections, percent of one core.
    """
    rest, gate = HttpClient(service.url), asyncio.Semaphore(32)

    async def create() -> dict[str, Any]:
        async with gate:
            return await rest.call("POST", "/v1/sessions", {})

    async def attach(made: dict[str, Any]) -> RemoteSession:
        async with gate:
            return await RemoteSession.attach(service.url, made["session_id"], made["session_token"])

    async def memory() -> int:
        await asyncio.sleep(settle_s)  # what the requests needed is given back
        return service.memory_bytes()

    await asyncio.gather(*(create() for _ in range(50)))  # whatever is loaded or grown at first
    before = await memory()
    made = await asyncio.gather(*(create() for _ in range(connections)))
    between = await memory()
    sessions = await asyncio.gather(*(attach(one) for one in made))
    after = await memory()
    cpu_before = service.cpu_s()
    await asyncio.sleep(seconds)
    share = (service.cpu_s() - cpu_before) / seconds * 100
    links = sum(session.links for session in sessions)
    await asyncio.gather(*(session.close() for session in sessions))
    return {
        "connections": connections,
        "memory_per_session_kib": (between - before) / connections / 1024,
        "memory_per_connection_kib": (after - between) / connections / 1024,
        "heartbeat_cpu_percent_per_1000": share * 1000 / connections,
        "reconnects": links - connections,
    }
