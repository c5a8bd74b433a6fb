"""The client's ops on the WebSocket: what each may carry, and what is said to a peer that does not keep to it."""

from __future__ import annotations

import json
import math
from typing import Any

BAD_ORDER, NOT_TEXT, BAD_DATA, TOO_MANY = 1002, 1003, 1007, 1013
RESTARTING, KEY_REFUSED, TOKEN_EXPIRED, SILENT = 1012, 4001, 4003, 4008

MOST = 2**53
CREDIT, MOST_CREDIT = 64 * 1024, 16 * 1024 * 1024
"""Bytes that may be on their way to a channel."""

FIELDS: dict[str, dict[str, type]] = {
    "auth": {"key": str},
    "attach": {"session_id": str, "session_token": str, "after?": int, "epoch?": str, "credit?": int},
    "detach": {},
    "send": {"sequence": int, "input": str, "msg_id?": str, "draft?": bool, "options?": dict},
    "commit": {"turn": int},
    "discard": {"turn": int},
    "truncate": {"turn": int, "heard": int},
    "cancel": {"turn": int},
    "say": {"n": int, "input": str, "msg_id?": str},
    "stop": {"turn": int, "heard": int},
    "ack": {"seq": int},
    "ping": {"n?": int},
}
"""Fields by op; those with a question mark may be left out or null. `ch` may be on all of them."""

_CHECKED = {
    op: [(field.removesuffix("?"), field.endswith("?"), kind) for field, kind in {**fields, "ch?": int}.items()]
    for op, fields in FIELDS.items()
}
_NAMES = {str: "a string", int: "a whole number of 0 or more", bool: "true or false", dict: "an object"}


class Closing(Exception):
    """The connection must be closed with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:120].decode("utf-8", "ignore")


def parse(text: str) -> dict[str, Any]:
    """An op with all its fields checked; those left out are not in it, except `ch`. Raises Closing."""
    try:
        op = _decode(text)
        if "\\u" in text:
            json.dumps(op, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Closing(BAD_DATA, "not a JSON object in UTF-8") from error
    if not isinstance(op, dict):
        raise Closing(BAD_DATA, "not a JSON object")
    if "op" not in op and op.get("type") == "ping":
        op = {**op, "op": "ping"}  # as clients of other protocols write it
    fields = _CHECKED.get(op["op"]) if isinstance(op.get("op"), str) else None
    if fields is None:
        raise Closing(BAD_ORDER, f"unknown op; expected one of {', '.join(FIELDS)}")
    found = {"op": op["op"], "ch": 0}
    for name, optional, kind in fields:
        value = op.get(name)
        if value is None and optional:
            continue
        if type(value) is not kind or (isinstance(value, int) and not 0 <= value <= MOST):
            raise Closing(BAD_DATA, f"{op['op']}.{name}: expected {_NAMES[kind]}")
        found[name] = value
    return found


def _not_json(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large")
    return number


_decode = json.JSONDecoder(parse_constant=_not_json, parse_float=_finite).decode
