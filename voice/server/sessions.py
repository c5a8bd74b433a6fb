"""Sessions over HTTP: made, looked at, followed, deleted."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import JSONResponse, Response

from voice.client.protocol import IDLE_PING_S
from voice.server.access import token_expired
from voice.server.errors import told
from voice.server.schemas import NewSession, Opened, ScopedToken, TokenWanted, storable
from voice.server.service import Service
from voice.server.sse import BEAT, STREAMED, EventStream, sse
from voice.sessions.active_session import ActiveSession
from voice.sessions.log import Refused
from voice.sessions.session_log import unknown_session
from voice.sessions.stores.interface import Usage
from voice.sessions.tokens import participant_of, scoped_token

Token = Annotated[str, Header(alias="x-session-token")]
MOST = 2**53


def routes(service: Service) -> APIRouter:
    """The routes under /v1/sessions."""
    router, engine, access = APIRouter(prefix="/v1/sessions", tags=["sessions"]), service.engine, service.access

    @router.post("", status_code=201, response_model=Opened)
    async def create(body: NewSession, request: Request) -> JSONResponse:
        """Begin a session. Its token is shown this once."""
        owner = access.enter(request.headers)
        await access.may_create(owner)
        options = body.options | ({"person": body.person} if body.person else {})
        if body.group is not None:
            options["group"] = body.group.model_dump()
        storable([body.system, body.model, options])
        live, token = await engine.create(system=body.system, model=body.model, options=options, owner=owner)
        card = live.card
        opened = Opened(session_id=card.sid, session_token=token, epoch=card.epoch, expires_at=service.expires_at(live))
        return JSONResponse(opened.model_dump(), 201, {"x-session-id": card.sid, "cache-control": "no-store"})

    @router.get("/{session_id}")
    async def look(session_id: str, request: Request, x_session_token: Token = "") -> dict[str, Any]:
        """The session's state: what it remembers, where it is, what it used. Never the token.

        The system message is only for those who may write: pages get read tokens.
        """
        owner = access.enter(request.headers)
        live = await access.session(session_id, x_session_token, owner, "read")
        state = live.talk.snapshot()
        await live.settled()
        return {
            "session_id": live.card.sid,
            "epoch": live.talk.epoch,
            "seq": live.talk.seq,
            "expected": live.talk.last + 1,
            "expires_at": service.expires_at(live),
            **({"system": live.card.system} if access.writes(live, x_session_token, owner) else {}),
            "model": live.card.model,
            **state,
            "usage": total(await engine.usage(session_id)),
        }

    @router.delete("/{session_id}", status_code=204)
    async def delete(session_id: str, request: Request, x_session_token: Token = "") -> Response:
        """Remove a session, its text and its ledger, from memory and from the disk."""
        await access.session(session_id, x_session_token, access.enter(request.headers))
        await engine.delete(session_id)
        return Response(status_code=204)

    @router.post("/{session_id}/token", status_code=201, response_model=ScopedToken)
    async def token(session_id: str, body: TokenWanted, request: Request, x_session_token: Token = "") -> ScopedToken:
        """A token that ends by itself, to hand to a browser."""
        live = await access.session(session_id, x_session_token, access.enter(request.headers))
        made = scoped_token(live.card.token_hash, session_id, body.scope, service.now_s() + body.ttl_s)
        return ScopedToken(session_token=made, scope=body.scope, expires_at=service.at(body.ttl_s))

    @router.get("/{session_id}/usage")
    async def usage(session_id: str, request: Request, x_session_token: Token = "") -> dict[str, Any]:
        """The ledger: one row for each turn."""
        await access.session(session_id, x_session_token, access.enter(request.headers), "read")
        rows = await engine.usage(session_id)
        return {"total": total(rows), "turns": [row_json(row) for row in rows]}

    @router.get("/{session_id}/events", responses=STREAMED)
    async def events(
        session_id: str,
        request: Request,
        after: Annotated[int, Query(ge=0, le=MOST)] = 0,
        epoch: Annotated[str, Query(max_length=64)] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
        x_session_token: Token = "",
        last_event_id: Annotated[str, Header()] = "",
    ) -> Response:
        """Events after a place in the log, as JSON, or live as server-sent events where those are accepted."""
        live = await access.session(session_id, x_session_token, access.enter(request.headers), "read")
        streaming = "text/event-stream" in request.headers.get("accept", "")
        if streaming and last_event_id.isascii() and last_event_id.isdigit():
            after = min(int(last_event_id), MOST)
        head, start = await placed(live, after, epoch or live.talk.epoch)
        if streaming:
            until = engine.parts.clock() + access.left_s(x_session_token)
            followed = _followed(live, participant_of(x_session_token), head, start, until)
            return EventStream(followed, {"x-session-id": session_id})
        batch = await live.read(start, limit) if start < live.logged else ()
        return JSONResponse(head | {"events": [event.to_json() for event in batch]})

    async def _followed(
        live: ActiveSession, author: str, head: dict[str, Any], start: int, until: float
    ) -> AsyncGenerator[bytes]:
        yield sse(head, event="attached")
        low, high = IDLE_PING_S
        patience_s = low + (high - low) * engine.parts.random.random()
        try:
            async with aclosing(live.batches(start, patience_s=patience_s, until=until)) as batches:
                async for batch in batches:
                    if not live.talk.group.takes_part(author):
                        raise unknown_session()
                    yield b"".join(sse(event.to_json(), id=event.seq) for event in batch) or BEAT
            yield sse(told(token_expired()), event="err")
        except Refused as refused:
            yield sse(told(refused), event="err")

    return router


async def placed(live: ActiveSession, after: int | None, epoch: str) -> tuple[dict[str, Any], int]:
    """Where a client that has seen the log up to `after` continues: what to send, and the event to continue after.

    Returns once everything the answer speaks of is logged. Raises Refused when the session was lost meanwhile.
    """
    talk = live.talk
    recovered = talk.can_resume(after, epoch)
    head: dict[str, Any] = {"epoch": talk.epoch, "seq": talk.seq, "expected": talk.last + 1, "recovered": recovered}
    if not recovered:
        head["snapshot"] = talk.snapshot()
    await live.settled()
    return head, after if recovered and after is not None else head["seq"]


def row_json(row: Usage) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Usage.__slots__}


def total(rows: Sequence[Usage]) -> dict[str, Any]:
    """Tokens of all turns together; `input` includes `cached`."""
    sums = {name: sum(getattr(row, name) for row in rows) for name in ("input", "cached", "output")}
    return {"turns": len(rows), **sums, "estimated": any(row.estimated for row in rows)}
