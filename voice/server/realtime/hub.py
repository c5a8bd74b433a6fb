"""The routes of the Realtime API: who may open a connection, with which session, and where a reply was left."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from voice.audio.network import PacedSink
from voice.conversation.timers import KeptTimers
from voice.server.errors import strange_origin
from voice.server.realtime.client_events import Wrong
from voice.server.realtime.client_secrets import DEFAULT_S, LEAST_S, MOST_S, PREFIX, ClientSecret, ClientSecrets
from voice.server.realtime.connection import GONE_ELSEWHERE, RealtimeConnection
from voice.server.realtime.engine_pool import EnginePool
from voice.server.realtime.items import new_id
from voice.server.realtime.requests import HANDLERS
from voice.server.realtime.session_config import Config, updated
from voice.server.realtime.voice_session import TimerPlace
from voice.server.service import Service
from voice.server.websocket_hub import reject
from voice.server.websocket_messages import RESTARTING, TOKEN_EXPIRED
from voice.sessions.active_session import ActiveSession
from voice.sessions.log import Refused
from voice.sessions.stores.interface import Card, StoreError

SUBPROTOCOL = "realtime"
KEY, SESSION, HEARD = "openai-insecure-api-key.", "x-session.", "x-heard."
MOST_LEFT = 10_000
LEAVE_S = 5.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a handshake asks for."""

    key: str
    session: str = ""
    token: str = ""
    heard: tuple[int, int] | None = None
    model: str = ""
    kind: str = "realtime"


class RealtimeHub:
    """An ASGI application for websocket scopes of the Realtime API."""

    def __init__(self, service: Service, engines: EnginePool) -> None:
        self._service, self._engines = service, engines
        self.secrets = ClientSecrets()
        self.connections: set[RealtimeConnection] = set()
        self.calls: set[asyncio.Task[None]] = set()
        self._by_session: dict[str, RealtimeConnection] = {}
        self._left: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._timers: OrderedDict[str, TimerPlace] = OrderedDict()
        self.whose: Callable[[Card], str] = lambda card: card.sid
        """The timers of sessions with the same name here are the same."""
        self.kept_timers: Callable[[str], KeptTimers | None] = lambda whose: None
        """Where these outlast the server."""
        service.engine.parts.forgotten += (self._forget,)

    def config(self) -> Config:
        """A session as it begins."""
        return Config(model="voice", instructions=self._engines.settings.chat.system)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        try:
            wanted = handshake(scope)
            owner, config = self.welcome(scope, wanted)
            live, token = await self.session(wanted, owner)
        except Refused as refused:
            await reject(refused, send)
            return
        except StoreError as error:
            await reject(Refused("store_failed", str(error), temporary=True), send)
            return
        offered = scope["subprotocols"]
        await send(
            {"type": "websocket.accept", "subprotocol": SUBPROTOCOL if SUBPROTOCOL in offered else None, "headers": []}
        )
        await self.hold(self.connection(live, config, receive, send), wanted, token)

    def connection(
        self,
        live: ActiveSession,
        config: Config,
        receive: Receive,
        send: Send,
        attach: Callable[[PacedSink], None] | None = None,
    ) -> RealtimeConnection:
        """A connection over this session; see RealtimeConnection."""
        engine = self._service.engine
        timers = self._timer_place(live.card)
        return RealtimeConnection(engine, live, self._engines, receive, send, config, HANDLERS, timers, attach)

    def _forget(self, card: Card) -> None:
        """Keep nothing of a session that is deleted or over."""
        self._left.pop(card.sid, None)
        self._timers.pop(card.sid, None)

    def _timer_place(self, card: Card) -> TimerPlace:
        """The timers of this session, as the last connection left them."""
        whose = self.whose(card)
        place = self._timers.get(whose)
        if place is None:
            place = self._timers[whose] = TimerPlace(kept=self.kept_timers(whose), wall=self._service.now_s)
        self._timers.move_to_end(whose)
        if len(self._timers) > MOST_LEFT:
            self._timers.popitem(last=False)
        return place

    async def hold(self, connection: RealtimeConnection, wanted: Wanted, token: str) -> None:
        """Run a connection until its client goes, and remember how much it heard."""
        sid = connection.live.card.sid
        self.connections.add(connection)
        self._by_session[sid] = connection
        heard = wanted.heard if wanted.heard is not None else self._left.get(sid)
        left_s, expiry = self._service.access.left_s(wanted.token), None
        if left_s < math.inf:
            over = partial(connection.close, TOKEN_EXPIRED, "the token has expired; come back with a new one")
            expiry = asyncio.get_running_loop().call_later(left_s, over)
        try:
            left = await connection.run(token, heard)
            self._left[sid] = left
            self._left.move_to_end(sid)
            if len(self._left) > MOST_LEFT:
                self._left.popitem(last=False)
        finally:
            if expiry is not None:
                expiry.cancel()
            self.connections.discard(connection)
            if self._by_session.get(sid) is connection:
                del self._by_session[sid]

    async def close(self) -> None:
        """Ask all clients to reconnect, and leave their sessions in order."""
        leaving = list(self.connections)
        for connection in leaving:
            connection.close(RESTARTING, "the server is restarting")
        ending = [*self.calls, *(asyncio.create_task(one.gone.wait()) for one in leaving)]
        if ending:
            await asyncio.wait(ending, timeout=LEAVE_S)

    def welcome(self, scope: Scope, wanted: Wanted) -> tuple[str, Config]:
        """The owner, and the session as it begins. Raises Refused."""
        owner, secret = self.enter(scope, wanted.key)
        self.check_room()
        config = replace(self.config(), model=wanted.model or "voice", kind=wanted.kind)
        return owner, config if secret is None else updated(config, secret.session)

    def enter(self, scope: Scope, key: str) -> tuple[str, ClientSecret | None]:
        """The owner of an API key or of a client secret, and the secret. Raises Refused."""
        access, headers = self._service.access, Headers(scope=scope)
        if not access.origin_allowed(headers.get("origin"), headers.get("host", "")):
            raise strange_origin()
        secret: ClientSecret | None = None
        if key.startswith(PREFIX):
            secret = self.secrets.find(key, self._service.now_s())
            if secret is None:
                raise Refused("key_invalid", "the client secret is unknown or has expired", expected="a new one")
        owner = access.owner(key) if secret is None else secret.owner
        access.take(owner)
        return owner, secret

    def check_room(self) -> None:
        """Raises Refused talks_full."""
        if self._engines.full:
            raise Refused("talks_full", "all voice slots are in use", temporary=True, remedy="try again later")

    async def session(self, wanted: Wanted, owner: str) -> tuple[ActiveSession, str]:
        """The session asked for, or a new one with its token. Raises Refused or StoreError."""
        service, engine = self._service, self._service.engine
        if wanted.session:
            live = await service.access.session(wanted.session, wanted.token, owner)
            before = self._by_session.get(wanted.session)
            if before is not None:
                before.close(GONE_ELSEWHERE, "the session continues on another connection")
                async with asyncio.timeout(LEAVE_S):
                    await before.gone.wait()
            await live.own()
            return live, ""
        await service.access.may_create(owner)
        return await engine.create(system=self._engines.settings.chat.system, owner=owner)


