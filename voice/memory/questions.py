"""Questions about records, read from their words: what is asked, of which days, things, order and state."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date

from voice.memory import question_words as said
from voice.memory.periods import Period, period
from voice.memory.question_words import Asked
from voice.memory.ranking import stem
from voice.memory.records import RecordKind
from voice.text.numbers import han_number
from voice.text.plain_words import plain_words
from voice.text.speakable import HAN, language_of

_WORD = r"[^\W_]+(?:['-][^\W_]+)*"


@dataclass(frozen=True, slots=True)
class RecordQuestion:
    """What is asked. `items` are things of the person, `missing` a thing they have none of.

    One record is meant by its `number`, or by its place: `nth` 1 is the first, -1 the last. `states` are classes of
    `records.states`.
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
    words, chinese = plain_words(text)
    return any(_Words(words, chinese, kind).certain for kind in kinds)


def record_question(
    text: str, kind: RecordKind, things: Collection[str], numbers: Collection[str], today: date
) -> RecordQuestion | None:
    """What is asked of records of a kind; None where the words are not about them.

    `things` are the items of the person's records, `numbers` their numbers.
    """
    plain, chinese = plain_words(text)
    words = _Words(plain, chinese, kind)
    known = _number_in(plain, numbers)
    number = known or words.number()
    when = period(plain, today, chinese=chinese)
    rest = _Words(f"{plain[: when.start]} {plain[when.end :]}" if when is not None else plain, chinese, kind)
    items, missing = rest.things(things, number)
    if not words.asks or not (words.mentions or words.may_mention or items or known):
        return None
    if rest.other(things):
        return RecordQuestion("refused")
    asked, nth, many = rest.asked(), rest.nth(), words.has(said.MANY, said.HAN_MANY)
    if nth == -1 and items:
        nth = 0  # the last one that has the thing
    if number or nth:
        return RecordQuestion(_of_one(asked, rest), when, number=number, nth=0 if number else nth)
    states = words.states() if many else frozenset()
    if states and asked in ("state", "list", "did", "when", "count"):
        return RecordQuestion("list", when, items, states=states)
    asked = _settled(asked, when is not None, bool(items or missing))
    return RecordQuestion(asked, when, items, "" if asked in said.OF_ALL else missing)


def _settled(asked: Asked, dated: bool, named: bool) -> Asked:
    """What is asked, where its words alone could mean two things."""
    if asked in ("quantity", "times") and not named:
        return "count"
    if asked == "price" and (dated or not named):
        return "spent"
    return "list" if not named and (asked == "did" or (asked == "state" and dated)) else asked


def _of_one(asked: Asked, rest: _Words) -> Asked:
    """What is asked of one record, meant by its number or place."""
    if asked in ("spent", "price", "dearest", "quantity", "average"):
        return "cost"
    if asked in ("when", "dearest_day"):
        return "day"
    if asked in ("list", "most", "count", "times") and rest.has(said.CONTENTS, said.HAN_CONTENTS):
        return "items"
    return "state"


