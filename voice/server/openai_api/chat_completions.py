"""OpenAI's chat completions: a turn of a session in developer mode, else handed through as it is."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.responses import JSONResponse, Response

from voice.llm.interface import CALL, CALL_PIECE, Ask, Delta, Done, Effect, Message, UpstreamError
from voice.safety.filters import screened, screened_data
from voice.server.batch import FAILED, NO_USAGE, failed, turn_events, usage
from voice.server.errors import from_upstream, told
from voice.server.schemas import ChatMessage, Completion, storable
from voice.server.service import Service
from voice.server.sse import STREAMED, EventStream
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine import Engine
from voice.sessions.log import ENDS, Event, Refused, end_of
from voice.sessions.stateless import through

NO_END: Mapping[str, Any] = {}


class Shape:
    """Writes one completion's parts. `id` and `model` are on each of them, and `seq` where the turn is in a log."""

    def __init__(self, id: str, model: str, created: int) -> None:
        self._base = {"id": id, "created": created, "model": model}
        head = json.dumps({**self._base, "object": "chat.completion.chunk"}, ensure_ascii=False)[:-1]
        self._delta = f'data: {head}, "choices": [{{"index": 0, "finish_reason": null, "delta": {{"content": '
        self._head = f"data: {head}, "

    def role(self, seq: int | None) -> bytes:
        """The first chunk: who speaks."""
        return self._chunk({"role": "assistant", "content": ""}, None, seq)

    def text(self, text: str, seq: int | None) -> bytes:
        """A chunk of text. Written by hand: there are thousands of them a second."""
        end = "}}]}\n\n" if seq is None else f'}}}}], "seq": {seq}}}\n\n'
        return (self._delta + json.dumps(text, ensure_ascii=False) + end).encode()

    def effect(self, effect: Mapping[str, Any], seq: int | None) -> bytes:
        """A chunk without text that asks for something to be done; OpenAI's client keeps fields it does not know."""
        return self._chunk({}, None, seq, effect=effect)

    def call(self, place: int, call: Mapping[str, Any], seq: int | None) -> bytes:
        """A chunk with a function call, whole or its beginning, the reply's `place`-th counted from 0."""
        return self._chunk({"tool_calls": [{"index": place, **call_json(call)}]}, None, seq)

    def call_piece(self, piece: Mapping[str, Any]) -> bytes:
        """A chunk with a piece of a function call."""
        if "name" in piece:
            return self.call(piece["place"], piece, None)
        more = {"index": piece["place"], "function": {"arguments": piece["arguments"]}}
        return self._chunk({"tool_calls": [more]}, None, None)

    def stop(self, seq: int | None, end: Mapping[str, Any] = NO_END) -> bytes:
        """The chunk at the reply's end; `end` is what the log says of it."""
        return self._chunk({}, finish_reason(end), seq, **moderation_fields(end))

    def usage(self, usage: Mapping[str, Any], seq: int | None) -> bytes:
        """The chunk of token counts, where `stream_options` asks for it."""
        return self._line({"choices": [], "usage": usage_json(usage)}, seq)

    def failure(self, error: Mapping[str, Any]) -> bytes:
        """The end of a stream whose reply failed; OpenAI's client raises it."""
        return f"data: {json.dumps({'error': {**error, 'type': 'api_error'}}, ensure_ascii=False)}\n\n".encode()

    def whole(
        self,
        text: str,
        usage: Mapping[str, Any],
        seq: int | None,
        end: Mapping[str, Any] = NO_END,
        calls: Sequence[Mapping[str, Any]] = (),
    ) -> dict[str, Any]:
        """The completion as one object."""
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if calls:
            message |= {"content": text or None, "tool_calls": [call_json(call) for call in calls]}
        choice = {"index": 0, "message": message, "finish_reason": finish_reason(end), "logprobs": None}
        answer = {
            **self._base,
            "object": "chat.completion",
            "choices": [choice],
            "usage": usage_json(usage),
        } | moderation_fields(end)
        return answer if seq is None else {**answer, "seq": seq}

    def _chunk(self, delta: dict[str, Any], finish: str | None, seq: int | None, **more: Any) -> bytes:
        return self._line({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}, seq)

    def _line(self, fields: dict[str, Any], seq: int | None) -> bytes:
        body = json.dumps(fields if seq is None else {**fields, "seq": seq}, ensure_ascii=False)
        return f"{self._head}{body[1:]}\n\n".encode()


DONE = b"data: [DONE]\n\n"


def finish_reason(end: Mapping[str, Any]) -> str:
    """Why the reply ended: the model server's word, or OpenAI's for what moderation stopped."""
    return "content_filter" if end.get("blocked") else str(end.get("finish") or "stop")


def call_json(call: Mapping[str, Any]) -> dict[str, Any]:
    """A function call in OpenAI's names."""
    function = {"name": call["name"], "arguments": call["arguments"]}
    return {"id": call["call_id"], "type": "function", "function": function}


