"""The past time a question is about: `last week`, `since Monday`, `in the past ten days`, `上周`, `从周一到现在`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from voice.llm.builtin.days import EN_DAY, HAN_DAY, MONTHS, WEEKDAYS, english_day, han_day
from voice.text.numbers import HAN_NUMBER, han_number
from voice.text.patterns import pattern_of

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included, and where in the words they were named."""

    first: date
    last: date
    start: int = 0
    end: int = 0


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _month(day: date, back: int) -> tuple[date, date]:
    """The whole month so many before the day's."""
    year, month = divmod(day.year * 12 + day.month - 1 - back, 12)
    following, first = divmod(year * 12 + month + 1, 12)
    return date(year, month + 1, 1), date(following, first + 1, 1) - _DAY


def _named_month(day: date, month: int) -> tuple[date, date]:
    return _month(day, (day.month - month) % 12)


def _week(today: date, back: int) -> tuple[date, date]:
    first = _monday(today) - timedelta(days=7 * back)
    return first, min(today, first + 6 * _DAY) if back == 0 else first + 6 * _DAY


def _weekend(today: date, back: int) -> tuple[date, date]:
    saturday = _monday(today) + 5 * _DAY - timedelta(days=7 * back)
    if back == 0 and saturday > today:
        saturday -= timedelta(days=7)
    return saturday, saturday + _DAY


_Span = Callable[[date, re.Match[str]], tuple[date, date] | None]


def _last_days(today: date, found: re.Match[str]) -> tuple[date, date] | None:
    count = {"few": 3, "couple": 2, "couple of": 2}.get(found["count"] or "1") or int(found["count"] or 1)
    days = count * {"d": 1, "w": 7, "m": 30}[found["unit"][0]]
    return (today - timedelta(days=days - 1), today) if 0 < days <= 3660 else None


def _last_han_days(today: date, found: re.Match[str]) -> tuple[date, date] | None:
    count = 3 if found["count"] == "几" else han_number(found["count"])
    unit = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30}[found["unit"].removeprefix("个")]
    days = int((count or 0) * unit)
    return (today - timedelta(days=days - 1), today) if 0 < days <= 3660 else None


_ENGLISH: tuple[tuple[re.Pattern[str], _Span], ...] = (
    (
        pattern_of(
            r"\b(?:in|over|during|for|within)? ?(?:the |these )?(?:last|past|previous) "
            r"(?P<count>\d{1,4}|few|couple of|couple) (?P<unit>days?|weeks?|months?)\b"
        ),
        _last_days,
    ),
    (pattern_of(r"\btoday(?:'s)?\b"), lambda today, _: (today, today)),
    (pattern_of(r"(?<!before )\byesterday(?:'s)?\b"), lambda today, _: (today - _DAY, today - _DAY)),
    (pattern_of(r"\b(?:so far )?(?:in |during )?this week\b(?: so far)?(?! end)"), lambda today, _: _week(today, 0)),
    (pattern_of(r"\b(?:week before last)\b"), lambda today, _: _week(today, 2)),
    (
        pattern_of(r"\b(?:in |during |over )?(?:the )?(?:last|previous|past) week\b(?:'s)?"),
        lambda today, _: _week(today, 1),
    ),
    (pattern_of(r"\b(?:over |on |at )?(?:the )?last weekend\b"), lambda today, _: _weekend(today, 1)),
    (pattern_of(r"\b(?:over |on |at )?(?:this|the) weekend\b"), lambda today, _: _weekend(today, 0)),
    (
        pattern_of(r"\b(?:so far )?(?:of |in |for |during )?this month\b(?:'s)?(?: so far)?"),
        lambda today, _: (today.replace(day=1), today),
    ),
    (
        pattern_of(r"\b(?:of |in |for |during )?(?:the )?(?:last|previous|past) month\b(?:'s)?"),
        lambda today, _: _month(today, 1),
    ),
    (pattern_of(r"\b(?:of |in |for )?this year\b"), lambda today, _: (today.replace(month=1, day=1), today)),
    (
        pattern_of(rf"\bin (?P<month>{'|'.join(name.lower() for name in MONTHS)})\b(?! \d)"),
        lambda today, found: _named_month(today, [name.lower() for name in MONTHS].index(found["month"]) + 1),
    ),
)
_CHINESE: tuple[tuple[re.Pattern[str], _Span], ...] = (
    (
        pattern_of(
            rf"(?:在)?(?:最近|近|过去|这|前)的?这?(?P<count>{HAN_NUMBER}|几)"
            r"(?P<unit>个?(?:天|日|周|星期|礼拜|月))(?:以来|里|内|之内|中)?"
        ),
        _last_han_days,
    ),
    (
        pattern_of(rf"(?P<count>{HAN_NUMBER}|几)(?P<unit>个?(?:天|日|周|星期|礼拜|月))(?:之内|以内|内|以来)"),
        _last_han_days,
    ),
    (pattern_of(r"上个?(?:周末|星期末|礼拜末)"), lambda today, _: _weekend(today, 1)),
    (pattern_of(r"(?:这个?|本)周末|周末"), lambda today, _: _weekend(today, 0)),
    (pattern_of(r"上上个?(?:周|星期|礼拜)(?![一二三四五六日天])"), lambda today, _: _week(today, 2)),
    (pattern_of(r"上个?(?:周|星期|礼拜)(?![一二三四五六日天])"), lambda today, _: _week(today, 1)),
    (pattern_of(r"(?:这个?|本)(?:周|星期|礼拜)(?![一二三四五六日天])"), lambda today, _: _week(today, 0)),
    (pattern_of(r"上个?月"), lambda today, _: _month(today, 1)),
    (pattern_of(r"这个?月|本月|当月"), lambda today, _: (today.replace(day=1), today)),
    (pattern_of(r"今年"), lambda today, _: (today.replace(month=1, day=1), today)),
    (
        pattern_of(rf"(?P<month>{HAN_NUMBER})月份?(?!\d|[零〇一二两三四五六七八九十])"),
        lambda today, found: _han_month(today, found["month"]),
    ),
)
_SINCE = pattern_of(r"\b(?:ever )?since (?:last )?$")
_HAN_SINCE = pattern_of(r"^(?:到现在|到今天|到目前|以来|起|开始|至今|之后|以后)")


