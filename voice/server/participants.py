"""Several people in one session, over HTTP: they join, speak in one order, keep order, leave."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from voice.server.schemas import (
    CancelBody,
    ParticipantJoined,
    ParticipantTokenWanted,
    ParticipantWanted,
    SaidPlace,
    SayBody,
    storable,
)
from voice.server.service import Service
from voice.server.sessions import Token
from voice.sessions.active_session import ActiveSession
from voice.sessions.group import Participant
from voice.sessions.tokens import participant_of, participant_token


def routes(service: Service) -> APIRouter:
    """The routes of participants under /v1/sessions/ID. What changes something needs an API key that may write."""
    router, access = APIRouter(prefix="/v1/sessions/{session_id}", tags=["participants"]), service.access

    def joined(live: ActiveSession, person: Participant, ttl_s: int) -> JSONResponse:
        made = participant_token(live.card.token_hash, live.card.sid, person.id, service.now_s() + ttl_s)
        answer = ParticipantJoined(**person.to_json(), session_token=made, expires_at=service.at(ttl_s))
        return JSONResponse(answer.model_dump(), 201, {"cache-control": "no-store"})

    @router.post("/participants", status_code=201, response_model=ParticipantJoined)
    async def join(
        session_id: str, body: ParticipantWanted, request: Request, x_session_token: Token = ""
    ) -> JSONResponse:
        """Let someone take part: an id and their own token."""
        live = await access.session(session_id, x_session_token, access.enter(request.headers, "write"))
        return joined(live, await live.group.join(body.name, body.scope), body.ttl_s)

    @router.post("/participants/{participant}/token", status_code=201, response_model=ParticipantJoined)
    async def renew(
        session_id: str,
        participant: str,
        body: ParticipantTokenWanted,
        request: Request,
        x_session_token: Token = "",
    ) -> JSONResponse:
        """Another token for someone who takes part, before or after theirs has ended."""
        live = await access.session(session_id, x_session_token, access.enter(request.headers, "write"))
        return joined(live, live.talk.group.person(participant), body.ttl_s)

    @router.get("/participants")
    async def present(session_id: str, request: Request, x_session_token: Token = "") -> dict[str, Any]:
        """The people who take part, and the messages that wait for an answer."""
        live = await access.session(session_id, x_session_token, access.enter(request.headers), "read")
        group = {"participants": [], "waiting": [], **live.talk.group.snapshot()}
        await live.settled()
        return group

    @router.delete("/participants/{participant}", status_code=204)
    async def leave(session_id: str, participant: str, request: Request, x_session_token: Token = "") -> Response:
        """Someone leaves, or a moderator removes them; their token ends. What they said is still answered."""
        own = participant_of(x_session_token) == participant
        owner = access.enter(request.headers, "write")
        live = await access.session(session_id, x_session_token, owner, "read" if own else "moderate")
        await live.group.leave(participant)
        return Response(status_code=204)

    @router.delete("/participants/{participant}/messages/{n}", status_code=204)
    async def skip(
        session_id: str, participant: str, n: int, request: Request, x_session_token: Token = ""
    ) -> Response:
        """Take a message that waits out of the line; nothing if it does not wait."""
        owner = access.enter(request.headers, "write")
        live = await access.session(session_id, x_session_token, owner, "moderate")
        await live.group.skip(participant, n)
        return Response(status_code=204)

    @router.post("/cancel", status_code=204)
    async def cancel(session_id: str, body: CancelBody, request: Request, x_session_token: Token = "") -> Response:
        """Stop a running turn; what was delivered stays, and the next message is answered."""
        owner = access.enter(request.headers, "write")
        live = await access.session(session_id, x_session_token, owner, "moderate")
        await live.own()
        live.cancel(body.turn)
        await live.settled()
        return Response(status_code=204)

    @router.post("/say", status_code=202, response_model=SaidPlace, response_model_exclude_none=True)
    async def say(session_id: str, body: SayBody, request: Request, x_session_token: Token = "") -> dict[str, Any]:
        """Say something as the participant whose token this is; it is answered in its turn."""
        storable([body.input, body.msg_id])
        owner = access.enter(request.headers, "write")
        live = await access.session(session_id, x_session_token, owner, "speak")
        return live.group.place(await live.group.say(participant_of(x_session_token), body.n, body.input, body.msg_id))

    return router
