"""The patterns of each kind of personal data in folded text, and how matches are confirmed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import regex

from voice.safety.check_digits import address, iban_length, is_iban
from voice.safety.national_ids import NATIONAL_IDS, compact
from voice.safety.phone_and_card_numbers import CONTEXT, FRACTION, HAN_DIGITS, NUMBER_WORDS, RUN, ends, number
from voice.text.patterns import pattern_of

KINDS = ("PHONE", "ID", "CARD", "EMAIL", "IBAN", "IP")
"""What the patterns find. Other finders bring kinds of their own, as PERSON."""


@dataclass(frozen=True, slots=True)
class Found:
    """A match, up to `end`; `value` is the same for every spelling. A match without a kind is not replaced."""

    kind: str
    value: str
    end: int


@dataclass(frozen=True, slots=True)
class Family:
    """Things of one shape. `judge(text, start, end)` looks at what the pattern matched and says what it is."""

    pattern: Any
    judge: Callable[[str, int, int], Found | None]
    begins: str
    """Characters it may begin with."""
    reach: int | None = None
    """How far behind what the pattern matched the text may end for more to belong to it, where that is bounded."""
    longest: int | None = None
    """How long it may be, where that is bounded."""

    def may_go_on(self, size: int, place: int, shape: Any) -> bool:
        """Whether more than a text of `size` may belong to what begins at `place`, matched as `shape` so far."""
        if self.longest is not None and size - place > self.longest:
            return False
        return shape is None or self.reach is None or size - shape.end() <= self.reach


_LETTER = "a-z0-9\u00e0-\u024f"
START = rf"(?<![{_LETTER}_])"
"""Nothing is found in the middle of a word."""

_LABEL = f"[{_LETTER}](?:[{_LETTER}-]{{0,61}}[{_LETTER}])?"
EMAIL = regex.compile(rf"[{_LETTER}_][{_LETTER}_.%+-]{{0,63}}@{_LABEL}(?:\.{_LABEL}){{1,8}}")

_WORD = "[a-z0-9]{1,32}"
_JOINS = ("dot", "period", "underscore", "dash", "hyphen", "plus", "minus")
_HAN_JOINS = ("点", "下划线", "横杠", "减号")
_TOPS = "com|org|net|cn|io|de|uk|co|edu|gov|ai|dev|app|me|info|eu|fr|us|ca|jp|hk|tw|au|in"
_DOT = r"(?:\.| {1,2}dot {1,2}| ?点 ?)"
_JOIN = rf"(?:[._+-]| {{1,2}}(?:{'|'.join(_JOINS)}) {{1,2}}| ?(?:{'|'.join(_HAN_JOINS)}) ?)"
_AT = r"(?: {1,2}at {1,2}| ?@ ?| ?[(\[]at[)\]] ?| ?(?:艾特|圈a|圈 a) ?)"
SAID_EMAIL = regex.compile(
    rf"{_WORD}(?:{_JOIN}{_WORD}){{0,4}}{_AT}{_WORD}(?:(?:-| {{1,2}}dash {{1,2}}){_WORD})?"
    rf"(?:{_DOT}{_WORD}){{0,2}}{_DOT}(?:{_TOPS})(?![a-z0-9])"
)
_MARKS = (
    (".", " (?:dot|period) |点"),
    ("_", " underscore |下划线"),
    ("-", " (?:dash|hyphen|minus) |横杠|减号"),
    ("+", " plus "),
)
_MAIL_CUE = pattern_of(
    r"(?:e-?mail|inbox|address|write to|reach|contact|forward|send (?:it|them|this|that) to"
    r"|邮箱|邮件|电邮|邮址|地址|发给|发到)[^.!?。！？\n]*$"
)
_NO_NAME = frozenset(
    str.split(
        "a i me us him her them it is was are were be been that this there here look looking found find hosted live "
        "online available site website page up out in on and or sell sold buy shop visit based located deployed "
        "running listed docs support works working arrived staying ask now back over today address email mail one "
        "posted read"
    )
)

IBAN = regex.compile(r"[a-z]{2}[0-9]{2}(?: ?[a-z0-9]{4}){2,7}(?: ?[a-z0-9]{1,3})?")
IPV4 = regex.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:\.[0-9]{1,3}){0,4}")
IPV6 = regex.compile(r"[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,9}(?:\.[0-9]{1,3}){0,3}")
UUID = regex.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PLACEHOLDER = regex.compile(r"<[a-z_]{2,16}:[0-9a-f]{8,16}>")

_VERSION_CUE = pattern_of(r"(?:version|release|firmware|build|section|chapter|版本|固件|\bv) ?$")
_GROUP_BEFORE = pattern_of(r"(?<![0-9a-z])[0-9a-f]{1,4}:$")
_GROUP_AFTER = pattern_of(r":[0-9a-f]")


def _email(text: str, start: int, end: int) -> Found | None:
    value = text[start:end]
    while not re.fullmatch(r"[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59}", value[value.rindex(".") + 1 :]):
        value = value[: value.rindex(".")]
        if "." not in value[value.index("@") :]:
            return None
    end = start + len(value)
    return Found("EMAIL", value, end) if ends(text, end) else None


def _said_email(text: str, start: int, end: int) -> Found | None:
    """Said aloud, `at` may be just a word: the words before, or a joined name, must tell that an address is meant."""
    said = regex.fullmatch(rf"(?P<name>.+?){_AT}(?P<host>.+)", text[start:end])
    if said is None:
        return None
    name, host = _joined(said["name"]), _joined(said["host"])
    cued = _MAIL_CUE.search(text, max(0, start - CONTEXT), start) is not None
    plain = name.isalpha()
    if plain and (name in _NO_NAME or not cued):
        return None
    return Found("EMAIL", f"{name}@{host}", end)


def _joined(words: str) -> str:
    for mark, names in _MARKS:
        words = re.sub(rf" *(?:{names}) *", mark, words)
    return words.replace(" ", "")


def _iban(text: str, start: int, end: int) -> Found | None:
    wanted = iban_length(text[start : start + 2].upper())
    if wanted is None:
        return None
    place, number = start, ""
    while place < end and len(number) < wanted:
        number += text[place].upper().strip()
        place += 1
    return Found("IBAN", number, place) if is_iban(number) and ends(text, place) else None


def _ip(text: str, start: int, end: int) -> Found | None:
    if (
        not ends(text, end)
        or FRACTION.match(text, max(0, start - 2))
        or _VERSION_CUE.search(text, max(0, start - CONTEXT), start)
    ):
        return None
    if text[end - 1] == ":":
        end -= 1
    value = text[start:end]
    if ":" in value:
        longer = _GROUP_BEFORE.search(text, max(0, start - 6), start) or _GROUP_AFTER.match(text, end)
        if longer or value.count(":") < 3 or not any(char.isdigit() for char in value):
            return None
    found = address(value)
    return Found("IP", found, end) if found is not None else None


def _stays(text: str, start: int, end: int) -> Found | None:
    return Found("", "", end) if ends(text, end) else None


def _number(text: str, start: int, end: int, regions: Sequence[str]) -> Found | None:
    found = number(text, start, end, regions)
    return None if found is None else Found(*found)


def _national_id(text: str, start: int, end: int, confirms: Callable[[str], bool]) -> Found | None:
    value = compact(text[start:end])
    return Found("ID", value, end) if ends(text, end) and confirms(value) else None


def families(regions: Sequence[str]) -> tuple[Family, ...]:
    """All of them; `regions` are those whose telephone numbers are known without a country code, as CN and US."""
    small, ten = "abcdefghijklmnopqrstuvwxyz", "0123456789"
    return (
        Family(PLACEHOLDER, _stays, "<", longest=35),
        Family(UUID, _stays, ten + "abcdef", longest=36),
        Family(EMAIL, _email, ten + small + "_" + "".join(map(chr, range(0xE0, 0x250)))),
        Family(SAID_EMAIL, _said_email, ten + small),
        Family(IBAN, _iban, small, longest=43),
        Family(IPV6, _ip, ten + "abcdef", longest=61),
        Family(IPV4, _ip, ten, longest=31),
        Family(
            RUN,
            partial(_number, regions=tuple(regions)),
            ten + "+(p加" + HAN_DIGITS + "".join({word[0] for word in NUMBER_WORDS}),
            reach=24,
        ),
        *(
            Family(kind.pattern, partial(_national_id, confirms=kind.confirms), kind.begins, longest=kind.longest)
            for kind in NATIONAL_IDS
        ),
    )


def _prefixes(words: Sequence[str]) -> str:
    """A pattern for every beginning of these words at the end of the text."""
    return rf"(?:{'|'.join(sorted({word[:size] for word in words for size in range(1, len(word) + 1)}))})\Z"


_JOINING = (*_JOINS, "at")
_AFTER_WORD = rf" {{0,2}}(?:\Z|[@(\[]|{_prefixes(_JOINING)}|(?:{'|'.join(_JOINING)}) |[点下横减艾圈])"

LIKELY = pattern_of(
    rf"(?<![{_LETTER}_])(?:"
    rf"(?P<word>[{_LETTER}_][{_LETTER}_.%+-]{{0,63}}\Z|[a-z0-9]{{1,32}} {{1,2}}\Z)"
    rf"|[{_LETTER}_](?:[{_LETTER}_.%+-]{{0,63}}(?:@|(?<=[a-z0-9]){_AFTER_WORD}))"
    rf"|[0-9]"
    rf"|(?:plus|{'|'.join(NUMBER_WORDS)})(?:\Z|[^{_LETTER}])"
    rf"|[a-z]{{2}}[ -]?[0-9]|[a-z]{{6}} ?[0-9]|[xyz][ -]?[0-9]|[0-9a-f]{{1,4}}:|[0-9a-f]{{8}}-"
    rf")|(?<![{HAN_DIGITS}])[{HAN_DIGITS}](?:\Z|[{HAN_DIGITS}0-9 ,，、./()a-z-])"
    rf"|[+(加](?:\Z|[+0-9{HAN_DIGITS} (]|[a-z])|<(?:\Z|[a-z])"
)
"""Where something may begin: a superset of the places where a family's pattern fits or may yet fit.

`word` is the text's last word, which may be the name of an e-mail address, written or said.
"""
