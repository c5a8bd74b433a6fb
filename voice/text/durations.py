"""Lengths of time as they are spoken and typed, both ways.

What two people could take for two lengths (`5 to 10 minutes`, `an hour or two`, `三五分钟`, `1:30`) has no value: the
caller asks. docs/benchmarks.md says how `quantulum3` and `dateparser` fare on the same sentences.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from voice.text.numbers import HAN_NUMBER, say_number
from voice.text.patterns import pattern_of
from voice.text.plain_words import plain_words
from voice.text.quantity import HAN_QUANTITY, NUM, QUANTITY, SHARE, han_quantity, quantity


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time in a text: `seconds`, None where it is not certain, and where it stands."""

    seconds: float | None
    start: int
    end: int


_SECONDS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_SMALLER = {"h": 60, "m": 1}
_UNIT = r"(?:weeks?|days?|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z'])"
_PART = pattern_of(
    rf"(?P<range>\b(?:{NUM}|an?) ?(?:to|or|-|–) ?)?"
    rf"(?:\b(?P<clock>\d+:\d\d(?::\d\d)?) ?|\b(?P<share>{SHARE})(?: of)?(?: an?| 1)?[ -]"
    rf"|(?:\b|(?<=[hm]))(?P<count>{QUANTITY}|another)[ -]?)(?:(?:more|extra|whole|full) )?"
    rf"(?P<unit>{_UNIT})(?! (?:to|past|before|after|till?) (?:\d{{1,2}}(?![\d:]| ?{_UNIT})|noon|midday|midnight))"
    rf"(?: long\b)?(?P<about> or (?:2|more)\b)?"
)
_BARE = pattern_of(rf"\b(?P<unit>hour|minute)(?= (?:and {SHARE}|\d))")
_JOINT = pattern_of(r",? ?(?:and )?(?!and\b)")
_ENDS = r"(?=$| (?:timers?|alarms?|reminder|countdown|for|to|called|named|please|from|with|on|until|left|that|about)\b)"
_TAIL = pattern_of(
    rf" (?:and )?(?P<share>{SHARE})(?! ?(?:of|an?|1)? ?{_UNIT})"
    rf"|(?: and)? ?(?P<rest>[1-5]?\d)(?![\d:./]| ?{_UNIT}| (?:and|to|past)\b){_ENDS}"
)
_CLOCK = pattern_of(r"\b(\d+):(\d\d)(?::(\d\d))?\b(?! ?(?:a ?m|p ?m)\b)")
_ORDINAL = pattern_of(r"an?(?:other)? second (?:[a-z']+ ){0,2}(?:one|timer|alarm|reminder|countdown)\b")
_INSTEAD = pattern_of(r" (?:no|i mean|sorry|actually|make (?:that|it)|rather|or rather|wait)\b")

_HAN_UNIT = r"(?:秒钟?|分钟?(?!之)|小时|钟头|刻钟|个钟|天|周|个?星期|个?礼拜)"
_HAN_PART = pattern_of(
    rf"(?P<range>{HAN_NUMBER}[到至或~-])?(?P<count>{HAN_QUANTITY})个?(?P<unit>{_HAN_UNIT})(?P<half>半)?"
    rf"(?P<rest>[零]?{HAN_NUMBER}(?=$|的|后|之后|以后|吧))?"
)
_HAN_CLOCK = pattern_of(
    rf"{HAN_NUMBER}点钟?差{HAN_NUMBER}(?:分钟?|刻钟?)|差{HAN_NUMBER}(?:分钟?|刻钟?)到?{HAN_NUMBER}点"
    rf"|{HAN_NUMBER}点(?:{HAN_NUMBER}分(?!钟)|半|整|钟|[一三]刻)"
)
_HAN_SECONDS = {
    "秒": 1,
    "分": 60,
    "小": 3600,
    "钟": 3600,
    "天": 86400,
    "刻": 900,
    "周": 604800,
    "星": 604800,
    "礼": 604800,
}
_HAN_SMALLER = {"小": 60, "钟": 60, "分": 1}
_HAN_JOINT = pattern_of(r"[零又加和、,，]?(?:零)?")
_HAN_INSTEAD = pattern_of(r"不对|不是|应该是|我是说|说错了|还是")


def parse_duration(text: str) -> float | None:
    """The one length of time in an English or Chinese text, in seconds; None where there is none or it is not certain.

    >>> parse_duration("three quarters of an hour")
    2700.0
    """
    words, chinese = plain_words(text)
    found = lengths(words, chinese=chinese)
    return found[0].seconds if len(found) == 1 else None


def lengths(words: str, *, chinese: bool = False) -> list[Length]:
    """Every length of time in `words` (of `plain_words`), left to right; parts such as `1 hour and 5 minutes` are one.

    Where the person corrects themselves (`5 minutes, no, 10 minutes`) only the last one counts.
    """
    found = _chinese(words) if chinese else _english(words)
    instead = _HAN_INSTEAD if chinese else _INSTEAD
    while len(found) > 1 and instead.search(words, found[-2].end, found[-1].start):
        found[-2:] = [Length(found[-1].seconds, found[-2].start, found[-1].end)]
    return found


