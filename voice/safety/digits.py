"""Digits as people write and say them: `138 0013`, `double five`, `oh`, `幺三八`."""

from __future__ import annotations

import re
from typing import NamedTuple

import regex

_WORDS = dict(zip(str.split("zero one two three four five six seven eight nine"), "0123456789", strict=True)) | {
    "oh": "0",
    "o": "0",
    "nought": "0",
}
_HAN = dict(zip("零一二三四五六七八九", "0123456789", strict=True)) | dict(
    zip("〇○幺两兩壹贰叁肆伍陆柒捌玖", "00122123456789", strict=True)
)
_TIMES = {"double": 2, "triple": 3, "treble": 3}

HAN_DIGITS = "".join(_HAN)
NUMBER_WORDS = (*_WORDS, *_TIMES)

_WRITTEN = r"[0-9]{1,20}(?![0-9])"
_TIMES_SAID = f"(?:{'|'.join(_TIMES)}) {{1,2}}"
_SAID = f"(?:(?:{_TIMES_SAID})?(?:{'|'.join(_WORDS)})|{_TIMES_SAID}[0-9])(?![a-z0-9])"
_HAN_SAID = f"[{HAN_DIGITS}]"
_SAID_ANY = f"(?:{_SAID}|{_HAN_SAID})"
_GAP = r" {0,2}(?:[-./()]{1,2} {0,2})?"
_PAUSE = r"(?: {0,2}[,，、嗯呃] {0,2}|,? {1,2}(?:um|uh|er|erm),? {1,2})"
_TOKEN = f"(?:{_WRITTEN}|{_SAID_ANY})"
_PLUS = r"(?:\(?\+ ?|plus {1,2}|加 ?)"
_X = rf"(?:{_GAP}(?:x|ex|艾克斯|叉)(?![a-z0-9]))"

MOST_TOKENS, MOST_DIGITS = 20, 19

RUN = regex.compile(rf"{_PLUS}?\(?{_TOKEN}(?>{_GAP}{_TOKEN}|{_PAUSE}{_SAID_ANY}){{0,{MOST_TOKENS - 1}}}+{_X}?")
"""Digits one after another, as far as they could be one number, in folded text; at most 20 words or blocks.

What was read is not read in another way (`(?>…)`, `+`), or a run that is none would cost its length squared.
"""

_PARTS = re.compile(rf"(?P<plus>{_PLUS})|(?P<written>[0-9]+)|(?P<said>{_SAID})|(?P<han>{_HAN_SAID})|(?P<x>{_X})")


class Piece(NamedTuple):
    """A block or a word of a run: its digits (`X` for a check character) and where it ends in the text."""

    digits: str
    end: int
    written: bool


def pieces(text: str, start: int, end: int) -> tuple[list[Piece], bool]:
    """What RUN found says, up to a digit more than a number may have, and whether a plus stands before it."""
    found: list[Piece] = []
    plus, count = False, 0
    for part in _PARTS.finditer(text, start, end):
        kind, words = part.lastgroup, part[0]
        if kind == "plus":
            plus = plus or not found
        elif kind == "written":
            found.append(Piece(words, part.end(), True))
        elif kind == "han":
            found.append(Piece(_HAN[words], part.end(), False))
        elif kind == "said":
            times, _, word = words.rpartition(" ")
            found.append(Piece(_WORDS.get(word, word) * _TIMES.get(times.strip(), 1), part.end(), False))
        else:
            found.append(Piece("X", part.end(), False))
        count += len(found[-1].digits) if kind != "plus" else 0
        if count > MOST_DIGITS:
            break
    return found, plus
