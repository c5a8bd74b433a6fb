"""Items of OpenAI's Responses and Conversations: read into messages of a turn, and told of the turns of a session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from voice.sessions.log import Refused, SessionTurn

ROLES: Mapping[str, str] = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}
TEXTS = ("input_text", "output_text", "text")
MOST_METADATA = 16

Item = dict[str, Any]


def read(items: str | Sequence[Mapping[str, Any]], where: str) -> list[dict[str, Any]]:
    """The messages that items stand for, as a turn takes them before its words. Raises Refused for what cannot pass."""
    if isinstance(items, str):
        return [{"role": "user", "text": items}]
    return [_message(item, f"{where}[{place}]") for place, item in enumerate(items)]


def words_of(messages: list[dict[str, Any]]) -> str:
    """The user's words at the end, taken from the messages; "" where something else comes last."""
    return str(messages.pop()["text"]) if messages and messages[-1]["role"] == "user" else ""


def _message(item: Mapping[str, Any], where: str) -> dict[str, Any]:
    kind = item.get("type") or "message"
    if kind == "message":
        role = str(item.get("role"))
        if role not in ROLES:
            raise _wrong(f"{where}.role", ", ".join(ROLES))
        return {"role": ROLES[role], "text": _text(item.get("content"), f"{where}.content")}
    if kind == "function_call":
        call = {"call_id": "call_id", "name": "name", "arguments": "arguments"}
        found = {name: _string(item, name, where) for name in call}
        return {"role": "assistant", "text": "", "calls": [found]}
    if kind == "function_call_output":
        text = _text(item.get("output"), f"{where}.output")
        return {"role": "tool", "text": text, "call_id": _string(item, "call_id", where)}
    what = f"an item of type {str(kind)[:40]!r} is not supported here"
    raise Refused("bad_request", what, expected="message, function_call or function_call_output", param=f"{where}.type")


def _text(content: Any, where: str) -> str:
    """The text of a message or of a function's answer, whole or in parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise _wrong(where, "a text or a list of texts")
    texts = []
    for place, part in enumerate(content):
        kind = part.get("type") if isinstance(part, Mapping) else None
        name = "refusal" if kind == "refusal" else "text"
        if kind != "refusal" and kind not in TEXTS:
            what = f"content of type {str(kind)[:40]!r} is not supported here"
            raise Refused("bad_request", what, expected="input_text", param=f"{where}[{place}].type")
        texts.append(_string(part, name, f"{where}[{place}]"))
    return "\n".join(texts)


def _string(item: Mapping[str, Any], name: str, where: str) -> str:
    found = item.get(name)
    if not isinstance(found, str):
        raise _wrong(f"{where}.{name}", "a string")
    return found


def _wrong(where: str, expected: str) -> Refused:
    return Refused("bad_request", f"{where} is missing or of the wrong type", expected=expected, param=where)


def metadata(found: Mapping[str, str]) -> Mapping[str, str]:
    """Up to 16 pairs of short strings. Raises Refused."""
    if len(found) > MOST_METADATA or any(len(name) > 64 or len(value) > 512 for name, value in found.items()):
        raise Refused(
            "bad_request",
            "the metadata is too large",
            expected="at most 16 pairs, names of 64 and values of 512 characters",
            param="metadata",
        )
    return found


# Told


def message(id: str, role: str, text: str, status: str = "completed") -> Item:
    """A message item with one text."""
    part = output_text(text) if role == "assistant" else {"type": "input_text", "text": text}
    return {"id": id, "type": "message", "role": role, "status": status, "content": [part]}


def output_text(text: str) -> dict[str, Any]:
    """The content of a reply."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def function_call(id: str, call: Mapping[str, Any], status: str = "completed") -> Item:
    """A function that a reply called."""
    told = {name: str(call[name]) for name in ("call_id", "name", "arguments")}
    return {"id": id, "type": "function_call", "status": status, **told}


class ItemNames:
    """The names of a turn's items: `msg_SESSION_TURN_PART` and the like; the same at every telling."""

    def __init__(self, session: str, turn: int) -> None:
        self._tail = f"{session.removeprefix('s_')}_{turn}"

    def reply(self, place: int = 0) -> str:
        """A reply has one message, unless words follow its calls."""
        return f"msg_{self._tail}_reply{place or ''}"

    def call(self, place: int) -> str:
        return f"fc_{self._tail}_call{place}"

    def of(self, kind: str, part: str) -> str:
        return f"{kind}_{self._tail}_{part}"


def place_of(item: str) -> tuple[int, str]:
    """The turn and the part that an item's name says; (0, "") for a name that is not ours."""
    _, _, tail = item.partition("_")
    rest, _, part = tail.rpartition("_")
    turn = rest.rpartition("_")[2]
    return (int(turn), part) if turn.isascii() and turn.isdigit() and len(turn) < 16 else (0, "")


def told_before(sid: str, turn: SessionTurn) -> Iterator[Item]:
    """What was put in with a turn: what came before the user's words, and these."""
    names = ItemNames(sid, turn.number)
    for place, one in enumerate(turn.options.get("before", ())):
        part = f"before{place}"
        if part in turn.removed:
            continue
        if one["role"] == "tool":
            told = {"type": "function_call_output", "call_id": one["call_id"], "output": one["text"]}
            yield {"id": names.of("fco", part), "status": "completed", **told}
        elif one.get("calls"):
            yield function_call(names.of("fc", part), one["calls"][0])
        else:
            yield message(names.of("msg", part), one["role"], one["text"])
    if turn.input and "input" not in turn.removed:
        yield message(names.of("msg", "input"), "user", turn.input)


def told_turn(sid: str, turn: SessionTurn) -> Iterator[Item]:
    """All items of a turn, oldest first; the reply of one that still runs is not among them."""
    yield from told_before(sid, turn)
    names = ItemNames(sid, turn.number)
    if turn.running:
        return
    if turn.text:
        yield message(names.reply(), "assistant", turn.text)
    for place, call in enumerate(turn.calls):
        if f"call{place}" not in turn.removed:
            yield function_call(names.call(place), call)


def page(items: Sequence[Item], after: str, limit: int, order: str) -> dict[str, Any]:
    """One page of a list, in OpenAI's form. Raises Refused for an unknown `after`."""
    found = list(items) if order == "asc" else list(reversed(items))
    if after:
        places = [place for place, item in enumerate(found) if item["id"] == after]
        if not places:
            raise Refused("not_found", "after names no item of this list", param="after")
        found = found[places[0] + 1 :]
    data = found[:limit]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": "", "last_id": ""}
    return {"object": "list", "data": data, **ends, "has_more": len(found) > limit}
