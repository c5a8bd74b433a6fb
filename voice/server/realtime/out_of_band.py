"""A response outside the conversation: written only, asked with the conversation or with other items, kept nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from voice.llm.interface import Ask, Delta, Done, Effect, Message, UpstreamError
from voice.safety.filters import Guard, screened
from voice.server.realtime.client_events import Wrong, unsupported
from voice.server.realtime.events import INCOMPLETE
from voice.server.realtime.items import Item, Items, read_item
from voice.server.realtime.response import Response, Say
from voice.server.realtime.session_config import Config
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine_context import EngineContext
from voice.sessions.log import Refused, end_of
from voice.sessions.stateless import through

MOST_ASIDE = 8


class Asides:
    """The responses of a connection outside its conversation; they run beside it and beside each other."""

    def __init__(self, parts: EngineContext, live: ActiveSession, items: Items, say: Say) -> None:
        self._parts, self._live, self._items, self._say = parts, live, items, say
        self._running: dict[str, asyncio.Task[None]] = {}

    def begin(self, config: Config, once: Mapping[str, Any], given: Any, metadata: Any) -> None:
        """Begin one. `given` is its input, None for the conversation as it is. Raises Wrong."""
        if len(self._running) >= MOST_ASIDE:
            raise Wrong("too_many_responses", f"{MOST_ASIDE} responses outside the conversation are in progress")
        options = config.options(once)
        system = Message("system", str(options.pop("instructions", self._live.talk.system)))
        messages = tuple(one for one in (system, *self._messages(given)) if one.text or one.calls)
        ask = Ask(messages, model=self._live.card.model or self._parts.options.model, options=options)

        def say(kind: str, **fields: Any) -> None:
            if not kind.startswith("conversation.item."):  # there is none
                self._say(kind, **fields)

        response = Response(say, Items(), config, 0, speaks=False, metadata=metadata)
        task = asyncio.create_task(self._answer(response, ask), name="response outside the conversation")
        self._running[response.id] = task
        task.add_done_callback(lambda _: self._running.pop(response.id))

    def cancel(self, response: str) -> bool:
        """Stop one; False where none has this name."""
        task = self._running.get(response)
        if task is not None:
            task.cancel()
        return task is not None

    async def close(self) -> None:
        """Stop all of them."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    async def _answer(self, response: Response, ask: Ask) -> None:
        try:
            async with aclosing(through(self._parts, ask, self._live.card.owner, self._live.guard)) as stream:
                async for item in stream:
                    if isinstance(item, Delta):
                        response.said(item.text)
                    elif isinstance(item, Effect) and item.kind == "function_call":
                        response.call(item.data)
                    elif isinstance(item, Done):
                        reason = "content_filter" if item.blocked else INCOMPLETE.get(item.finish, "")
                        status = "incomplete" if reason else "completed"
                        response.end(status, reason=reason, usage=end_of(item)["usage"])
        except (Refused, UpstreamError) as error:
            response.failure = {"type": "server_error", "code": error.code, "message": str(error)}
            response.end("failed")
        except asyncio.CancelledError:
            response.end("cancelled", reason="client_cancelled")
            raise

    def _messages(self, given: Any) -> Sequence[Message]:
        """What is asked, as the model server may have it. Raises Wrong."""
        guard = self._live.guard
        if given is None:
            talk = self._live.talk
            said = [message for turn in talk.remembered() if not turn.running for message in turn.messages()]
            waiting = [item.before for item in self._items.waiting if item.before is not None]
            return [
                *(replace(one, text=guard.to_model(one.text)) for one in said),
                *(_new(guard, one) for one in waiting),
            ]
        if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
            raise Wrong("invalid_value", "input must be a list of items", "response.input")
        return [_new(guard, self._read(one, f"response.input[{place}]")) for place, one in enumerate(given)]

    def _read(self, item: Mapping[str, Any], where: str) -> Mapping[str, str]:
        if item.get("type") != "item_reference":
            return read_item(item, where)[1]
        name = item.get("id")
        if not isinstance(name, str):
            raise Wrong("missing_field", "an item_reference needs an id", f"{where}.id")
        return _message_of(self._items.find(name), where)


def _message_of(item: Item, where: str) -> Mapping[str, str]:
    """What an item of the conversation says."""
    if item.told["type"] != "message":
        raise unsupported(f"a reference to an item of type {item.told['type']!r}", where)
    texts = [str(part.get("text") or part.get("transcript") or "") for part in item.told["content"]]
    return {"role": item.told["role"], "text": "\n".join(texts)}


def _new(guard: Guard, one: Mapping[str, str]) -> Message:
    role: Any = one["role"]
    return Message(role, guard.to_model(screened(guard, one["text"])), call_id=one.get("call_id", ""))
