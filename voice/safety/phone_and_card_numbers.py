"""Identifies runs of digits, also spoken ones: identity card, bank card, telephone number or none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import phonenumbers
import regex

from voice.safety.check_digits import card_lengths, is_card, is_identity_card
from voice.text.patterns import pattern_of

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

_PARTS = pattern_of(rf"(?P<plus>{_PLUS})|(?P<written>[0-9]+)|(?P<said>{_SAID})|(?P<han>{_HAN_SAID})|(?P<x>{_X})")


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


phonenumbers.enable_pattern_cache()  # else patterns would be recompiled for each country

_MOBILE = pattern_of(r"(?:(?:00)?86)?(1(?:3\d|4[014-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])\d{8})")
SHORTEST, LONGEST = 7, 17  # with 00 or 011 in front


def chinese_mobile(digits: str) -> str | None:
    """The number in E.164, from 11 digits or with 86 or 0086 in front."""
    found = _MOBILE.fullmatch(digits)
    return found and "+86" + found[1]


def telephone(digits: str, blocks: Sequence[int], regions: Sequence[str], *, plus: bool, named: bool) -> str | None:
    """A valid number in E.164, or None.

    `blocks` are the lengths the digits were written in. Without a country code they count only where words before
    them say that they are a telephone number (`named`), or where they are written in a region's own grouping: any ten
    digits would be a valid number otherwise.
    """
    if not SHORTEST <= len(digits) <= LONGEST:
        return None
    if plus:
        return _valid("+" + digits, None, ())
    for prefix in ("00", "011"):
        if digits.startswith(prefix) and (named or len(blocks) > 1):
            found = _valid("+" + digits[len(prefix) :], None, ())
            if found is not None:
                return found
    if not named and len(blocks) < 2:
        return None
    borders = () if named else tuple(accumulate(blocks[:-1]))
    likely = (region for region in regions if _shape(region).fullmatch(digits))
    return next(filter(None, (_valid(digits, region, borders) for region in likely)), None)


@lru_cache(512)
def _shape(region: str) -> re.Pattern[str]:
    """What every number of a region looks like, perhaps with its country code and a prefix: quickly told.

    Regions that share a country code know each other's numbers.
    """
    code = phonenumbers.country_code_for_region(region)
    sharing = phonenumbers.region_codes_for_country_code(code)
    shapes, prefixes = set[str](), set[str]()
    for other in sharing:
        known = phonenumbers.PhoneMetadata.metadata_for_region(other, None)
        assert known is not None and known.general_desc is not None, "a region that is listed is described"
        shapes.add(known.general_desc.national_number_pattern or "[0-9]+")
        if other in (region, sharing[0]):  # the first speaks for all of them
            prefixes.add(known.national_prefix_for_parsing or "")
            if known.national_prefix_transform_rule:
                return re.compile("[0-9]+")  # what follows such a prefix is not what the pattern describes
    return re.compile(f"(?:{code})?(?:{'|'.join(sorted(prefixes))})?(?:{'|'.join(sorted(shapes))})")


@lru_cache(4096)
def _valid(number: str, region: str | None, borders: tuple[int, ...]) -> str | None:
    """E.164 of a valid number whose gaps, if any, are where its region writes them."""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    if region is not None:
        groups = _national(parsed)
        before = number.removesuffix("".join(groups))
        if before not in ("", str(parsed.country_code)):
            return None  # a city's code needs its zero where that is written
        if not set(borders) <= {len(before) + border for border in (0, *accumulate(map(len, groups)))}:
            return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _national(parsed: phonenumbers.PhoneNumber) -> list[str]:
    return re.findall(r"\d+", phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL))


CONTEXT = 48
"""Code points before a find that may tell what it is."""

FRACTION = pattern_of(r"[0-9][.,](?=[0-9])")
"""What stands before digits that go on a number."""
_GOES_ON = pattern_of(r"\.[0-9]")
_PHONE_CUE = pattern_of(
    r"(?:phone|\bcall|\bcell|mobile|\btel\b|\bfax|\bdial|\bring\b|whatsapp|\btext (?:me|him|her|us|them)|reach me"
    r"|my number|his number|her number|our number|their number|hotline|landline"
    r"|电话|手机|打给|致电|联系方式|座机|热线|拨打|传真|我的号码|他的号码|她的号码|微信号)[^.!?。！？\n]{0,24}$"
)

_WORD = pattern_of(r"[^\W\d_]{2}")
"""Every cue has it, and a list of digits has not: it is found out in a tenth of the time."""
_LENGTHS = frozenset((11, 13, 15, 18))
"""How long a Chinese mobile number, with 86 or 0086 in front, and an identity number are."""


def ends(text: str, end: int) -> bool:
    """Whether no letter or digit follows `end`."""
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
    """Whether the preceding words announce a telephone number."""
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
