"""Telephone numbers: Chinese mobile numbers by their ranges, all others by Google's metadata."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

import phonenumbers

_MOBILE = re.compile(r"(?:(?:00)?86)?(1(?:3\d|4[014-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])\d{8})")
SHORTEST, LONGEST = 7, 17  # with 00 or 011 in front


def chinese_mobile(digits: str) -> str | None:
    """The number in E.164, from 11 digits or with 86 or 0086 in front."""
    found = _MOBILE.fullmatch(digits)
    return found and "+86" + found[1]


def telephone(digits: str, blocks: Sequence[int], regions: Sequence[str], *, plus: bool, named: bool) -> str | None:
    """A valid number in E.164, or None.

    `blocks` are the lengths the digits were written in. Without a country code they count only where words before
    them say that they are a telephone number (`named`), or where they are written in a region's own grouping: any ten
    digits would be somebody's number otherwise.
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
    return next(filter(None, (_valid(digits, region, borders) for region in regions)), None)


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