def _english(words: str) -> list[Length]:
    found: list[Length] = []
    at = 0
    while part := _next_part(words, at):
        if part.start() > at and (clock := _CLOCK.search(words, at, part.start())):
            found.append(_clock_length(clock))
        start, end, total, size = part.start(), part.end(), _value(part), 0
        certain = total is not None and not part["range"] and not part["about"]
        if part["range"] and words[:start].endswith("from "):
            certain = total is not None  # "from 5 to 10 minutes"
        size = _SECONDS[part["unit"][0]]
        total = (total or Fraction(0)) * size
        while True:
            tail = _TAIL.match(words, end)
            if tail and tail["share"]:
                total += (quantity(tail["share"]) or 0) * size
                end = tail.end()
            elif tail and part["unit"][0] in _SMALLER and (part["unit"][-1] in "srn" or total == size):
                total += int(tail["rest"]) * _SMALLER[part["unit"][0]]
                end = tail.end()
            joint = _JOINT.match(words, end)
            further = _PART.match(words, joint.end()) if joint else None
            if further is None or not _goes_on(further, size):
                break
            part, end, size = further, further.end(), _SECONDS[further["unit"][0]]
            value = _value(further)
            certain = certain and value is not None and not further["range"] and not further["about"]
            total += (value or 0) * size
        if words[:start].endswith(("minus ", "negative ", "-")) or words.startswith(" ago", end):
            certain = False
        found.append(Length(float(total) if certain else None, start, end))
        at = end
    return found + [_clock_length(clock) for clock in _CLOCK.finditer(words, at)]


def _next_part(words: str, at: int) -> re.Match[str] | None:
    """The first part of a length from `at`; `a second timer` and `one second one` are no lengths."""
    while (part := min(filter(None, (_PART.search(words, at), _BARE.search(words, at))), key=re.Match.start,
                       default=None)) is not None:  # fmt: skip
        if not _ORDINAL.match(words, part.start()):
            return part
        at = part.end()
    return None


def _goes_on(part: re.Match[str], size: int) -> bool:
    """Whether a part behind one of `size` seconds belongs to it: a smaller unit, not the start of another duration."""
    return _SECONDS[part["unit"][0]] < size and not re.match(r"an? \d", part.string[part.start() :])


def _value(part: re.Match[str]) -> Fraction | None:
    """How many of its unit; None for a range."""
    groups = part.groupdict()
    if groups.get("clock"):
        whole, *rest = (int(number) for number in part["clock"].split(":"))
        return whole + Fraction(rest[0], 60) + (Fraction(rest[1], 3600) if len(rest) > 1 else 0)
    said = groups.get("share") or groups.get("count")
    return quantity(said) if said else Fraction(1)


def _clock_length(found: re.Match[str]) -> Length:
    """`1:30:00` is a length; `1:30` may be a minute and a half, an hour and a half, or a time of day."""
    if found[3] is None:
        return Length(None, found.start(), found.end())
    return Length(float(int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3])), found.start(), found.end())


def _chinese(words: str) -> list[Length]:
    shown = _HAN_CLOCK.sub(lambda clock: "\0" * len(clock[0]), words)
    found: list[Length] = []
    at = 0
    while part := _HAN_PART.search(shown, at):
        start, total, certain = part.start(), Fraction(0), True
        while True:
            unit = part["unit"].removeprefix("个")[0]
            value = han_quantity(part["count"])
            certain = certain and value is not None and not part["range"]
            total += ((value or 0) + (Fraction(1, 2) if part["half"] else 0)) * _HAN_SECONDS[unit]
            end = part.end()
            if part["rest"] and unit in _HAN_SMALLER:
                total += (han_quantity(part["rest"].lstrip("零") or "零") or 0) * _HAN_SMALLER[unit]
            joint = _HAN_JOINT.match(shown, end)
            further = _HAN_PART.match(shown, joint.end() if joint else end)
            if further is None or _HAN_SECONDS[further["unit"].removeprefix("个")[0]] >= _HAN_SECONDS[unit]:
                break
            part = further
        found.append(Length(float(total) if certain else None, start, end))
        at = end
    return found


def say_duration(seconds: float, language: str) -> str:
    """`90` as `1 minute and 30 seconds` or `1分钟30秒`; whole seconds, zero as less than a second."""
    left = max(1, round(seconds)) if seconds != int(seconds) or seconds < 1 else int(seconds)
    parts = []
    for size, name, han in ((3600, "hour", "小时"), (60, "minute", "分钟"), (1, "second", "秒")):
        count, left = divmod(left, size)
        if count:
            number = say_number(float(count), language)
            parts.append(f"{number}{han}" if language == "zh" else f"{number} {name}{'s' if count != 1 else ''}")
    if language == "zh":
        return "".join(parts)
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def masked(words: str, spans: Sequence[Length]) -> str:
    r"""The words with `\0` in place of each length, and of the article before one that is to be added."""
    for length in reversed(spans):
        words = f"{words[: length.start]}\0{words[length.end :]}"
    return re.sub(r"(?<=\b(?:add|put) )(?:an?|another) (?=\0)", "", words) if "\0" in words else words
