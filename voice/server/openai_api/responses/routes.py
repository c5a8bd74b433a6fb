"""The routes of OpenAI's Responses: made, streamed, looked at again, stopped, deleted."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from voice.llm.interface import Ask, Delta, Done, Effect, Message, UpstreamError
from voice.safety.filters import screened
from voice.server.batch import failed, turn_events
from voice.server.errors import from_upstream
from voice.server.openai_api.responses.events import ResponseEvent, ResponseWriter
from voice.server.openai_api.responses.items import ItemNames, page, read, told_before, words_of
from voice.server.openai_api.responses.request import ResponseBody, base
from voice.server.openai_api.responses.store import (
    ResponseStore,
    as_now,
    is_conversation,
    remembered,
    whole,
)
from voice.server.service import Service
from voice.server.sse import STREAMED, EventStream, sse
from voice.sessions.active_session import ActiveSession
from voice.sessions.log import Refused, SessionTurn, end_of
from voice.sessions.stateless import through

Order = Literal["asc", "desc"]
Limit = Annotated[int, Query(ge=1, le=100)]


def routes(service: Service) -> APIRouter:
    """The routes under /v1/responses."""
    router, access, engine = APIRouter(prefix="/v1/responses", tags=["openai"]), service.access, service.engine
    store = ResponseStore(service)
    usual = engine.parts.options.model or engine.parts.upstream.name

    @router.post("", responses=STREAMED)
    async def create(body: ResponseBody, request: Request) -> Response:
        """Answer an input; what was said before is that of the conversation or of the previous response."""
        owner = access.enter(request.headers, "write")
        body.check()
        before = read(body.input or "", "input")
        words, options = words_of(before), body.options
        record = body.record(int(service.now_s()), body.model or usual)
        if body.model not in ("", usual):
            options["model"] = body.model
        if body.store is False:
            return await _unstored(body, owner, [*before, {"role": "user", "text": words}], options, record)
        live = await _session(body, owner)
        said = tuple(Message(one["role"], one["text"]) for one in before)
        new = (Message("system", body.instructions or ""), *said, Message("user", words))
        if body.truncation == "disabled" and not live.talk.fits(new):
            what = "the input and what was said before exceed the context of the model"
            raise Refused("context_too_long", what, expected='truncation: "auto"', param="input")
        turn = await store.ask(live, words, options | {"before": before, "record": record})
        writer = store.writer(live, turn)
        if body.stream:
            return EventStream(_told(writer, live, turn))
        if body.background:
            return JSONResponse(await as_now(writer, live, turn))
        async for event in turn_events(live, turn.number, turn.first):
            writer.take(event)
        if writer.status == "failed":
            raise failed(event)
        return JSONResponse(writer.response())

    async def _session(body: ResponseBody, owner: str) -> ActiveSession:
        """The session the request continues, or a new one."""
        if body.conversation_id is not None:
            return await store.conversation(body.conversation_id, owner, "write")
        if body.previous_response_id is not None:
            return await store.after(body.previous_response_id, owner)
        return await store.begin(owner, {})

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
            return EventStream(_told(writer, live, turn, starting_after))
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

    async def _unstored(
        body: ResponseBody, owner: str, new: list[dict[str, Any]], options: dict[str, Any], record: dict[str, Any]
    ) -> Response:
        """Answer and forget: neither the input nor the reply is kept."""
        said: list[Message] = []
        if body.previous_response_id is not None:
            live, turn = await store.response(body.previous_response_id, owner)
            said = [*remembered(live, turn.number)]
        guard = engine.parts.guards.stateless()
        model = options.pop("model", engine.parts.options.model)
        asked = [_message(one) for one in new if one["text"] or one.get("calls")]
        size = sum(len(one.text) for one in asked)
        if size > service.settings.input_chars:
            raise Refused("input_too_long", f"an input of {size} characters", param="input")
        asked = await engine.parts.aside(size, lambda: [replace(one, text=screened(guard, one.text)) for one in asked])
        system = Message("system", options.pop("instructions", ""))
        messages = tuple(one for one in (system, *said, *asked) if one.text or one.calls)
        engine.parts.count("stateless_requests")
        stream = through(engine.parts, Ask(messages, model=model, options=options), owner, guard)
        random = f"{engine.parts.random.getrandbits(128):032x}"
        told = base(options | {"instructions": body.instructions}, record, f"resp_{random}", "")
        writer = ResponseWriter(told, ItemNames(random, 0))
        try:
            first = await anext(stream)
            if body.stream:
                return EventStream(_passed(writer, stream, first))
            writer.begin()
            _take(writer, first)
            async for item in stream:
                _take(writer, item)
        except UpstreamError as error:
            raise from_upstream(error) from error
        return JSONResponse(writer.response())

    return router


def parts_of(turn: SessionTurn) -> list[str]:
    """All parts of a turn by their names."""
    before = [f"before{place}" for place in range(len(turn.options.get("before", ())))]
    return [*before, "input", "reply", *(f"call{place}" for place in range(len(turn.calls)))]


def _message(one: Mapping[str, Any]) -> Message:
    return Message(one["role"], one["text"], tuple(one.get("calls", ())), one.get("call_id", ""))


async def _told(
    writer: ResponseWriter, live: ActiveSession, turn: SessionTurn, after: int = -1
) -> AsyncGenerator[bytes]:
    """The events of a stored response after a number, to its end."""
    async with aclosing(turn_events(live, turn.number, turn.first)) as events:
        try:
            async for event in events:
                told = [one for one in writer.take(event) if one["sequence_number"] > after]
                if told:
                    yield b"".join(map(_line, told))
        except Refused as refused:
            yield _line(writer.broken(refused.code, str(refused)))


async def _passed(writer: ResponseWriter, stream: AsyncIterator[Any], first: Any) -> AsyncGenerator[bytes]:
    """The events of a response that is not stored."""
    try:
        yield b"".join(map(_line, [*writer.begin(), *_take(writer, first)]))
        async for item in stream:
            if told := _take(writer, item):
                yield b"".join(map(_line, told))
    except UpstreamError as error:
        yield b"".join(map(_line, writer.end("failed", {"code": error.code, "message": str(error)})))
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()


def _take(writer: ResponseWriter, item: Delta | Effect | Done) -> list[ResponseEvent]:
    if isinstance(item, Delta):
        return writer.say(item.text)
    if isinstance(item, Effect):
        return writer.call(item.data) if item.kind == "function_call" else []
    return writer.end("done", end_of(item))


def _line(event: ResponseEvent) -> bytes:
    return sse(event, event=event["type"])
