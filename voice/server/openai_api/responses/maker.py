"""A response made from its request, stored in a session or not, for all who ask: over HTTP and over WebSocket."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from voice.llm.interface import Ask, Delta, Done, Effect, Message, UpstreamError
from voice.safety.filters import screened
from voice.server.batch import turn_events
from voice.server.openai_api.responses.events import ResponseEvent, ResponseWriter
from voice.server.openai_api.responses.items import ItemNames, read, words_of
from voice.server.openai_api.responses.request import ResponseBody, base
from voice.server.openai_api.responses.store import ResponseStore, remembered
from voice.server.service import Service
from voice.sessions.active_session import ActiveSession
from voice.sessions.log import Refused, SessionTurn, end_of
from voice.sessions.stateless import through

Events = AsyncGenerator[Sequence[ResponseEvent]]


@dataclass(frozen=True, slots=True)
class Made:
    """A response that has begun. Its `events` bring the writer to its end; it is of a turn where it is stored."""

    writer: ResponseWriter
    events: Events
    place: tuple[ActiveSession, SessionTurn] | None = None


class ResponseMaker:
    """Begins responses. `begin` raises Refused for what cannot pass; what fails later is an event."""

    def __init__(self, service: Service, store: ResponseStore) -> None:
        self._service, self._store, self._parts = service, store, service.engine.parts
        self._usual = self._parts.options.model or self._parts.upstream.name

    async def begin(self, body: ResponseBody, owner: str) -> Made:
        body.check()
        before = read(body.input or "", "input")
        words, options = words_of(before), body.options
        record = body.record(int(self._service.now_s()), body.model or self._usual)
        if body.model not in ("", self._usual):
            options["model"] = body.model
        if body.store is False:
            return await self._unstored(body, owner, [*before, {"role": "user", "text": words}], options, record)
        live = await self._session(body, owner)
        said = tuple(Message(one["role"], one["text"]) for one in before)
        new = (Message("system", body.instructions or ""), *said, Message("user", words))
        if body.truncation == "disabled" and not live.talk.fits(new):
            what = "the input and what was said before exceed the context of the model"
            raise Refused("context_too_long", what, expected='truncation: "auto"', param="input")
        turn = await self._store.ask(live, words, options | {"before": before, "record": record})
        writer = self._store.writer(live, turn)
        return Made(writer, told(writer, live, turn), (live, turn))

    async def _session(self, body: ResponseBody, owner: str) -> ActiveSession:
        """The session the request continues, or a new one."""
        if body.conversation_id is not None:
            return await self._store.conversation(body.conversation_id, owner, "write")
        if body.previous_response_id is not None:
            return await self._store.after(body.previous_response_id, owner)
        return await self._store.begin(owner, {})

    async def _unstored(
        self,
        body: ResponseBody,
        owner: str,
        new: list[dict[str, Any]],
        options: dict[str, Any],
        record: dict[str, Any],
    ) -> Made:
        """Answer and forget: neither the input nor the reply is kept."""
        said: list[Message] = []
        if body.previous_response_id is not None:
            live, turn = await self._store.response(body.previous_response_id, owner)
            said = [*remembered(live, turn.number)]
        guard, parts = self._parts.guards.stateless(), self._parts
        model = options.pop("model", parts.options.model)
        asked = [_message(one) for one in new if one["text"] or one.get("calls")]
        size = sum(len(one.text) for one in asked)
        if size > self._service.settings.input_chars:
            raise Refused("input_too_long", f"an input of {size} characters", param="input")
        asked = await parts.aside(size, lambda: [replace(one, text=screened(guard, one.text)) for one in asked])
        system = Message("system", options.pop("instructions", ""))
        messages = tuple(one for one in (system, *said, *asked) if one.text or one.calls)
        parts.count("stateless_requests")
        stream = through(parts, Ask(messages, model=model, options=options), owner, guard)
        random = f"{parts.random.getrandbits(128):032x}"
        told_base = base(options | {"instructions": body.instructions}, record, f"resp_{random}", "")
        writer = ResponseWriter(told_base, ItemNames(random, 0))
        return Made(writer, _passed(writer, stream))


def _message(one: Mapping[str, Any]) -> Message:
    return Message(one["role"], one["text"], tuple(one.get("calls", ())), one.get("call_id", ""))


async def told(writer: ResponseWriter, live: ActiveSession, turn: SessionTurn, after: int = -1) -> Events:
    """The events of a stored response after a number, to its end."""
    async with aclosing(turn_events(live, turn.number, turn.first)) as events:
        try:
            async for event in events:
                if found := [one for one in writer.take(event) if one["sequence_number"] > after]:
                    yield found
        except Refused as refused:
            writer.failure = refused
            yield [writer.broken(refused.code, str(refused))]


async def _passed(writer: ResponseWriter, stream: AsyncGenerator[Delta | Effect | Done]) -> Events:
    """The events of a response that is not stored."""
    async with aclosing(stream):
        yield writer.begin()
        try:
            async for item in _items(stream):
                if isinstance(item, Delta):
                    yield writer.say(item.text)
                elif isinstance(item, Effect):
                    if item.kind == "function_call":
                        yield writer.call(item.data)
                else:
                    yield writer.end("done", end_of(item))
        except (UpstreamError, Refused) as error:
            failure = {"code": error.code, "message": str(error), "temporary": error.temporary}
            yield writer.end("failed", failure)


async def _items(stream: AsyncIterator[Delta | Effect | Done]) -> AsyncIterator[Delta | Effect | Done]:
    """What a model server sends, with an end in any case."""
    async for item in stream:
        yield item
        if isinstance(item, Done):
            return
    yield Done()
