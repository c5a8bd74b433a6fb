"""Events of a Realtime client: their types and fields, and how one is refused."""

from __future__ import annotations

import json
import math
from typing import Any


class Wrong(Exception):
    """A client event is refused; the connection stays open. `param` names the field."""

    def __init__(
        self, code: str, message: str, param: str | None = None, *, kind: str = "invalid_request_error"
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.param, self.kind = code, message, param, kind

    def told(self, event_id: str | None) -> dict[str, Any]:
        """The object `error` of an error event; `event_id` is that of the event refused."""
        return {
            "type": self.kind,
            "code": self.code,
            "message": self.message,
            "param": self.param,
            "event_id": event_id,
        }


def unsupported(what: str, param: str, *, instead: str = "", code: str = "unsupported_field") -> Wrong:
    """A refusal of what the Realtime API has and this server has not."""
    return Wrong(code, f"{what} is not supported here" + (f"; {instead}" if instead else ""), param)


FIELDS: dict[str, dict[str, type]] = {
    "session.update": {"session": dict},
    "input_audio_buffer.append": {"audio": str},
    "input_audio_buffer.commit": {},
    "input_audio_buffer.clear": {},
    "conversation.item.create": {"item": dict, "previous_item_id?": str},
    "conversation.item.retrieve": {"item_id": str},
    "conversation.item.delete": {"item_id": str},
    "conversation.item.truncate": {"item_id": str, "content_index": int, "audio_end_ms": int},
    "response.create": {"response?": dict},
    "response.cancel": {"response_id?": str},
    "output_audio_buffer.clear": {},
    "x.played": {"item_id": str, "ms": float},
    "x.timer.cancel": {"number": int},
}
"""Fields by event type; those with a question mark may be left out or null. All may carry `event_id`."""

_NAMES = {str: "a string", int: "a whole number of 0 or more", float: "a number of 0 or more", dict: "an object"}
_MOST = 2**53


def parse(text: str) -> dict[str, Any]:
    """One event, its type known and its fields of the right types. Raises Wrong."""
    try:
        event = json.loads(text, parse_constant=_not_json)
        if "\\u" in text:
            json.dumps(event, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Wrong("invalid_json", "the frame is not a JSON object in UTF-8") from error
    if not isinstance(event, dict):
        raise Wrong("invalid_json", "the frame is not a JSON object")
    return event


def checked(event: dict[str, Any]) -> dict[str, Any]:
    """The event, if it has a known type and its fields the right ones. Raises Wrong."""
    kind = event.get("type")
    if not isinstance(kind, str):
        raise Wrong("missing_field", "the event has no type", "type")
    fields = FIELDS.get(kind)
    if fields is None:
        raise Wrong("unknown_event", f"unknown event {kind[:80]!r}; expected one of {', '.join(FIELDS)}", "type")
    for key, wanted in fields.items():
        name, optional = key.removesuffix("?"), key.endswith("?")
        value = event.get(name)
        if value is None:
            if not optional:
                raise Wrong("missing_field", f"{kind} needs {name}", name)
        elif not is_a(value, wanted):
            raise Wrong("invalid_value", f"{name} must be {_NAMES[wanted]}", name)
    return event


def is_a(value: Any, wanted: type) -> bool:
    """Whether a JSON value is of this type; numbers are finite and not negative."""
    if wanted in (int, float):
        number = type(value) is int or (wanted is float and type(value) is float and math.isfinite(value))
        return number and 0 <= value <= _MOST
    return type(value) is wanted


def event_id(event: dict[str, Any]) -> str | None:
    """What the client calls this event, if it is usable."""
    found = event.get("event_id")
    return found if isinstance(found, str) and len(found) <= 512 else None


def _not_json(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")
