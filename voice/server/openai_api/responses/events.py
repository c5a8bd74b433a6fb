"""One response as it is made: from the log of its turn to the events that OpenAI's clients read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voice.server.openai_api.responses.items import Item, ItemNames, function_call, message, output_text
from voice.sessions.log import ENDS, Event, Refused

ResponseEvent = dict[str, Any]

NO_USAGE: Mapping[str, int] = {"input": 0, "cached": 0, "output": 0}
INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""The words of model servers for the end of a reply that is not its own, in those of the API."""


class ResponseWriter:
    """Writes one response. `base` is what the request said; each method returns the events to send, numbered from 0.

    A turn gives the same events every time, so that a client may come back with the last number it has seen.
    """

    def __init__(self, base: Mapping[str, Any], names: ItemNames) -> None:
        self._base, self._names = base, names
        self._number = 0
        self._text: list[str] = []
        self._message: int | None = None
        self._messages = self._calls = 0
        self._output: list[Item] = []
        self.status = "in_progress"
        self.failure: Refused | None = None
        """Why it failed, for an answer that is not a stream."""
        self._end: dict[str, Any] = {"error": None, "incomplete_details": None, "usage": None}

    @property
    def ended(self) -> bool:
        return self.status != "in_progress"

    def response(self) -> dict[str, Any]:
        """The response as it is now."""
        return {**self._base, "object": "response", "status": self.status, "output": list(self._output), **self._end}

    def take(self, event: Event) -> list[ResponseEvent]:
        """The events that tell one of the log."""
        if event.t == "started":
            return self.begin()
        if event.t == "delta":
            return self.say(event.d)
        if event.t == "effect" and event.d["kind"] == "function_call":
            return self.call(event.d["data"])
        return self.end(event.t, event.d or {}) if event.t in ENDS else []

    def begin(self) -> list[ResponseEvent]:
        return [self._told(f"response.{name}", response=self.response()) for name in ("created", "in_progress")]

    def say(self, text: str) -> list[ResponseEvent]:
        """More of the reply."""
        events: list[ResponseEvent] = []
        if self._message is None:
            self._message = len(self._output)
            item = message(self._names.reply(self._messages), "assistant", "", "in_progress") | {"content": []}
            self._output.append(item)
            events.append(self._told("response.output_item.added", output_index=self._message, item=item))
            events.append(self._told("response.content_part.added", **self._place(), part=output_text("")))
        self._text.append(text)
        return [*events, self._told("response.output_text.delta", **self._place(), delta=text, logprobs=[])]

    def call(self, call: Mapping[str, Any]) -> list[ResponseEvent]:
        """A function of the client is called, with all its arguments."""
        events = self._end_message("completed")
        whole = function_call(self._names.call(self._calls), call)
        self._calls += 1
        index = len(self._output)
        self._output.append(whole)
        begun = {**whole, "arguments": "", "status": "in_progress"}
        place, arguments = {"item_id": whole["id"], "output_index": index}, whole["arguments"]
        name = "response.function_call_arguments"
        return [
            *events,
            self._told("response.output_item.added", output_index=index, item=begun),
            self._told(f"{name}.delta", **place, delta=arguments),
            self._told(f"{name}.done", **place, arguments=arguments),
            self._told("response.output_item.done", output_index=index, item=whole),
        ]

    def end(self, t: str, d: Mapping[str, Any]) -> list[ResponseEvent]:
        """The end of the turn, `t` and `d` as the log has them."""
        status, reason = _status(t, d)
        events = self._end_message("completed" if status == "completed" else "incomplete")
        self.status = status
        self._end["usage"] = _usage(d.get("usage") or NO_USAGE)
        if reason:
            self._end["incomplete_details"] = {"reason": reason}
        if status == "failed":
            code = "rate_limit_exceeded" if "rate_limit" in d["code"] else "server_error"
            self._end["error"] = {"code": code, "message": f"{d['message']} ({d['code']})"}
            self.failure = Refused(d["code"], d["message"], temporary=d["temporary"])
        kind = {"completed": "completed", "failed": "failed"}.get(status, "incomplete")
        return [*events, self._told(f"response.{kind}", response=self.response())]

    def broken(self, code: str, text: str) -> ResponseEvent:
        """The stream cannot go on, while the response itself may."""
        return self._told("error", code=code, message=text, param=None)

    def _end_message(self, status: str) -> list[ResponseEvent]:
        if self._message is None:
            return []
        place, text = self._place(), "".join(self._text)
        item = message(place["item_id"], "assistant", text, status)
        self._output[self._message] = item
        index, self._message, self._text = self._message, None, []
        self._messages += 1
        return [
            self._told("response.output_text.done", **place, text=text, logprobs=[]),
            self._told("response.content_part.done", **place, part=item["content"][0]),
            self._told("response.output_item.done", output_index=index, item=item),
        ]

    def _place(self) -> dict[str, Any]:
        name = self._names.reply(self._messages)
        return {"item_id": name, "output_index": self._message, "content_index": 0}

    def _told(self, kind: str, **fields: Any) -> ResponseEvent:
        event = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return event


def _status(t: str, d: Mapping[str, Any]) -> tuple[str, str]:
    """How a response ended, and why where that is not its own end."""
    if t in ("failed", "retry_failed"):
        return "failed", ""
    if t != "done":
        return "cancelled", ""
    reason = "content_filter" if d.get("blocked") else INCOMPLETE.get(str(d.get("finish")), "")
    return ("incomplete", reason) if reason else ("completed", "")


def _usage(used: Mapping[str, Any]) -> dict[str, Any]:
    """Token counts in OpenAI's names."""
    return {
        "input_tokens": used["input"],
        "input_tokens_details": {"cached_tokens": used["cached"], "cache_write_tokens": 0},
        "output_tokens": used["output"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": used["input"] + used["output"],
    }
