"""`POST /v1/realtime/client_secrets`: a key for a browser, made with one that must not be there."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from voice.server.realtime.client_secrets import DEFAULT_S, LEAST_S, MOST_S, ClientSecret
from voice.server.realtime.errors import Wrong
from voice.server.realtime.hub import RealtimeHub
from voice.server.realtime.items import new_id
from voice.server.realtime.session_config import updated
from voice.server.service import Service
from voice.sessions.log import Refused


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
