"""Dates as people say them: `2026-11-23` is `November twenty-third, twenty twenty-six`, `二零二六年十一月二十三日`."""

from __future__ import annotations

import re
from datetime import date

from voice.text.number_words import cardinal, han_cardinal, han_digits, ordinal, year_in_words
from voice.text.patterns import pattern_of

_MONTHS = str.split("January February March April May June July August September October November December")
_MONTH_OF = {name[:3]: number for number, name in enumerate(_MONTHS, start=1)}
_MONTH = rf"(?P<month>{'|'.join(f'{name}|{name[:3]}[.]?' for name in _MONTHS)}|Sept[.]?)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_BEFORE, _AFTER = r"(?<![A-Za-z0-9_./:-])", r"(?![A-Za-z0-9_/-]|[.,:][A-Za-z0-9_])"

_ISO = pattern_of(rf"{_BEFORE}{_YEAR}(?P<mark>[-/])(?P<month>\d\d?)(?P=mark)(?P<day>\d\d?){_AFTER}")
_DAY_FIRST = pattern_of(rf"{_BEFORE}(?P<the>[Tt]he )?{_DAY}(?: of)? {_MONTH}(?:,? {_YEAR})?{_AFTER}")
_MONTH_FIRST = pattern_of(rf"{_BEFORE}{_MONTH} {_DAY},? {_YEAR}{_AFTER}")
_SLASHED = pattern_of(rf"{_BEFORE}(?P<first>\d\d?)/(?P<second>\d\d?)/{_YEAR}{_AFTER}")
_MONTH_ONLY = pattern_of(rf"{_BEFORE}{_MONTH} {_YEAR}{_AFTER}")
_HAN_DATE = pattern_of(r"(?<!\d)(?:(?P<year>\d{4})\s?年\s?)?(?P<month>\d\d?)\s?月\s?(?P<day>\d\d?)\s?(?P<mark>[日号])")
_HAN_YEARS = pattern_of(r"(?<![\d.,])([12]\d{3})(年?)\s?[-–—~～至到]\s?([12]\d{3})\s?年")
_HAN_SHORT_YEARS = pattern_of(r"(?<![\d.,])([12]\d{3})\s?[-–—~～]\s?(\d\d)\s?年")
_HAN_YEAR = pattern_of(r"(?<![\d,.])(?P<year>[12]\d{3})\s?年(?!前|后|内|间|来|多|级)")


def dates_in_words(text: str, language: str) -> str:
    """Text with its dates in words of `en` or `zh`; days that no calendar has, and other languages, stay in digits."""
    if language == "zh":
        text = _HAN_YEARS.sub(lambda found: f"{han_digits(found[1])}{found[2]}到{han_digits(found[3])}年", text)
        text = _HAN_SHORT_YEARS.sub(lambda found: f"{han_digits(found[1])}到{han_digits(found[2])}年", text)
        for pattern in (_ISO, _HAN_DATE):
            text = pattern.sub(_han, text)
        return _HAN_YEAR.sub(lambda found: f"{han_digits(found['year'])}年", text)
    if language == "en":
        for pattern in (_ISO, _MONTH_FIRST):
            text = pattern.sub(lambda found: _english(found, "{month} {day}, {year}"), text)
        text = _SLASHED.sub(_slashed, _DAY_FIRST.sub(_day_first, text))
        return _MONTH_ONLY.sub(lambda found: f"{_name(found)} {year_in_words(int(found['year']))}", text)
    return text


def _day_first(found: re.Match[str]) -> str:
    form = (found["the"] or "the ") + "{day} of {month}"
    return _english(found, form + ", {year}" if found["year"] else form)


def _slashed(found: re.Match[str]) -> str:
    """The month by name where one number can only be the day; else as it stands: countries disagree on the order."""
    first, second, year = int(found["first"]), int(found["second"]), int(found["year"])
    month, day = (second, first) if first > 12 else (first, second)
    if not _real(year, month, day):
        return found[0]
    if day > 12 or first == second:
        return f"{_MONTHS[month - 1]} {ordinal(day)}, {year_in_words(year)}"
    return f"{cardinal(first)} {cardinal(second)} {year_in_words(year)}"


def _english(found: re.Match[str], form: str) -> str:
    month, day, year = _parts(found)
    if not _real(year, month, day):
        return found[0]
    return form.format(month=_MONTHS[month - 1], day=ordinal(day), year=year_in_words(year))


def _han(found: re.Match[str]) -> str:
    month, day, year = _parts(found)
    if not _real(year, month, day):
        return found[0]
    mark = found["mark"] if found["mark"] in "日号" else "日"
    begun = f"{han_digits(found['year'])}年" if found["year"] else ""
    return f"{begun}{han_cardinal(month)}月{han_cardinal(day)}{mark}"


def _parts(found: re.Match[str]) -> tuple[int, int, int]:
    """Month, day and year; a year that is not said is one that has every day."""
    month = found["month"]
    number = int(month) if month.isdecimal() else _MONTH_OF[month[:3]]
    return number, int(found["day"]), int(found["year"] or 2000)


def _name(found: re.Match[str]) -> str:
    return _MONTHS[_MONTH_OF[found["month"][:3]] - 1]


def _real(year: int, month: int, day: int) -> bool:
    try:
        return bool(date(year, month, day))
    except ValueError:
        return False
