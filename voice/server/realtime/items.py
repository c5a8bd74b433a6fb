"""The conversation's items: those the client made, what was said, what was answered; found again by their names."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from voice.conversation.reply import SpokenReply
from voice.server.realtime.client_events import Wrong, unsupported

MOST_ITEMS = 512
"""Older ones are forgotten here; the session remembers what was said in them."""
MOST_TEXT = 256 * 1024

_TEXTS = {"user": "input_text", "system": "input_text", "assistant": "output_text"}


def new_id(kind: str) -> str:
    """A name such as item_… or resp_…"""
    return f"{kind}_{secrets.token_hex(10)}"


@dataclass(slots=True, eq=False)
class Item:
    """One item as the client sees it. `spoken` is the reply it tells."""

    told: dict[str, Any]
    spoken: SpokenReply | None = None
    before: dict[str, str] | None = None
    """What it adds to the next turn, while it waits for that."""

    @property
    def id(self) -> str:
        return str(self.told["id"])


@dataclass(slots=True)
class Items:
    """Items by name, newest last, and those that wait for the next response."""

    known: OrderedDict[str, Item] = field(default_factory=OrderedDict)
    waiting: list[Item] = field(default_factory=list)

    @property
    def last(self) -> str | None:
        """The newest item's name."""
        return next(reversed(self.known), None)

    def add(self, item: Item) -> Item:
        self.known[item.id] = item
        if len(self.known) > MOST_ITEMS:
            self.known.popitem(last=False)
        return item

    def before(self, item: Item) -> str | None:
        """The name of the item before this one."""
        previous = None
        for name in self.known:
            if name == item.id:
                return previous
            previous = name
        return previous

    def find(self, name: str) -> Item:
        """Raises Wrong item_not_found."""
        item = self.known.get(name)
        if item is None:
            raise Wrong("item_not_found", f"unknown item {name[:80]!r}", "item_id")
        return item

    def remove(self, item: Item) -> None:
        self.known.pop(item.id, None)
        if item in self.waiting:
            self.waiting.remove(item)

    def wait(self, item: Item, words: str) -> None:
        """What a person said, for the next response."""
        item.before = {"role": "user", "text": words}
        self.waiting.append(item)

    def take_words(self) -> str:
        """The words of the user items that wait last: what the next turn says. The others stay and go before it."""
        texts: list[str] = []
        while self.waiting and self.waiting[-1].before and self.waiting[-1].before["role"] == "user":
            texts.append(self.waiting.pop().before["text"])  # type: ignore[index]
        return "\n".join(reversed(texts))

    def created(self, wanted: Mapping[str, Any]) -> Item:
        """The item of `conversation.item.create`, kept for the next response. Raises Wrong."""
        name = wanted.get("id") or new_id("item")
        if not isinstance(name, str) or len(name) > 128:
            raise Wrong("invalid_value", "id must be a string of at most 128 characters", "item.id")
        if name in self.known:
            raise Wrong("item_exists", f"there is an item {name!r} already", "item.id")
        told, before = read_item(wanted, "item")
        item = self.add(Item({"id": name, "object": "realtime.item", "status": "completed", **told}, before=before))
        self.waiting.append(item)
        return item


def read_item(wanted: Mapping[str, Any], where: str) -> tuple[dict[str, Any], dict[str, str]]:
    """An item of the client, and the message that it is to the model. Raises Wrong."""
    kind = wanted.get("type")
    if kind == "message":
        role, text = _message(wanted, where)
        told = {"type": "message", "role": role, "content": [{"type": _TEXTS[role], "text": text}]}
        return told, {"role": role, "text": text}
    if kind == "function_call_output":
        call, output = wanted.get("call_id"), wanted.get("output")
        if not isinstance(call, str) or not isinstance(output, str) or len(output) > MOST_TEXT:
            raise Wrong("invalid_value", "call_id and output must be strings", where)
        told = {"type": kind, "call_id": call, "output": output}
        return told, {"role": "tool", "text": output, "call_id": call}
    raise unsupported(f"an item of type {str(kind)[:40]!r}", f"{where}.type", code="unsupported_content")


def _message(wanted: Mapping[str, Any], item: str) -> tuple[str, str]:
    role, parts = wanted.get("role"), wanted.get("content")
    if not isinstance(role, str) or role not in _TEXTS:
        raise Wrong("invalid_value", "role must be user, system or assistant", f"{item}.role")
    if not isinstance(parts, list) or not parts:
        raise Wrong("missing_field", "a message needs content", f"{item}.content")
    texts = []
    for index, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, Mapping) else None
        where = f"{item}.content[{index}]"
        if kind not in ("input_text", "output_text", "text"):
            raise unsupported(
                f"content of type {str(kind)[:40]!r}", where, instead="send text", code="unsupported_content"
            )
        text = part.get("text")
        if not isinstance(text, str) or len(text) > MOST_TEXT:
            raise Wrong("invalid_value", f"text must be a string of at most {MOST_TEXT} characters", f"{where}.text")
        texts.append(text)
    return role, "\n".join(texts)