def handshake(scope: Scope) -> Wanted:
    """What the headers, the subprotocols and the query ask for. Raises Refused bad_request."""
    headers, offered = Headers(scope=scope), scope.get("subprotocols", ())
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    if "call_id" in query:
        what = "joining a call over a WebSocket is not supported here"
        raise Refused(
            "unsupported_session", what, expected="the call's own data channel for its events", param="call_id"
        )
    scheme, _, key = headers.get("authorization", "").partition(" ")
    session, token = headers.get("x-session-id", ""), headers.get("x-session-token", "")
    if not session:
        session, _, token = _offered(offered, SESSION).partition(".")
    heard = headers.get("x-session-heard", "") or _offered(offered, HEARD)
    return Wanted(
        key.strip() if scheme.lower() == "bearer" else _offered(offered, KEY),
        session,
        token,
        _numbers(heard) if heard else None,
        (query.get("model") or [""])[0][:200],
        "transcription" if query.get("intent") == ["transcription"] else "realtime",
    )


def _offered(offered: Sequence[str], prefix: str) -> str:
    return next((one.removeprefix(prefix) for one in offered if one.startswith(prefix)), "")


def _numbers(heard: str) -> tuple[int, int]:
    turn, _, chars = heard.partition(".")
    if not (turn.isascii() and turn.isdigit() and chars.isascii() and chars.isdigit() and len(heard) < 32):
        raise Refused("bad_request", "invalid value of heard", expected="TURN.CHARS, as received in x.spoken")
    return int(turn), int(chars)


class ExpiresAfter(BaseModel):
    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Field(ge=LEAST_S, le=MOST_S)] = DEFAULT_S


class SecretWanted(BaseModel):
    expires_after: ExpiresAfter = ExpiresAfter()
    session: dict[str, Any] = {}


def routes(service: Service, hub: RealtimeHub) -> APIRouter:
    """The routes under /v1/realtime."""
    router = APIRouter(prefix="/v1/realtime", tags=["realtime"])

    @router.post("/client_secrets")
    async def client_secrets(body: SecretWanted, request: Request) -> JSONResponse:
        """A secret that opens the Realtime API for a while; its connections begin with this session."""
        owner = service.access.enter(request.headers)
        try:
            config = updated(hub.config(), body.session)
        except Wrong as wrong:
            raise Refused("bad_request", wrong.message, expected=wrong.param or "") from wrong
        if isinstance(body.session.get("model"), str):
            config = replace(config, model=body.session["model"][:200])
        now = service.now_s()
        until = now + body.expires_after.seconds
        value = hub.secrets.make(ClientSecret(owner, until, body.session), now)
        told = config.told(new_id("sess"))
        return JSONResponse(
            {"value": value, "expires_at": int(until), "session": told}, headers={"cache-control": "no-store"}
        )

    return router
