"""The routes of OpenAI's Responses: made, streamed, looked at again, stopped, deleted."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from voice.server.openai_api.responses.items import page, told_before
from voice.server.openai_api.responses.maker import Events, ResponseMaker, told
from voice.server.openai_api.responses.request import ResponseBody
from voice.server.openai_api.responses.store import ResponseStore, as_now, is_conversation, whole
from voice.server.service import Service
from voice.server.sse import STREAMED, EventStream, sse
from voice.sessions.log import SessionTurn

Order = Literal["asc", "desc"]
Limit = Annotated[int, Query(ge=1, le=100)]


def routes(service: Service, maker: ResponseMaker) -> APIRouter:
    """The routes under /v1/responses."""
    router, access, engine = APIRouter(prefix="/v1/responses", tags=["openai"]), service.access, service.engine
    store = ResponseStore(service)

    @router.post("", responses=STREAMED)
    async def create(body: ResponseBody, request: Request) -> Response:
        """Answer an input; what was said before is that of the conversation or of the previous response."""
        made = await maker.begin(body, access.enter(request.headers, "write"))
        if body.stream:
            return EventStream(_lines(made.events))
        if body.background and made.place is not None:
            return JSONResponse(await as_now(made.writer, *made.place))
        async with aclosing(made.events) as events:
            async for _ in events:
                pass
        if made.writer.failure is not None:
            raise made.writer.failure
        return JSONResponse(made.writer.response())

    @router.get("/{response_id}", responses=STREAMED)
    async def retrieve(
        response_id: str,
        request: Request,
        stream: bool = False,
        starting_after: Annotated[int, Query(ge=-1, le=2**53)] = -1,
    ) -> Response:
        """A response as it is now; with `stream` its events after a number, and those to come."""
        live, turn = await store.response(response_id, access.enter(request.headers))
        writer = store.writer(live, turn)
        if stream:
            return EventStream(_lines(told(writer, live, turn, starting_after)))
        return JSONResponse(await as_now(writer, live, turn))

    @router.post("/{response_id}/cancel")
    async def cancel(response_id: str, request: Request) -> Response:
        """Stop a response that is in progress; what was said of it stays."""
        live, turn = await store.response(response_id, access.enter(request.headers, "write"), "write")
        if turn.running:
            await live.own()
            live.cancel(turn.number)
        return JSONResponse(await as_now(store.writer(live, turn), live, turn))

    @router.delete("/{response_id}")
    async def delete(response_id: str, request: Request) -> Response:
        """Delete a response, and what was said in it; of a conversation the items stay."""
        live, turn = await store.response(response_id, access.enter(request.headers, "write"), "write")
        await live.own()
        if turn.running:
            live.cancel(turn.number)
        parts = [] if is_conversation(live) else parts_of(turn)
        live.remove(turn.number, ["response", *parts])
        if not is_conversation(live) and all("response" in one.removed for one in live.talk.turns.values()):
            await engine.delete(live.card.sid)
        else:
            await live.settled()
        return JSONResponse({"id": response_id, "object": "response", "deleted": True})

    @router.get("/{response_id}/input_items")
    async def input_items(
        response_id: str, request: Request, after: str = "", limit: Limit = 20, order: Order = "desc"
    ) -> dict[str, Any]:
        """What was put in for a response."""
        live, turn = await store.response(response_id, access.enter(request.headers))
        items = list(told_before(live.card.sid, await whole(live, turn)))
        return page(items, after, limit, order)

    return router


def parts_of(turn: SessionTurn) -> list[str]:
    """All parts of a turn by their names."""
    before = [f"before{place}" for place in range(len(turn.options.get("before", ())))]
    return [*before, "input", "reply", *(f"call{place}" for place in range(len(turn.calls)))]


async def _lines(events: Events) -> AsyncGenerator[bytes]:
    """Events as server-sent events."""
    async with aclosing(events):
        async for some in events:
            yield b"".join(sse(event, event=event["type"]) for event in some)
