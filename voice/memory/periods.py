"""The past time a question is about: `last week`, `since Monday`, `in the past ten days`, `上周`, `从周一到现在`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

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


_COUNTS = {"": 1, "a": 1, "few": 3, "couple": 2, "couple of": 2, "several": 5}
_EN_UNITS = {"day": 1, "week": 7, "fortnight": 14, "month": 30}
_HAN_UNITS = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30}


def _last_days(today: date, found: re.Match[str]) -> tuple[date, date] | None:
    """So many days up to today."""
    said = found["count"] or ""
    count = _COUNTS[said] if said in _COUNTS else int(said)
    if found["unit"].startswith("hour"):
        return (today - timedelta(days=-(-count // 24)), today) if count <= 240 else None
    return _up_to(today, count * _EN_UNITS[found["unit"].removesuffix("s")])


def _last_han_days(today: date, found: re.Match[str]) -> tuple[date, date] | None:
    said, unit = found["count"], _HAN_UNITS[found["unit"].removeprefix("个")]
    if said == "半":
        return _up_to(today, unit // 2) if unit == 30 else None
    count = 3 if said == "几" else han_number(said)
    return _up_to(today, int((count or 0) * unit))


def _up_to(today: date, days: int) -> tuple[date, date] | None:
    return (today - timedelta(days=days - 1), today) if 0 < days <= 3660 else None


def _english_month(today: date, found: re.Match[str]) -> tuple[date, date] | None:
    if re.search(rf"(?:\d|{_ORDINAL})(?: of)? ?$", found.string[: found.start(found.lastgroup or 0)]):
        return None  # the fifth of November
    return _named_month(today, [month.lower() for month in MONTHS].index(found[found.lastgroup or 0]) + 1)


def _day_of_week(today: date, found: re.Match[str]) -> tuple[date, date]:
    """A weekday of this week or the last one."""
    name, week = found["day"] or found["day2"], found["week"] or found["week2"]
    first, _ = _week(today, week == "last")
    day = first + [weekday.lower() for weekday in WEEKDAYS].index(name) * _DAY
    return day, day


def _han_month(today: date, found: re.Match[str]) -> tuple[date, date] | None:
    month = han_number(found["month"])
    return _named_month(today, int(month)) if month is not None and 1 <= month <= 12 else None


_IN = r"\b(?:(?:so far|in|over|on|at|of|during|for|from|within|throughout) )?(?:the )?"
_WEEKDAY = "|".join(name.lower() for name in WEEKDAYS)
_MONTH = "|".join(name.lower() for name in MONTHS)
_ORDINAL = r"(?:\d\d?(?:st|nd|rd|th)|first|second|third|[a-z]+th)"
_ENGLISH: tuple[tuple[re.Pattern[str], _Span], ...] = (
    (
        pattern_of(
            rf"{_IN}(?:(?:this|these|my) )?(?:last|past|previous|recent) "
            r"(?P<count>\d{1,4}|few|several|couple of|couple) (?P<unit>hours|days?|weeks?|fortnights?|months?)\b"
        ),
        _last_days,
    ),
    (pattern_of(rf"{_IN}(?:this )?(?:past (?P<count>)(?P<unit>week|month)|(?:last|past) fortnight)\b(?! end)"),
     lambda today, found: _last_days(today, found) if found["unit"] else _up_to(today, 14)),
    (pattern_of(r"\b(?:in|over|during|within) the last (?P<count>)(?P<unit>week|month)\b(?! end)"), _last_days),
    (pattern_of(r"\b(?:today(?:'s)?|(?:earlier |later )?this (?:morning|afternoon|evening))\b"),
     lambda today, _: (today, today)),
    (pattern_of(r"\b(?:(?<!before )yesterday(?:'s)?|last night)\b"), lambda today, _: (today - _DAY, today - _DAY)),
    (pattern_of(rf"{_IN}(?:(?:earlier )?this|current) week\b(?:'s)?(?: so far)?(?! end)"
                r"|\b(?:for|of|in|over) the week\b(?! (?:of|before|end))|\bweek to date\b"),
     lambda today, _: _week(today, 0)),
    (pattern_of(rf"{_IN}week before last\b"), lambda today, _: _week(today, 2)),
    (pattern_of(rf"{_IN}(?:last|previous) week\b(?:'s)?(?! end)"), lambda today, _: _week(today, 1)),
    (pattern_of(rf"{_IN}last weekend\b(?:'s)?"), lambda today, _: _weekend(today, 1)),
    (pattern_of(r"\b(?:over |on |at )?(?:(?:this|the|my) )?(?:past )?(?<!next )(?<!coming )(?<!last )weekend\b(?:'s)?"),
     lambda today, _: _weekend(today, 0)),
    (
        pattern_of(
            rf"\bon (?P<day>{_WEEKDAY}) (?:of )?(?P<week>this|last) week\b"
            rf"|\b(?:of )?(?P<week2>this|last) week(?:'s| on)? (?P<day2>{_WEEKDAY})\b"
        ),
        _day_of_week,
    ),
    (pattern_of(rf"{_IN}(?:this|current) month\b(?:'s)?(?: so far)?"
                r"|\b(?:for|of|in|over) the month\b(?! (?:of|before))|\bmonth to date\b"),
     lambda today, _: (today.replace(day=1), today)),
    (pattern_of(rf"{_IN}(?:last|previous) month\b(?:'s)?"), lambda today, _: _month(today, 1)),
    (pattern_of(rf"{_IN}this year\b(?:'s)?"), lambda today, _: (today.replace(month=1, day=1), today)),
    (
        pattern_of(
            rf"\b(?:(?:in|during|for|of|throughout|from|all|over) (?P<month>{_MONTH})|(?P<month2>{_MONTH})'s"
            rf"|(?P<month3>{_MONTH.replace('march|', '').replace('may|', '')}))\b(?! (?:the )?(?:\d|{_ORDINAL}))"
        ),
        _english_month,
    ),
)  # fmt: skip
_NO_WEEK = "末|[一1](?![共起直些次笔个单样总])|[二三四五六日天2-6]"
_WEEK = "(?:周|星期|礼拜)"
_CHINESE: tuple[tuple[re.Pattern[str], _Span], ...] = (
    (
        pattern_of(
            rf"在?(?:(?:最近|近|过去|前|这)的?(?:这|这个)?(?P<count>{HAN_NUMBER}|[几半])(?P<unit>个?(?:天|日|{_WEEK}|月))"
            r"(?!了)(?:之内|以来|[里内中来])?)"
        ),
        lambda today, found: (
            None if found[0].startswith(("这一周", "这一个", "前几")) else _last_han_days(today, found)
        ),
    ),
    (
        pattern_of(rf"(?P<count>{HAN_NUMBER}|几)(?P<unit>个?(?:天|日|{_WEEK}|月))(?:之内|以内|以来|[内来里])"),
        _last_han_days,
    ),
    (pattern_of("今[日儿早晚]个?"), lambda today, _: (today, today)),
    (pattern_of("昨[日儿晚夜]个?"), lambda today, _: (today - _DAY, today - _DAY)),
    (pattern_of(f"上一?个?(?:{_WEEK}末|双休日?)"), lambda today, _: _weekend(today, 1)),
    (
        pattern_of("(?:这一?个?|本|刚过去的)?(?:周末|周六(?:和|、|跟)?周日|周六日|星期六星期[日天])"),
        lambda today, _: _weekend(today, 0),
    ),
    (pattern_of(rf"上上一?个?{_WEEK}(?!{_NO_WEEK})"), lambda today, _: _week(today, 2)),
    (pattern_of(rf"上一?个?{_WEEK}(?!{_NO_WEEK})"), lambda today, _: _week(today, 1)),
    (pattern_of(rf"(?:这一?个?|本|当){_WEEK}(?!{_NO_WEEK})"), lambda today, _: _week(today, 0)),
    (pattern_of(r"上一?个?月(?!\d|初)份?"), lambda today, _: _month(today, 1)),
    (
        pattern_of(r"(?:这一?个?|本|当)月份?(?!\d)|(?:从|自)?(?:这个?|本)?月初"),
        lambda today, _: (today.replace(day=1), today),
    ),
    (pattern_of(r"今年"), lambda today, _: (today.replace(month=1, day=1), today)),
    (pattern_of(rf"(?P<month>{HAN_NUMBER})月份?(?!\d|[零〇一二两三四五六七八九十])"), _han_month),
)
_SINCE = pattern_of(r"\b(?:ever )?since (?:the (?:start|beginning|first day|1st|first) ?(?:of )?)?(?:last |the )?$")
_HAN_SINCE = pattern_of(
    r"^(?:以来|起|开始|至今|之后|以后)?(?:一直)?(?:到(?:现在|今天|目前)(?:为止)?|以来|起|开始|至今|之后|以后)"
)
_TO, _HAN_TO = pattern_of(r"^ (?:to|until|till|through|and) (?:the )?$"), pattern_of(r"^(?:到|至|和|跟)$")


def period(words: str, today: date, *, chinese: bool) -> Period | None:
    """The past days that `words` (of `plain_words`) name, None where they name none; the longest words say it best."""
    spans = list[Period]()
    for pattern, span in _CHINESE if chinese else _ENGLISH:
        found = pattern.search(words)
        if found and (days := span(today, found)) is not None:
            spans.append(Period(*days, found.start(), found.end()))
    days_named = list(_days(words, today, chinese))
    spans += [_since(one, words, today, chinese) for one in (*spans, *days_named)]
    spans += [_from_to(one, other) for one, other in pairwise(days_named)
              if (_HAN_TO if chinese else _TO).match(words[one.end : other.start])]  # fmt: skip
    return max(spans, key=lambda one: one.end - one.start, default=None)


def _from_to(one: Period, other: Period) -> Period:
    first = one.first if one.first <= other.first else one.first - 7 * _DAY
    return Period(first, max(first, other.last), one.start, other.end)


def _since(one: Period, words: str, today: date, chinese: bool) -> Period:
    """The days since then, where the words around it say so."""
    before, behind = words[: one.start], words[one.end :]
    if not chinese:
        since = _SINCE.search(f"{before}")
        return one if since is None else Period(one.first, today, since.start(), one.end)
    tail = _HAN_SINCE.match(behind)
    if tail is None or one.first > today:
        return one
    return Period(one.first, today, one.start - before.endswith(("从", "自")), one.end + tail.end())


def _days(words: str, today: date, chinese: bool) -> Iterator[Period]:
    """The single days that are named."""
    pattern, read = (HAN_DAY, han_day) if chinese else (EN_DAY, english_day)
    for found in pattern.finditer(words):
        day = read(found, today)
        if day is None or (
            chinese and found["weekday"] == "一" and words[found.end("weekday") :][:1] in tuple("共起直些总")
        ):
            continue  # 上周一共 is the week
        day = _past(day, found, today)
        start, end = found.span()
        if not chinese and words[:start].endswith("last ") and not _SINCE.search(words[:start]):
            start -= 5
        yield Period(day, day, start, end)


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
