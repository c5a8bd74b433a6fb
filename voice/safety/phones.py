"""Telephone numbers: Chinese mobile numbers by their ranges, all others by Google's metadata."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

import phonenumbers

phonenumbers.enable_pattern_cache()  # one after another, numbers of all countries would have patterns compiled anew

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
