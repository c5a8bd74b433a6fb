"""The session server in the test's own event loop, on a real socket, in front of the scripted model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.patience import PATIENCE_S
from tests.support.scripted_llm import ScriptedUpstream, Step, echo
from voice.llm.interface import Ask, Upstream
from voice.memory.memory import Memory
from voice.safety.filters import Guards
from voice.safety.moderation import Moderation
from voice.server.app import Application, create
from voice.server.openai_api.speech_services import SpeechServices
from voice.server.realtime.engine_pool import EnginePool
from voice.server.server import HttpServer, bind, url
from voice.sessions.engine import Engine
from voice.sessions.engine_context import EngineOptions
from voice.sessions.stores.interface import Store
from voice.sessions.stores.memory import MemoryStore
from voice.settings.serving import ServeSettings
from voice.tools.registry import Registry

Op = dict[str, Any]


class Serving:
    """What a test needs of a running server: `http` talks to it, `op` opens sockets."""

    def __init__(self, app: Application, upstream: ScriptedUpstream, server: HttpServer, address: str) -> None:
        self.app, self.engine, self.upstream, self.server, self.url = app, app.service.engine, upstream, server, address
        self.http = httpx.AsyncClient(base_url=address, trust_env=False, timeout=PATIENCE_S)

    async def create(self, **body: Any) -> dict[str, Any]:
        """A new session: id, token, epoch."""
        made = await self.http.post("/v1/sessions", json=body)
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found

    async def chat(self, text: str, token: str = "", **body: Any) -> httpx.Response:
        """One chat completion."""
        messages = body.pop("messages", [{"role": "user", "content": text}])
        headers = {"x-session-token": token} if token else {}
        return await self.http.post("/v1/chat/completions", json={"messages": messages, **body}, headers=headers)

    def socket(self, **how: Any) -> Socket:
        """A WebSocket, used as an async context manager."""
        return Socket(self.url, **how)


class Socket:
    """A `devmode.v1` client that speaks in whole ops."""

    def __init__(self, address: str, **how: Any) -> None:
        how = {"subprotocols": [Subprotocol("devmode.v1")], "open_timeout": PATIENCE_S, **how}
        self._connecting = connect(address.replace("http", "ws", 1) + "/v1/ws", proxy=None, max_size=None, **how)
        self._socket: ClientConnection

    async def __aenter__(self) -> Self:
        self._socket = await self._connecting
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._socket.close()

    async def say(self, **op: Any) -> None:
        await self.raw(json.dumps(op))

    async def raw(self, frame: str | bytes) -> None:
        await self._socket.send(frame)

    async def get(self) -> Op:
        async with asyncio.timeout(PATIENCE_S):
            op: Op = json.loads(await self._socket.recv())
        return op

    async def until(self, t: str) -> list[Op]:
        """The ops up to and with the next event of type `t`."""
        ops = [await self.get()]
        while ops[-1].get("t") != t:
            ops.append(await self.get())
        return ops

    async def quiet(self) -> bool:
        """Whether nothing was sent before the answer to a ping."""
        return await self.rest() == []

    async def rest(self) -> list[Op]:
        """What was sent before the answer to a ping."""
        await self.say(op="ping", n=424242)
        ops = [await self.get()]
        while ops[-1]["op"] != "pong":
            ops.append(await self.get())
        return ops[:-1]

    async def attach(self, session: dict[str, Any], **more: Any) -> Op:
        await self.say(op="attach", session_id=session["session_id"], session_token=session["session_token"], **more)
        return await self.get()

    async def closed(self) -> tuple[int, str]:
        """The close code and reason, whatever came before it."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    await self._socket.recv()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code, closed.rcvd.reason


@asynccontextmanager
async def serving(
    answer: Callable[[Ask], Iterable[Step]] = echo,
    *,
    store: Store | None = None,
    options: EngineOptions | None = None,
    engines: EnginePool | None = None,
    speech: SpeechServices | None = None,
    upstream: Upstream | None = None,
    moderation: Moderation | None = None,
    guards: Guards | None = None,
    memory: Memory | None = None,
    tools: Registry | None = None,
    **settings: Any,
) -> AsyncIterator[Serving]:
    """Run the server inside; leaving stops it gracefully. With `engines` it talks, too."""
    how = ServeSettings(port=0, **settings)
    scripted = ScriptedUpstream(answer)
    asked, recall = upstream or scripted, memory.recall if memory is not None else None
    engine = Engine(
        store or MemoryStore(), asked, options, moderation=moderation, guards=guards, tools=tools, recall=recall
    )
    app, listening = create(engine, how, engines, speech, memory), bind(how)
    ready = asyncio.Event()
    server = HttpServer(app, lambda _: ready.set())
    running = asyncio.create_task(server.serve(sockets=[listening]))
    await ready.wait()
    here = Serving(app, scripted, server, url(listening))
    try:
        async with here.http:
            yield here
    finally:
        server.should_exit = True
        await running
        await engine.close()
        if memory is not None:
            memory.close()
