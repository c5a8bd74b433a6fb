"""`POST /v1/realtime/client_secrets`: a key for a browser, made with one that must not be there."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from voice.chat.log import Refused
from voice.serve.realtime.config import updated
from voice.serve.realtime.errors import Wrong
from voice.serve.realtime.hub import RealtimeHub
from voice.serve.realtime.items import new_id
from voice.serve.realtime.secrets import DEFAULT_S, LEAST_S, MOST_S, ClientSecret
from voice.serve.service import Service


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
