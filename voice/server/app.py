"""The server as one ASGI application: HTTP routes, the WebSocket, and the figures."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from voice import __version__
from voice.memory.memory import Memory
from voice.server import batch, errors, participants, people, sessions
from voice.server.access import PEER, BodyLimit
from voice.server.cors import Browsers
from voice.server.metrics import ServerMetrics, text
from voice.server.openai_api import audio, moderations
from voice.server.openai_api import chat_completions as completions
from voice.server.openai_api.responses import conversations
from voice.server.openai_api.responses import routes as responses
from voice.server.openai_api.responses.maker import ResponseMaker
from voice.server.openai_api.responses.socket import ResponseSockets
from voice.server.openai_api.responses.store import ResponseStore
from voice.server.openai_api.speech_services import SpeechServices
from voice.server.realtime import calls
from voice.server.realtime import hub as routes
from voice.server.realtime.engine_pool import EnginePool
from voice.server.realtime.hub import RealtimeHub
from voice.server.schemas import Problem
from voice.server.service import Service
from voice.server.websocket_hub import SocketHub
from voice.sessions.engine import Engine
from voice.sessions.log import Refused
from voice.sessions.stores.interface import StoreError
from voice.settings.serving import ServeSettings

WS_PATH, REALTIME_PATH, RESPONSES_PATH, AUDIO_PATH = "/v1/ws", "/v1/realtime", "/v1/responses", "/v1/audio/trans"


class Application:
    """An ASGI application. The WebSocket does not pass through the HTTP layers: idle connections stay small."""

    def __init__(
        self,
        engine: Engine,
        settings: ServeSettings,
        engines: EnginePool | None = None,
        speech: SpeechServices | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.service = Service(engine, settings)
        self.hub = SocketHub(self.service)
        self.realtime = RealtimeHub(self.service, engines) if engines is not None else None
        maker = ResponseMaker(self.service, ResponseStore(self.service))
        self.responses = ResponseSockets(self.service, maker)
        self.http = _http(self.service, self.hub, self.realtime, speech, maker)
        if memory is not None:
            self.http.include_router(people.routes(self.service, memory))
        larger = {AUDIO_PATH: settings.audio_mb * 1024 * 1024, people.PATH: people.MOST_BYTES}
        limited = BodyLimit(self.http, settings.body_kb * 1024, larger)
        self._guarded = Browsers(limited, self.service.access.origin_allowed)

    @property
    def busy(self) -> bool:
        """Whether a reply is being made or sent."""
        lives = self.service.engine.lives
        making = any(live.running or (live.lost is None and live.logged < live.talk.seq) for live in lives)
        return making or any(connection.sending for connection in self.hub.connections)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        PEER.set((scope.get("client") or ("",))[0])
        if scope["type"] == "websocket" and scope["path"] == WS_PATH:
            await self.hub(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] == REALTIME_PATH and self.realtime is not None:
            await self.realtime(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] == RESPONSES_PATH:
            await self.responses(scope, receive, send)
        else:
            await self._guarded(scope, receive, send)


def create(
    engine: Engine,
    settings: ServeSettings,
    engines: EnginePool | None = None,
    speech: SpeechServices | None = None,
    memory: Memory | None = None,
) -> Application:
    """The application over an engine; with `engines` it serves the Realtime API, with `speech` the audio endpoints,
    with a `memory` that of people.

    Closing the engine, its store, its model server, the engines and the memory is the caller's.
    """
    return Application(engine, settings, engines, speech, memory)


def _http(
    service: Service,
    hub: SocketHub,
    realtime: RealtimeHub | None,
    speech: SpeechServices | None,
    maker: ResponseMaker,
) -> FastAPI:
    # No documentation pages: they would load scripts from elsewhere. /openapi.json has it all.
    refusals: dict[int | str, dict[str, Any]] = {
        422: {"model": Problem, "description": "Refused"},  # in place of FastAPI's own shape
        "default": {"model": Problem, "description": "Refused; docs/protocol.md lists the codes"},
    }
    app = FastAPI(title="voice serve", version=__version__, docs_url=None, redoc_url=None, responses=refusals)
    app.include_router(sessions.routes(service))
    app.include_router(participants.routes(service))
    app.include_router(completions.routes(service))
    app.include_router(batch.routes(service))
    app.include_router(moderations.routes(service))
    app.include_router(responses.routes(service, maker))
    app.include_router(conversations.routes(service))
    if speech is not None:
        app.include_router(audio.routes(service, speech))
    if realtime is not None:
        app.include_router(routes.routes(service, realtime))
        app.include_router(calls.routes(service, realtime))
    app.add_exception_handler(Refused, errors.on_refused)
    app.add_exception_handler(StoreError, errors.on_store_error)
    app.add_exception_handler(RequestValidationError, errors.on_invalid)
    app.add_exception_handler(HTTPException, errors.on_http_error)
    figures = ServerMetrics(service.engine, lambda: len(hub.connections), service.pressure.used_bytes)

    @app.get("/healthz", tags=["operation"])
    async def healthz() -> dict[str, str]:
        """The process is alive."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["operation"])
    async def readyz(request: Request) -> Response:
        """Sessions can be served: the store answers, and no stop was asked for."""
        if service.access.stopping:
            raise Refused("stopping", "the server is shutting down", temporary=True)
        await service.engine.count("")
        return JSONResponse({"status": "ready"})

    @app.get("/metrics", tags=["operation"], response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(text(figures), media_type="text/plain; version=0.0.4; charset=utf-8")

    return app
