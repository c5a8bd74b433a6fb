"""Questions about records, read from their words: what is asked, of which days, things, order and state."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from voice.memory.periods import Period, period
from voice.memory.record_questions.chinese import CHINESE
from voice.memory.record_questions.english import BEFORE_VERB, ENGLISH, ORDINALS
from voice.memory.record_questions.signs import OF_ALL, RULES, STATES, Asked, Sign
from voice.memory.record_questions.things import named, nearly_named, other_person
from voice.memory.records import RecordKind
from voice.text.numbers import han_number
from voice.text.plain_words import plain_words

_ALL_STATES = frozenset(("open", "delivered", "returned", "cancelled"))


@dataclass(frozen=True, slots=True)
class RecordQuestion:
    """What is asked. `items` are things of the person, `missing` a thing they have none of.

    One record is meant by its `number`, or by its place: `nth` 1 is the first, -1 the last; with `items` of those that
    have them. `states` are classes of `records.states`.
    """

    asked: Asked
    period: Period | None = None
    items: tuple[str, ...] = ()
    missing: str = ""
    number: str = ""
    nth: int = 0
    states: frozenset[str] = field(default_factory=frozenset)


def about_records(text: str, kinds: Iterable[RecordKind]) -> bool:
    """Whether the words are certainly a question about a person's own records, whatever these are."""
    plain, chinese = plain_words(text)
    return any(_Signs(_with_kind(plain, kind, chinese), chinese).certain for kind in kinds)


def record_question(
    text: str, kind: RecordKind, things: Collection[str], numbers: Collection[str], today: date
) -> RecordQuestion | None:
    """What is asked of records of a kind; None where the words are not about them.

    `things` are the items of the person's records, `numbers` their numbers.
    """
    plain, chinese = plain_words(text)
    known = _number_in(plain, numbers)
    known_things = named(_without_number(plain, known), things)
    words = known_things.text
    when = period(words, today, chinese=chinese)
    if when is not None:
        words = f"{words[: when.start]}{'' if chinese else ' '}{words[when.end :]}"
    words = " ".join(_with_kind(words, kind, chinese).replace("KIND's", "KIND").replace("THING's", "THING").split())
    number = known or _number_said(words, chinese)
    items, missing = known_things.items, ""
    if not items:
        near, missing = nearly_named(words, things, chinese=chinese)
        words, items = near.text, near.items
    signs = _Signs(words, chinese)
    if signs.asks and signs.has("kind", "bought", "paid", "parcel") and other_person(words, things, chinese=chinese):
        return RecordQuestion("refused")
    if not signs.about(bool(items), bool(missing), bool(known), when is not None):
        return None
    nth = 0 if number else _place(signs)
    if number or (nth and not items and (nth > 0 or not missing)):
        return RecordQuestion(_of_one(signs, bool(items)), when, number=number, nth=nth)
    asked = _asked(signs, bool(items or missing), when is not None)
    if several := signs.language.last_few.search(words):
        few = int(han_number(several["count"]) or 0) if chinese else int(several["count"])
        return RecordQuestion("list", when, items, nth=-few, states=_ALL_STATES) if asked in ("list", "state") else None
    if asked == "state" and when is not None and when.first == today and not signs.has("bought"):
        when = None  # it is asked what comes today, not what was ordered today
    states = _states(signs, asked, bool(items), when is not None)
    if states:
        return RecordQuestion("list", when, items, states=states)
    return RecordQuestion(asked, when, items, "" if asked in OF_ALL else missing, nth=nth)


class _Signs:
    """What the words of a question have."""

    def __init__(self, text: str, chinese: bool) -> None:
        self.text, self.chinese, self.language = text, chinese, CHINESE if chinese else ENGLISH
        self._known: dict[Sign, bool] = {}

    def has(self, *signs: Sign) -> bool:
        """Whether there is one of these."""
        return any(self._has(sign) for sign in signs)

    def _has(self, sign: Sign) -> bool:
        if sign not in self._known:
            self._known[sign] = self.language.signs[sign].search(self.text) is not None
        return self._known[sign]

    @property
    def asks(self) -> bool:
        """Whether this is no wish to order something."""
        return self.language.wants.search(self.text) is None

    @property
    def certain(self) -> bool:
        own = self.has("own") or (self.chinese and self.has("kind"))
        return (
            self.has("kind", "bought", "paid")
            and self.asks
            and own
            and self.language.asks.search(self.text) is not None
        )

    def about(self, items: bool, missing: bool, known: bool, dated: bool) -> bool:
        """Whether the words are about records at all."""
        if not self.asks:
            return False
        own = self.has("own", "shop")
        near = own or dated or items
        if known or self.has("kind") or (self.has("bought") and (near or self.has("no_subject"))):
            return True
        if self.has("paid") and (near or (self.chinese and self.has("which"))):
            return True
        if items:
            dated_ask = dated and self.has("any", "which", "or_not", "whether", "shown")
            counted = self.has("of_things", "number_of") and (own or dated)
            last_had = own and self.has("when") and self.has("last_had")
            return (
                dated_ask or counted or last_had or self.has("got", "money", "coming", "status", "last", "which_number")
            )
        on_way, back = self.has("on_way") and self.has("what", "all"), self.has("returned", "cancelled")
        if missing and not on_way:
            return own and self.has("sent")
        got, paying, parcel = self.has("got") and near, self.has("paid", "money"), self.has("parcel") or back
        coming, everything, shown = self.has("coming", "open"), self.has("all"), self.has("shown")
        asked = (own or back or self.has("last")) and self.has("which", "any")
        listed = everything and (coming or (dated and shown) or (own and self.has("status")))
        certain = got or paying or parcel or listed or (asked and self.has("open")) or on_way
        signs = (got, paying, parcel, coming, everything, dated, asked, shown or self.has("status"), on_way)
        return certain and (near or parcel or on_way or listed) and sum(signs) >= 2


