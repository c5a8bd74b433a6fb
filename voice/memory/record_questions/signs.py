"""What a question about records asks, and the signs of it: what their words mean together, in any language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from voice.text.patterns import pattern_of

Asked = Literal[
    "list", "spent", "count", "number", "quantity", "pieces", "times", "state", "when", "items", "cost", "day", "most",
    "least", "most_money", "least_money", "did", "average", "per_day", "dearest", "cheapest",
    "dearest_thing", "cheapest_thing", "dearest_day", "price", "paid", "refused",
]  # fmt: skip

Sign = Literal[
    "kind", "bought", "no_subject", "got", "paid", "parcel", "own", "shop", "all", "which", "what", "which_items",
    "what_came", "what_they_are", "spent_on", "shown", "whether", "among", "or_not", "any", "mine", "contents",
    "money", "price", "so_far", "sent", "last_had", "last_had", "which_number", "with_thing", "of_things",
    "number_of", "times", "of_kinds", "goods", "when", "coming", "status", "each_day", "average", "a_day", "dear",
    "cheap", "most", "least", "usual", "before_last", "last", "first", "one", "many", "everything", "open",
    "on_way", "returned", "cancelled", "delivered",
]  # fmt: skip

OF_ALL = frozenset[Asked](
    ("count", "pieces", "average", "per_day", "dearest", "cheapest", "dearest_thing", "cheapest_thing", "dearest_day",
     "most", "least", "most_money", "least_money", "list")
)  # fmt: skip
"""What is asked of records as a whole, so that no thing can be missing."""

Signs = tuple[Sign, ...]
_PAYING: Signs = ("paid", "money")

RULES: Sequence[tuple[Asked, Sequence[Signs], Signs]] = (
    ("dearest_day", [("a_day",), ("dear", "most"), ("dear", *_PAYING)], ("each_day",)),
    ("per_day", [("each_day",)], ()),
    ("average", [("average",)], ("dear", "cheap", "most", "least")),
    ("dearest", [("dear",), ("kind",)], ("goods",)),
    ("cheapest", [("cheap",), ("kind",)], ("goods",)),
    ("dearest_thing", [("dear",)], ()),
    ("cheapest_thing", [("cheap",)], ()),
    ("cheapest", [("least",), _PAYING, ("kind",)], ("goods",)),
    ("least_money", [("least",), ("spent_on",)], ()),
    ("cheapest_thing", [("least",), _PAYING], ()),
    ("dearest", [("most",), _PAYING, ("kind", "times")], ("goods",)),
    ("most_money", [("most",), _PAYING], ()),
    ("average", [("usual",), _PAYING], ()),
    ("number", [("which_number",)], ()),
    ("count", [("of_kinds",)], ()),
    ("times", [("number_of",), ("times",)], ()),
    ("list", [("number_of",), ("goods",), ("what_they_are",)], ()),
    ("quantity", [("number_of",)], ()),
    ("least", [("least",)], ()),
    ("most", [("most", "usual")], ()),
    ("price", [("price",), _PAYING], ("so_far",)),
    ("when", [("when",)], ("coming", "money")),
    ("state", [("when",), ("coming",)], ()),
    ("spent", [_PAYING], ()),
    ("state", [("coming", "status")], ()),
    ("did", [("among",)], ()),
    ("did", [("whether",)], ("which",)),
    ("did", [("or_not", "bought", "got")], ("which", "shown")),
    ("number", [("with_thing",)], ()),
    ("state", [("mine",)], ("bought", "got", "shown", "kind", "any")),
    ("list", [], ()),
)
"""What is asked, by the signs that it needs, of each group one, and those it must not have; the first that fits."""

STATES: Signs = ("open", "returned", "cancelled", "delivered")


MARK = "\0"


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language.

    They are looked for where `KIND` and `KINDS` stand for the names of the kind of records, `THING` for a thing of the
    person's records and `NUMBER` for the number of one.
    """

    signs: Mapping[Sign, re.Pattern[str]]
    asks: re.Pattern[str]
    """What a question has that is certain to be one."""
    wants: re.Pattern[str]
    """What is no question about what was ordered: a wish to order, how to do it, other uses of the words."""
    place: re.Pattern[str]
    """One record by its place; `count` is the place."""
    last_few: re.Pattern[str]
    """The last `count` records."""
    number: re.Pattern[str]
    """A number that is said to be a record's."""
    other: re.Pattern[str]
    """Another person and their records; the groups are a name, where it is no word such as `he`."""
    words: re.Pattern[str]
    """The words of the signs that are one word each."""
    before_thing: re.Pattern[str]
    """What stands before a thing, which begins with MARK."""


def alternatives(told: str, parts: Mapping[str, str]) -> str:
    """A pattern from alternatives that are set apart by ` | ` and line ends, with `<name>` for a part."""
    pattern = re.sub(r"\s+\|\s+", "|", told.strip())
    return re.sub(r"<(\w+)>", lambda found: f"(?:{alternatives(parts[found[1]], parts)})", pattern)


def sign_patterns(signs: Mapping[Sign, str], parts: Mapping[str, str], whole: str = "") -> dict[Sign, re.Pattern[str]]:
    """The pattern of each sign; `whole` is a pattern of what stands beside no whole word."""
    before, behind = (f"(?<!{whole})", f"(?!{whole})") if whole else ("", "")
    known = {**parts, **{str(name): told for name, told in signs.items()}}
    return {name: pattern_of(f"{before}(?:{alternatives(told, known)}){behind}") for name, told in signs.items()}


def single_words(signs: Mapping[Sign, str]) -> re.Pattern[str]:
    """The alternatives of all signs that are one word."""
    told = (one for text in signs.values() for one in re.split(r"\s+\|\s+", text.strip()))
    return pattern_of("|".join(dict.fromkeys(one for one in told if not re.search(r"[ <^$.]|\(\?[!=<]", one))))
