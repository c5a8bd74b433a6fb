"""Which number a run of digits begins with: an identity card, a bank card, a telephone number, or none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

from voice.safety.check_digits import card_lengths, is_card, is_identity_card
from voice.safety.digits import MOST_DIGITS, Piece, pieces
from voice.safety.phones import SHORTEST, chinese_mobile, telephone

CONTEXT = 48
"""Code points before a find that may tell what it is."""

FRACTION = re.compile(r"[0-9][.,](?=[0-9])")
"""What stands before digits that go on a number."""
_GOES_ON = re.compile(r"\.[0-9]")
_PHONE_CUE = re.compile(
    r"(?:phone|\bcall|\bcell|mobile|\btel\b|\bfax|\bdial|\bring\b|whatsapp|\btext (?:me|him|her|us|them)|reach me"
    r"|my number|his number|her number|our number|their number|hotline|landline"
    r"|电话|手机|打给|致电|联系方式|座机|热线|拨打|传真|我的号码|他的号码|她的号码|微信号)[^.!?。！？\n]{0,24}$"
)

_WORD = re.compile(r"[^\W\d_]{2}")
"""Every cue has it, and a list of digits has not: it is found out in a tenth of the time."""
_LENGTHS = frozenset((11, 13, 15, 18))
"""How long a Chinese mobile number, with 86 or 0086 in front, and an identity number are."""


def ends(text: str, end: int) -> bool:
    """Whether no letter or digit goes on after `end`."""
    return end >= len(text) or not (text[end].isascii() and text[end].isalnum())


def number(text: str, start: int, end: int, regions: Sequence[str]) -> tuple[str, str, int] | None:
    """(kind, value, end) of the longest part of the run from `start` to `end` that begins it and is a number."""
    if text[start] == "(" and ")" not in text[start:end]:
        return None
    run, plus = pieces(text, start, end)
    blocks = [len(piece.digits) for piece in run]
    sizes = list(accumulate(blocks))
    if sizes[-1] < SHORTEST or FRACTION.match(text, max(0, start - 2)):
        return None
    if text[start] == "(" and ")" not in text[start : run[-1].end]:
        return None
    digits = "".join(piece.digits for piece in run)
    least = list(accumulate(blocks, min, initial=4))  # of so many blocks; more than 3 is as good as 4
    singles = next((at for at, piece in enumerate(run) if piece.written and blocks[at] > 1), len(run))
    named = _named(text, start)
    fit = card_lengths(digits[:4]) | _LENGTHS if not plus and not named else None
    for last in range(len(run) if plus else _alike(run), 0, -1):
        size, tail = sizes[last - 1], run[last - 1]
        if size < SHORTEST:
            break
        if fit is not None and last <= singles and size not in fit:
            continue
        if size > MOST_DIGITS or (tail.written and (not ends(text, tail.end) or _GOES_ON.match(text, tail.end))):
            continue
        part, alone = digits[:size], last <= singles
        if size == 18 and is_identity_card(part):
            return "ID", part, tail.end
        if not part.isdecimal():
            continue
        if not plus and (alone or least[last - 1] >= 3) and is_card(part):
            return "CARD", part, tail.end
        phone: str | None = None
        if plus or alone or last == 1 or least[last] > 1 or not run[0].written:
            phone = chinese_mobile(part)
        if phone is None and (plus or named or not alone):
            phone = telephone(part, blocks[:last], regions, plus=plus, named=named)
        if phone is not None:
            return "PHONE", phone, tail.end
    return None


def _named(text: str, start: int) -> bool:
    """Whether words before it say that a telephone number follows."""
    before = max(0, start - CONTEXT)
    return _WORD.search(text, before, start) is not None and _PHONE_CUE.search(text, before, start) is not None


def _alike(run: Sequence[Piece]) -> int:
    """How many pieces can be parts of one number: single digits and blocks of them stand side by side in lists only."""
    blocks: bool | None = None
    for count, piece in enumerate(run):
        if piece.written and count:
            if blocks is not None and blocks != (len(piece.digits) > 1):
                return count
            blocks = len(piece.digits) > 1
    return len(run)