def _asked(signs: _Signs, named: bool, dated: bool) -> Asked:
    """What is asked of many records: the first rule of which the words have all signs."""
    asked = next(
        asked for asked, needed, unless in RULES
        if all(signs.has(*one) for one in needed) and not signs.has(*unless)
    )  # fmt: skip
    if asked in ("quantity", "times") and not named:
        return "pieces" if signs.has("goods") and asked == "quantity" else "count"
    if asked == "price" and (dated or not named):
        return "spent"
    if asked == "spent" and named and not dated and signs.has("last"):
        return "price"
    if asked == "spent" and named and not dated and not signs.has("so_far"):
        return "paid"
    if not named and (asked in ("number", "did") or (asked == "state" and dated)):
        return "list"
    return asked


_OPEN = frozenset(("open",))


def _states(signs: _Signs, asked: Asked, items: bool, dated: bool) -> frozenset[str]:
    """The classes of states of which all records are meant; none where one record is, or none is asked for."""
    if asked not in ("state", "list", "did", "when", "count", "quantity", "pieces"):
        return frozenset()
    several, found = signs.has("many"), frozenset(name for name in STATES if signs.has(name))
    if items and (asked in ("quantity", "count") or not (several and found and signs.has("kind"))):
        return frozenset()
    if found and (several or not signs.has("one")):
        all_there = found == {"delivered"} and signs.has("everything") and not signs.has("which", "shown")
        return _OPEN if "open" in found or all_there else found
    if asked != "count" and signs.has("status") and signs.has("kind", "parcel"):
        return _ALL_STATES if dated else _OPEN if several else frozenset()
    return _OPEN if asked == "state" and several and not items and signs.has("coming") else frozenset()


def _of_one(signs: _Signs, named: bool) -> Asked:
    """What is asked of one record, meant by its number or place."""
    if signs.has("which_items"):
        return "items"
    if signs.has("paid", "money"):
        return "cost"
    if signs.has("when") and not signs.has("coming"):
        return "day"
    if signs.has("status") or (signs.has("coming") and not signs.has("what_came")):
        return "state"
    return "items" if named or signs.has("contents") else "state"


def _place(signs: _Signs) -> int:
    """The place of the record that is named: from 1, or -1 for the last; 0 for none."""
    if found := signs.language.place.search(signs.text):
        count = found["count"]
        return ORDINALS.get(count) or int(han_number(re.sub(r"[a-z]", "", count)) or 0)
    if signs.has("before_last"):
        return -2
    if signs.has("last"):
        return -1
    return 1 if signs.has("first") else 0


@lru_cache(64)
def _names(kind: tuple[str, ...], chinese: bool) -> re.Pattern[str]:
    names = "|".join(map(re.escape, sorted(kind, key=len, reverse=True)))
    if chinese:
        return re.compile(names)
    return re.compile(
        rf"(?P<verb>\b(?:{BEFORE_VERB}))?\b(?:{names})\b(?P<number>(?: number| no| id)? ?#?(?:NUMBER|[a-z]*-?\d{{3}}))?"
    )


def _with_kind(plain: str, kind: RecordKind, chinese: bool) -> str:
    """The words with `KINDS` or `KIND` for a name of the kind, but not for a verb: `did I order`."""

    def instead(found: re.Match[str]) -> str:
        if chinese:
            return "KIND"
        name = found[0][len(found["verb"] or "") : len(found[0]) - len(found["number"] or "")]
        if found["verb"] and not found["number"]:
            return found[0]
        return f"{found['verb'] or ''}{'KINDS' if name.endswith('s') else 'KIND'}{found['number'] or ''}"

    return _names((kind.one, kind.name, *kind.words), chinese).sub(instead, plain)


def _number_said(words: str, chinese: bool) -> str:
    """A number that is said to be a record's, whether there is one like it or not."""
    found = (CHINESE if chinese else ENGLISH).number.search(words)
    return next(filter(None, found.groups()), "") if found else ""


def _without_number(plain: str, number: str) -> str:
    """The words with `NUMBER` for a record's number, with or without its hyphens."""
    parts = r"[^a-z\d]*".join(map(re.escape, _parts(number).split()))
    return re.sub(rf"(?<![a-z\d]){parts}(?![a-z\d])", "NUMBER", plain) if number else plain


def _number_in(words: str, numbers: Collection[str]) -> str:
    """The one of the numbers that words name, with or without its hyphens."""
    said_words = f" {_parts(words)} "
    return next((number for number in numbers if (parts := _parts(number)) and f" {parts} " in said_words), "")


def _parts(text: str) -> str:
    return " ".join(re.findall(r"[a-z\d]+", text.lower()))