def _han_month(today: date, said: str) -> tuple[date, date] | None:
    month = han_number(said)
    return _named_month(today, int(month)) if month is not None and 1 <= month <= 12 else None


def period(words: str, today: date, *, chinese: bool) -> Period | None:
    """The past days that `words` (of `plain_words`) name, None where they name none."""
    for pattern, span in _CHINESE if chinese else _ENGLISH:
        found = pattern.search(words)
        if found and (days := span(today, found)) is not None:
            return Period(*days, found.start(), found.end())
    return _day(words, today, chinese)


def _day(words: str, today: date, chinese: bool) -> Period | None:
    pattern, read = (HAN_DAY, han_day) if chinese else (EN_DAY, english_day)
    for found in pattern.finditer(words):
        day = read(found, today)
        if day is None:
            continue
        day = _past(day, found, today)
        start, end = found.span()
        if chinese:
            if tail := _HAN_SINCE.match(words[end:]):
                start -= words[:start].endswith(("从", "自"))
                return Period(day, today, start, end + tail.end())
        elif since := _SINCE.search(words[:start]):
            return Period(day, today, since.start(), end)
        elif words[:start].endswith("last "):
            start -= 5
        return Period(day, day, start, end)
    return None


def _past(day: date, found: re.Match[str], today: date) -> date:
    """The last such day instead of the next one."""
    named = found.groupdict()
    if (named.get("weekday") or named.get("weekday2")) and not named.get("week"):
        return day - timedelta(days=7 * (1 + (day - today).days // 7)) if day >= today else day
    if named.get("week") == "last":
        return today - timedelta(days=(today.weekday() - day.weekday() - 1) % 7 + 1)
    if day <= today:
        return day
    if named.get("day4") or (named.get("day2") and not named.get("month2")):
        return next(past for past in _days_of_months(today, day.day) if past <= today)
    if not any(named.get(year) for year in ("year", "year2", "year3", "year4")):
        return _years_before(day)
    return day


def _days_of_months(today: date, day: int) -> Iterator[date]:
    """That day of this month and of those before; not all months have one."""
    for back in range(12):
        first, last = _month(today, back)
        if day <= last.day:
            yield first.replace(day=day)


def _years_before(day: date) -> date:
    """That day a year before; for the 29th of February in the leap year before, eight years at most."""
    years = (day.year - back for back in range(1, 9))
    year = next(year for year in years if day.day <= _month(day.replace(year=year, day=1), 0)[1].day)
    return day.replace(year=year)


def spoken_day(day: date, *, chinese: bool) -> str:
    """A day as it is said: `Friday, November 27`, `11月27日`."""
    return f"{day.month}月{day.day}日" if chinese else f"{WEEKDAYS[day.weekday()]}, {MONTHS[day.month - 1]} {day.day}"
