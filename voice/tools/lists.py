"""Lists a person keeps: shopping, to do, whatever it is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from voice.llm.builtin.list_words import list_name
from voice.tools.interface import Context, Result, Spec, ToolError, schema

MOST_ITEMS = 200
MOST_LISTS = 50


class Book(Protocol):
    """Keeps the lists of an owner: names with their items, oldest first."""

    def read(self, owner: str) -> dict[str, list[str]]: ...

    def write(self, owner: str, lists: Mapping[str, list[str]]) -> None:
        """Raises OSError."""
        ...


class Lists:
    """Adds, removes, reads and clears. Lists of `visitors` are kept in a book of their own, each visitor's apart.

    Without one, every speaker is the owner.
    """

    spec = Spec(
        "lists",
        "The person's lists, such as shopping or to do. Adds and removes items, reads a list, clears it.",
        schema(
            "action",
            action={"enum": ["add", "remove", "read", "clear", "names"]},
            list={"type": "string", "maxLength": 40, "description": "its name; shopping unless said otherwise"},
            items={"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 200}, "maxItems": 20},
        ),
        reads_only=False,
        saying="working",
    )

    def __init__(self, book: Book, visitors: Book | None = None) -> None:
        self._book, self._visitors = book, visitors

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """What the list is now."""
        action, name = str(arguments["action"]), str(arguments.get("list", "shopping")).strip().lower() or "shopping"
        items = [" ".join(str(item).split()) for item in arguments.get("items", ())]
        book, owner = self._book, context.owner
        if context.passing:
            book, owner = (self._visitors, owner) if self._visitors is not None else (book, "")
        lists = book.read(owner)
        language = context.language
        if action == "names":
            return Result(_named(list(lists), language))
        now = lists.get(name, [])
        if action == "read":
            return Result(_told(name, now, language))
        if action in ("add", "remove") and not items:
            raise ToolError(_says("which", language))
        if action == "add":
            known: dict[str, str] = {}
            for item in (*now, *items):
                known.setdefault(item.lower(), item)
            now = list(known.values())
            if len(now) > MOST_ITEMS or len(lists | {name: now}) > MOST_LISTS:
                raise ToolError(f"The list is full: at most {MOST_ITEMS} items on each of {MOST_LISTS} lists.")
        elif action == "remove":
            gone = {item.lower() for item in items}
            if not gone & {item.lower() for item in now}:
                raise ToolError(_says("missing", language).format(list_name(name, language)))
            now = [item for item in now if item.lower() not in gone]
        else:
            now = []
        kept = {**lists, name: now}
        book.write(owner, {key: value for key, value in kept.items() if value})
        return Result(_told(name, now, language))


_SAYS: Mapping[str, Mapping[str, str]] = {
    "which": {"en": "Which items?", "zh": "哪些东西？", "de": "Was genau?"},
    "missing": {"en": "That is not on the {}.", "zh": "{}上没有这个。", "de": "Das steht nicht auf der {}."},
    "items": {"en": "The {}: {}.", "zh": "{}上有：{}。", "de": "Auf der {}: {}."},
    "empty": {"en": "The {} is empty.", "zh": "{}是空的。", "de": "Die {} ist leer."},
    "lists": {"en": "Lists: {}.", "zh": "有这些：{}。", "de": "Listen: {}."},
    "none": {"en": "There are no lists yet.", "zh": "还没有清单。", "de": "Es gibt noch keine Liste."},
    "between": {"en": "; ", "zh": "、", "de": "; "},
}


def _says(key: str, language: str) -> str:
    return _SAYS[key].get(language, _SAYS[key]["en"])


def _told(name: str, items: list[str], language: str) -> str:
    where = list_name(name, language)
    if not items:
        return _says("empty", language).format(where)
    return _says("items", language).format(where, _says("between", language).join(items))


def _named(names: list[str], language: str) -> str:
    if not names:
        return _says("none", language)
    named = names if language == "en" else [list_name(name, language) for name in names]
    return _says("lists", language).format((", " if language == "en" else _says("between", language)).join(named))
