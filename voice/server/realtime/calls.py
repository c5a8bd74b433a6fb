"""Calls over WebRTC: an SDP offer is answered, and a Realtime connection runs over its data channel and tracks."""

from __future__ import annotations

import asyncio
import importlib
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from voice.errors import ConfigError
from voice.server.realtime.client_events import Wrong
from voice.server.realtime.connection import RealtimeConnection
from voice.server.realtime.hub import LEAVE_S, RealtimeHub, handshake
from voice.server.realtime.items import new_id
from voice.server.realtime.session_config import Config, updated
from voice.server.service import Service
from voice.sessions.log import Refused
from voice.text.patterns import pattern_of

if TYPE_CHECKING:
    from voice.server.realtime.rtc_peer import RtcPeer

SDP, FORM = "application/sdp", "multipart/form-data"
NORMAL = 1000
STUN = pattern_of(r"stun:[\w.-]+(:\d{1,5})?", re.ASCII)

OFFER: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            SDP: {"schema": {"type": "string"}},
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["sdp"],
                    "properties": {"sdp": {"type": "string"}, "session": {"type": "object"}},
                }
            },
        },
    }
}
ANSWER: dict[int | str, dict[str, Any]] = {201: {"content": {SDP: {"schema": {"type": "string"}}}}}
"""For the OpenAPI document."""


@dataclass(frozen=True, slots=True)
class RtcCall:
    """A call that goes on, and who began it."""

    owner: str
    connection: RealtimeConnection
    running: asyncio.Task[None]


class RtcCalls:
    """The calls of a server, by their names."""

    def __init__(self, service: Service, hub: RealtimeHub) -> None:
        self._service, self._hub = service, hub
        self._calls: dict[str, RtcCall] = {}
        self._stun = service.settings.stun
        if self._stun and not STUN.fullmatch(self._stun):
            raise ConfigError(f"{self._stun!r} is not a STUN server", where="serve.stun", expected="stun:HOST:PORT")

    async def answer(self, request: Request) -> tuple[str, str]:
        """The name of a new call, and its SDP answer. Raises Refused."""
        wanted = handshake(request.scope)
        owner, config = self._hub.welcome(request.scope, wanted)
        offer, session = await _body(request)
        peer = await self._peer()
        try:
            if session:
                config = _with_model(updated(config, session), session)
            sdp = await peer.answer(offer, request.client.host if request.client else "")
            live, token = await self._hub.session(wanted, owner)
            self._hub.check_room()
        except Wrong as wrong:
            await peer.close()
            if wrong.code == "invalid_offer":
                raise Refused(wrong.code, wrong.message, expected="an SDP offer with an audio line") from wrong
            raise Refused("bad_request", wrong.message, expected=wrong.param or "") from wrong
        except BaseException:
            await peer.close()
            raise
        connection = self._hub.connection(live, config, peer.receive, peer.send, peer.track.attach)
        peer.hear = connection.hear
        name = new_id("rtc")

        async def run() -> None:
            try:
                await self._hub.hold(connection, wanted, token)
            finally:
                del self._calls[name]
                await peer.close()

        running = asyncio.create_task(run(), name="realtime call")
        self._calls[name] = RtcCall(owner, connection, running)
        self._hub.calls.add(running)
        running.add_done_callback(self._hub.calls.discard)
        return name, sdp

    async def hang_up(self, name: str, request: Request) -> None:
        """End a call of the same owner. Raises Refused."""
        owner, _ = self._hub.enter(request.scope, handshake(request.scope).key)
        call = self._calls.get(name)
        if call is None or call.owner != owner:
            raise Refused("call_unknown", "there is no such call, or it has ended", expected="the name in Location")
        call.connection.close(NORMAL, "")
        await asyncio.wait({call.running}, timeout=LEAVE_S)

    async def _peer(self) -> RtcPeer:
        try:
            module = await asyncio.to_thread(importlib.import_module, "voice.server.realtime.rtc_peer")
        except ModuleNotFoundError as error:
            raise Refused(
                "not_installed",
                f"calls over WebRTC need the package {error.name}, which is not installed on the server",
                expected="pip install 'voice-at-home[webrtc]'",
            ) from error
        peer: RtcPeer = module.RtcPeer(self._service.settings.body_kb * 1024, self._stun)
        return peer


async def _body(request: Request) -> tuple[str, dict[str, Any]]:
    """The offer, and the session beside it. Raises Refused."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == SDP:
        return _text(await request.body()), {}
    if kind != FORM:
        raise Refused("media_type", f"content type {kind[:80]!r} is not accepted here", expected=f"{SDP} or {FORM}")
    form = await request.form()
    parts = {name: form.get(name, "") for name in ("sdp", "session")}
    offer, told = [
        _text(await part.read()) if isinstance(part, UploadFile) else part for part in (parts["sdp"], parts["session"])
    ]
    if not offer:
        raise Refused("bad_request", "the form has no field sdp", expected="an SDP offer")
    try:
        session = json.loads(told or "{}")
    except ValueError as error:
        raise Refused("bad_request", f"session: {error}", expected="a JSON object") from error
    if not isinstance(session, dict):
        raise Refused("bad_request", "session is not an object", expected="a JSON object")
    return offer, session


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Refused("invalid_offer", f"the body is not UTF-8: {error}", expected="an SDP offer") from error


def _with_model(config: Config, session: dict[str, Any]) -> Config:
    model = session.get("model")
    return replace(config, model=model[:200]) if isinstance(model, str) else config


def routes(service: Service, hub: RealtimeHub) -> APIRouter:
    """The routes under /v1/realtime/calls."""
    router = APIRouter(prefix="/v1/realtime/calls", tags=["realtime"])
    calls = RtcCalls(service, hub)

    @router.post("", status_code=201, response_class=Response, openapi_extra=OFFER, responses=ANSWER)
    async def call(request: Request) -> Response:
        """Answer the SDP offer of a WebRTC peer; the conversation begins as soon as it has connected."""
        name, sdp = await calls.answer(request)
        headers = {"location": f"/v1/realtime/calls/{name}", "cache-control": "no-store"}
        return Response(sdp, 201, headers, SDP)

    @router.post("/{call_id}/hangup", response_class=Response)
    async def hang_up(call_id: str, request: Request) -> Response:
        """End a call."""
        await calls.hang_up(call_id, request)
        return Response(status_code=200)

    @router.post("/{call_id}/{what}", include_in_schema=False)
    async def by_telephone(call_id: str, what: Literal["accept", "reject", "refer"]) -> Response:
        """What OpenAI has for calls over SIP."""
        where = "calls over WebRTC: POST /v1/realtime/calls"
        raise Refused("unsupported_session", f"SIP, and so to {what} a call, is not supported here", expected=where)

    return router