@dataclass(frozen=True, slots=True)
class _Words:
    """Words of `plain_words`, read for one kind of records."""

    text: str
    chinese: bool
    kind: RecordKind

    def find(self, english: str, chinese: str) -> re.Match[str] | None:
        """The first match of the language's pattern."""
        names = "|".join(map(re.escape, (self.kind.one, self.kind.name, *self.kind.words)))
        pattern = (chinese if self.chinese else english).replace("KINDS", "KIND").replace("KIND", f"(?:{names})")
        return re.search(pattern, self.text.replace(" ", "") if self.chinese else self.text)

    def has(self, english: str, chinese: str) -> bool:
        return self.find(english, chinese) is not None

    @property
    def mentions(self) -> bool:
        """Whether the kind, or what people do with it, is mentioned."""
        return self.has(said.MENTIONS, said.HAN_MENTIONS)

    @property
    def may_mention(self) -> bool:
        return self.has(said.MAY_MENTION, said.HAN_MAY_MENTION)

    @property
    def asks(self) -> bool:
        """Whether this is no wish to order something."""
        return not self.has(said.WANTS, said.HAN_WANTS)

    @property
    def certain(self) -> bool:
        own = self.has(r"\b(?:i|my|we|our|me)\b", "我|单")
        return self.mentions and self.asks and own and self.has(said.ASKS, said.HAN_ASKS)

    def number(self) -> str:
        """A number that is said to be a record's, whether there is one like it or not."""
        found = self.find(said.NUMBER, said.HAN_NUMBER_SAID)
        return next(filter(None, found.groups()), "") if found else ""

    def other(self, things: Collection[str]) -> bool:
        """Whether another person's records are asked for."""
        found = self.find(said.OTHER, said.HAN_OTHER)
        return found is not None and next(filter(None, found.groups()), "") not in things

    def nth(self) -> int:
        """The place that is named: from 1, or -1 for the last; 0 for none."""
        if found := self.find(said.PLACE, said.HAN_PLACE):
            count = found["count"]
            return said.ORDINALS.get(count) or int(han_number(re.sub(r"[a-z]", "", count)) or 0)
        return -1 if self.has(said.LAST, said.HAN_LAST) else 0

    def states(self) -> frozenset[str]:
        """The classes of states that are named."""
        if self.has(said.OPEN, said.HAN_OPEN):
            return frozenset(("open",))
        return frozenset(name for name, patterns in said.STATES.items() if self.has(*patterns))

    def asked(self) -> Asked:
        table = said.CHINESE if self.chinese else said.ENGLISH
        return next((asked for asked, pattern in table if self.has(pattern, pattern)), "list")

    def things(self, known: Collection[str], number: str) -> tuple[tuple[str, ...], str]:
        """The person's items that are named, and else what is named where an item would be."""
        plain = self.text.replace(number.lower(), " ") if number else self.text
        exact = [thing for thing in known if _names(plain, thing)]
        whole = [one for one in exact if not any(one != other and _names(other.lower(), one) for other in exact)]
        if whole:
            return tuple(sorted(whole)), ""
        found, missing = _chinese_things(plain, known) if self.chinese else _english_things(plain, known)
        return tuple(sorted(found)), "" if found else missing


def _english_things(words: str, known: Collection[str]) -> tuple[list[str], str]:
    """Items that have all the words that could name one, and the words behind a verb that could."""
    left = [word for word in re.findall(r"[^\W\d_]+", words.replace("'s", "")) if word not in said.NO_THING]
    stems = {stem(word) for word in left}
    found = [thing for thing in known if stems and stems <= {stem(word) for word in re.findall(_WORD, thing.lower())}]
    wanted = re.search(said.THING, words)
    return found, " ".join(word for word in (wanted["thing"].split() if wanted else ()) if word in left)


def _chinese_things(words: str, known: Collection[str]) -> tuple[list[str], str]:
    measured = re.sub(rf"(?:几|多少)[{HAN}](?=[{HAN}])", " ", words)
    runs = [run for run in re.sub(said.HAN_NO_THING, " ", measured).split() if len(run) > 1]
    found = [thing for thing in known if any(run in thing.lower() for run in runs)]
    behind = (run for run in runs if re.search(said.HAN_THING + re.escape(run), words))
    return found, max(behind, key=len, default="")


def _names(words: str, thing: str) -> bool:
    """Whether words name a thing, in any form of its words."""
    if language_of(thing) == "zh":
        return thing.lower() in words.replace(" ", "")
    wanted = [stem(word) for word in re.findall(_WORD, thing.lower())]
    spoken = [stem(word) for word in re.findall(_WORD, words)]
    return bool(wanted) and any(spoken[at : at + len(wanted)] == wanted for at in range(len(spoken)))


def _number_in(words: str, numbers: Collection[str]) -> str:
    """The one of the numbers that words name, with or without its hyphens."""
    said_words = f" {_parts(words)} "
    return next((number for number in numbers if (parts := _parts(number)) and f" {parts} " in said_words), "")


def _parts(text: str) -> str:
    return " ".join(re.findall(r"[a-z\d]+", text.lower()))
