"""Quantities as they are said: `1 1/2`, `3 quarters of an`, `2 and a half`, `half a dozen`, `一个半`, `四分之三`.

English is read with its number words in digits (`in_digits`), so that what a recognizer writes as words, digits or
`½` means the same. Patterns have no groups, so that other patterns can be made of them.
"""

from __future__ import annotations

import re
from fractions import Fraction

from voice.text.numbers import HAN_NUMBER, han_number
from voice.text.patterns import pattern_of

NUM = r"\d+(?:,\d{3})*(?:\.\d+)?"
"""An English number in digits."""

_PARTS = {
    name: size
    for size, names in {
        2: "half halves",
        3: "third thirds",
        4: "quarter quarters fourth fourths",
        5: "fifth fifths",
        6: "sixth sixths",
        8: "eighth eighths",
        10: "tenth tenths",
    }.items()
    for name in names.split()
}
_PART = "|".join(sorted(_PARTS, key=len, reverse=True))
_SLASHED = r"\d+/\d+"

SHARE = rf"(?:{_SLASHED}|(?:(?:an?|\d+) )?(?:{_PART})\b)"
"""A part of one: `3/4`, `half`, `a quarter`, `2 thirds`."""

QUANTITY = rf"(?:{NUM} and {SHARE}|{NUM} {_SLASHED}|half a dozen|{SHARE}|a couple(?: of)?|a dozen|{NUM}|an?(?![\w']))"
"""Any English quantity; `quantity` reads it."""

HAN_QUANTITY = (
    rf"(?:{HAN_NUMBER}又{HAN_NUMBER}分之{HAN_NUMBER}|{HAN_NUMBER}分之{HAN_NUMBER}|\d+ \d+/\d+|\d+/\d+"
    rf"|半|{HAN_NUMBER}个?半(?![个\d一二三四五六七八九十])|{HAN_NUMBER})"
)
"""Any Chinese quantity before a measure word; `han_quantity` reads it."""

_HAN_ABOUT = pattern_of(r"一两|两三|三两|二三|三四|三五|四五|五六|六七|七八|八九")


def quantity(text: str) -> Fraction | None:
    """The value of a match of QUANTITY; None for a division by zero."""
    if text in ("a", "an", "another"):
        return Fraction(1)
    if text.startswith("a couple"):
        return Fraction(2)
    if text.endswith("dozen"):
        return Fraction(6 if text.startswith("half") else 12)
    whole, _, share = text.rpartition(" and ") if " and " in text else _mixed(text)
    if whole:
        part = quantity(share)
        return None if part is None else Fraction(whole.replace(",", "")) + part
    if "/" in text:
        top, bottom = text.split("/")
        return Fraction(int(top), int(bottom)) if int(bottom) else None
    *count, name = text.split()
    if name in _PARTS:
        return Fraction(1 if not count or count[0] in ("a", "an") else int(count[0]), _PARTS[name])
    return Fraction(text.replace(",", ""))


def _mixed(text: str) -> tuple[str, str, str]:
    found = re.fullmatch(rf"({NUM}) ({_SLASHED})", text)
    return (found[1], " ", found[2]) if found else ("", "", text)


def han_quantity(text: str) -> Fraction | None:
    """The value of a match of HAN_QUANTITY; None for what is only about (`三五`, three to five) or no number."""
    if text == "半":
        return Fraction(1, 2)
    if "/" in text:
        return quantity(text)
    if "分之" in text:
        whole, _, share = text.rpartition("又")
        bottom, top = (_han(part) for part in share.split("分之"))
        added = _han(whole) if whole else Fraction(0)
        return None if not bottom or top is None or added is None else added + top / bottom
    if text.endswith("半"):
        value = _han(text.removesuffix("半").removesuffix("个"))
        return None if value is None else value + Fraction(1, 2)
    return _han(text)


def _han(text: str) -> Fraction | None:
    if _HAN_ABOUT.fullmatch(text):
        return None
    value = han_number(text)
    return None if value is None else Fraction(str(value))