def moderation_fields(end: Mapping[str, Any]) -> dict[str, Any]:
    """What moderation found, where it did."""
    return {name: end[name] for name in ("flagged", "categories", "blocked", "unchecked") if name in end}


def usage_json(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Token counts in OpenAI's names."""
    return {
        "prompt_tokens": usage["input"],
        "completion_tokens": usage["output"],
        "total_tokens": usage["input"] + usage["output"],
        "prompt_tokens_details": {"cached_tokens": usage["cached"]},
        "estimated": usage["estimated"],
    }


def routes(service: Service) -> APIRouter:
    """The routes /v1/chat/completions and /v1/models."""
    router, engine, access = APIRouter(prefix="/v1", tags=["openai"]), service.engine, service.access
    fallback = engine.parts.options.model or engine.parts.upstream.name
    listed = {"id": fallback, "object": "model", "created": 0, "owned_by": "voice"}

    @router.post("/chat/completions", responses=STREAMED)
    async def complete(body: Completion, request: Request, x_session_token: Annotated[str, Header()] = "") -> Response:
        """Answer the last message; with `developer_mode` the session remembers the ones before."""
        owner = access.enter(request.headers, "write")
        options = body.options
        if not body.developer_mode:
            return await _stateless(engine, body, options, owner, body.model or fallback, int(service.now_s()))
        texts = [_message(m) for m in body.messages]
        storable([[text.text for text in texts], body.model])
        live, headers = await _session(body, options, texts, owner, x_session_token)
        words = [text.text for text in texts if text.role == "user"]
        model = live.card.model or fallback
        results = [text for text in texts if text.role == "tool"]
        if not words and not results:
            return JSONResponse(
                Shape(_id(live, 0), model, int(service.now_s())).whole("", NO_USAGE, live.talk.seq), headers=headers
            )
        options = options if body.session_id is not None else {}
        if body.session_id is not None and body.model not in ("", live.card.model, fallback):
            options["model"] = body.model
        if results:
            options["before"] = [{"role": "tool", "text": one.text, "call_id": one.call_id} for one in results]
        turn = await live.ask(body.sequence or 1, words[0] if words else "", options=options)
        shape = Shape(_id(live, turn.number), str(options.get("model", model)), int(service.now_s()))
        return await _turn(live, turn.number, turn.first, shape, body, headers)

    async def _session(
        body: Completion, options: Mapping[str, Any], texts: list[Message], owner: str, token: str
    ) -> tuple[ActiveSession, dict[str, str]]:
        """The session the request means: the one it names, or a new one, whose token goes back in a header."""
        roles = [text.role for text in texts]
        if body.session_id is not None:
            live = await access.session(body.session_id, token, owner)
            results = roles.count("tool")
            if roles not in (["tool"] * results + ["user"], ["tool"] * max(1, results)):
                raise Refused(
                    "bad_request",
                    "messages of an existing session",
                    expected="one user message: the new one, or results of the tools that were called",
                )
            if body.sequence is None:
                raise Refused("sequence_required", "sequence is missing", number=live.talk.last + 1)
            if not live.knows(body.sequence):
                await live.own()
            return live, {"x-session-id": live.card.sid}
        if roles not in (["user"], ["system"], ["system", "user"]):
            raise Refused(
                "bad_request",
                "messages of a new session",
                expected="a system message, a user message, or both in this order",
            )
        if body.sequence not in (None, 1):
            raise Refused("sequence_gap", f"turn {body.sequence} is out of order", number=1)
        await access.may_create(owner)
        system = texts[0].text if roles[0] == "system" else ""
        live, new = await engine.create(system=system, model=body.model, options=options, owner=owner)
        return live, {"x-session-id": live.card.sid, "x-session-token": new, "cache-control": "no-store"}

    @router.get("/models")
    async def models(request: Request) -> dict[str, Any]:
        """The model that answers here."""
        access.enter(request.headers)
        return {"object": "list", "data": [listed]}

    @router.get("/models/{name:path}")
    async def model(name: str, request: Request) -> dict[str, Any]:
        """One model by its name."""
        access.enter(request.headers)
        if name != fallback:
            raise Refused("model_unknown", f"there is no model {name!r}", expected=fallback)
        return listed

    return router


def _message(said: ChatMessage) -> Message:
    role = "system" if said.role == "developer" else said.role
    return Message(role, said.text, call_id=said.tool_call_id or "")


def _id(live: ActiveSession, turn: int) -> str:
    return f"chatcmpl-{live.card.sid}-{turn}"


async def _turn(
    live: ActiveSession, number: int, first: int, shape: Shape, body: Completion, headers: dict[str, str]
) -> Response:
    """A turn's reply. Nothing is sent before its first word, so that an early failure is an HTTP error."""
    events = turn_events(live, number, first)
    early: list[Event] = []
    async for event in events:
        early.append(event)
        if event.t in ENDS or event.t in ("delta", "effect"):
            break
    if early[-1].t in FAILED:
        await events.aclose()
        raise failed(early[-1])
    if body.stream:
        with_usage = body.stream_options is not None and body.stream_options.include_usage
        return EventStream(_chunks(events, early, shape, with_usage), headers)
    async for event in events:
        early.append(event)
    end = early[-1]
    if end.t in FAILED:
        raise failed(end)
    text = "".join(event.d for event in early if event.t == "delta")
    calls = [event.d["data"] for event in early if _is_call(event)]
    return JSONResponse(shape.whole(text, usage(end), end.seq, end.d or {}, calls), headers=headers)


def _is_call(event: Event) -> bool:
    return event.t == "effect" and event.d["kind"] == CALL


async def _chunks(
    events: AsyncGenerator[Event], early: list[Event], shape: Shape, with_usage: bool
) -> AsyncGenerator[bytes]:
    calls = 0
    async with aclosing(events):
        try:
            for event in early:
                yield b"".join(_chunk(event, shape, with_usage, calls))
                calls += _is_call(event)
            async for event in events:
                yield b"".join(_chunk(event, shape, with_usage, calls))
                calls += _is_call(event)
        except Refused as refused:
            yield shape.failure(told(refused))


def _chunk(event: Event, shape: Shape, with_usage: bool, calls: int) -> list[bytes]:
    """What one event is on the wire, after so many function calls.

    The end is followed by the usage, if wanted, and OpenAI's last line.
    """
    if event.t == "delta":
        return [shape.text(event.d, event.seq)]
    if event.t == "started":
        return [shape.role(event.seq)]
    if _is_call(event):
        return [shape.call(calls, event.d["data"], event.seq)]
    if event.t == "effect":
        return [shape.effect(event.d, event.seq)]
    if event.t in FAILED:
        return [shape.failure(told(failed(event)))]
    if event.t in ENDS:
        told_usage = [shape.usage(usage(event), event.seq)] if with_usage else []
        return [shape.stop(event.seq, event.d or {}), *told_usage, DONE]
    return []


async def _stateless(
    engine: Engine, body: Completion, options: Mapping[str, Any], owner: str, model: str, created: int
) -> Response:
    """Hand a request through to the model server and forget it."""
    engine.parts.count("stateless_requests")
    guard = engine.parts.guards.stateless()

    def handed_on(said: ChatMessage) -> Message:
        """The message as it was written, with what redaction takes out of it."""
        told = _message(said)
        if told.role == "system":
            return replace(told, raw=said.raw)
        kept: dict[str, Any] = {name: said.raw[name] for name in ("role", "tool_call_id") if name in said.raw}
        return replace(told, text=screened(guard, told.text), raw={**screened_data(guard, said.raw), **kept})

    storable([[said.raw for said in body.messages], body.model])
    size = sum(len(said.text) for said in body.messages)
    messages = await engine.parts.aside(size, lambda: tuple(handed_on(said) for said in body.messages))
    ask = Ask(messages, model=body.model or engine.parts.options.model, options=options, pieces=bool(body.stream))
    stream = through(engine.parts, ask, owner, guard)
    shape = Shape(f"chatcmpl-{created}-{engine.parts.random.getrandbits(48):x}", model, created)
    try:
        first = await anext(stream, None)
        if body.stream:
            with_usage = body.stream_options is not None and body.stream_options.include_usage
            return EventStream(_passed(stream, first, shape, with_usage))
        items = [first, *[item async for item in stream]]
    except UpstreamError as error:
        raise from_upstream(error) from error
    text = "".join(item.text for item in items if isinstance(item, Delta))
    calls = [item.data for item in items if isinstance(item, Effect) and item.kind == CALL]
    last = items[-1]
    end = end_of(last if isinstance(last, Done) else Done())
    return JSONResponse(shape.whole(text, end["usage"], None, end, calls))


async def _passed(stream: AsyncIterator[Any], first: Any, shape: Shape, with_usage: bool) -> AsyncGenerator[bytes]:
    done: Any = first
    calls = 0
    try:
        yield shape.role(None)
        while done is not None:
            if isinstance(done, Delta):
                yield shape.text(done.text, None)
            elif isinstance(done, Effect) and done.kind == CALL:
                yield shape.call(calls, done.data, None)
                calls += 1
            elif isinstance(done, Effect) and done.kind == CALL_PIECE:
                yield shape.call_piece(done.data)
            elif isinstance(done, Effect):
                yield shape.effect({"kind": done.kind, "data": done.data}, None)
            else:
                end = end_of(done)
                yield shape.stop(None, end) + (shape.usage(end["usage"], None) if with_usage else b"") + DONE
            done = await anext(stream, None)
    except UpstreamError as error:
        yield shape.failure(told(from_upstream(error)))
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()
