"""Days as they are spoken: `tomorrow`, `next wednesday`, `the 5th of december`, `christmas`, `下周三`, `圣诞节`.

A weekday alone is the next one; `next` and `下` count weeks from Monday; a date without a year is the next one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from voice.text.numbers import HAN_NUMBER, han_number
from voice.text.patterns import pattern_of

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = str.split("January February March April May June July August September October November December")

_MONTH = "|".join(f"{name.lower()}|{name[:3].lower()}" for name in MONTHS) + "|sept"
_WEEKDAY = "|".join(name.lower() for name in WEEKDAYS)
_NAMED = {"the day after tomorrow": 2, "day after tomorrow": 2, "tomorrow": 1, "today": 0, "tonight": 0,
          "the day before yesterday": -2, "day before yesterday": -2, "yesterday": -1}  # fmt: skip
_ORDINAL_WORDS = {
    word: str(number)
    for number, word in enumerate(
        str.split(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
            " fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
        ),
        start=1,
    )
} | {"thirtieth": "30"}
_DAY = rf"(?:[0-3]?\d(?:st|nd|rd|th)?|(?:[23]0 )?(?:{'|'.join(_ORDINAL_WORDS)}))"


def _nth_weekday(month: int, weekday: int, nth: int) -> Callable[[int], date]:
    """The nth (from 1; −1 is the last) weekday of a month, by year."""

    def on(year: int) -> date:
        if nth > 0:
            first = date(year, month, 1)
            return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - weekday) % 7)

    return on


def _fixed(month: int, day: int) -> Callable[[int], date]:
    return lambda year: date(year, month, day)


def _listed(days: str) -> Callable[[int], date | None]:
    """A day that falls on another date each year, from a list of month and day; None for other years."""
    by_year = dict(enumerate(days.split(), _LISTED_FROM))

    def on(year: int) -> date | None:
        found = by_year.get(year)
        return date(year, int(found[:2]), int(found[2:])) if found else None

    return on


_LISTED_FROM = 2026
_SPRING = _listed(
    "0217 0206 0126 0213 0203 0123 0211 0131 0219 0208 0128 0215 0204 0124 0212 0201 0122 0210 0130 0217 0206 0126"
    " 0214 0202 0123"
)
_LANTERNS = _listed(
    "0303 0220 0209 0227 0217 0206 0225 0214 0305 0222 0211 0301 0218 0207 0226 0215 0205 0224 0213 0303 0220 0209"
    " 0228 0216 0206"
)
_DRAGON_BOATS = _listed(
    "0619 0609 0528 0616 0605 0624 0612 0601 0620 0610 0530 0618 0607 0527 0614 0603 0622 0611 0531 0619 0608 0529"
    " 0615 0604 0623"
)
_QIXI = _listed(
    "0819 0808 0826 0816 0805 0824 0812 0801 0820 0810 0828 0817 0807 0826 0814 0803 0822 0811 0731 0819 0808 0827"
    " 0816 0805 0823"
)
_MID_AUTUMN = _listed(
    "0925 0915 1003 0922 0912 1001 0919 0908 0927 0916 1004 0924 0913 1002 0920 0910 0928 0917 1005 0925 0915 1004"
    " 0922 0911 0930"
)
_DOUBLE_NINTH = _listed(
    "1018 1008 1026 1016 1005 1024 1012 1001 1020 1009 1027 1017 1007 1026 1014 1003 1022 1011 1029 1018 1008 1027"
    " 1016 1005 1024"
)
_QINGMING = _listed(
    "0405 0405 0404 0404 0405 0405 0404 0404 0405 0405 0404 0404 0405 0405 0404 0404 0404 0405 0404 0404 0404 0405"
    " 0404 0404 0404"
)


def _eve(feast: Callable[[int], date | None]) -> Callable[[int], date | None]:
    def on(year: int) -> date | None:
        day = feast(year)
        return day - timedelta(days=1) if day is not None else None

    return on


def _easter(year: int) -> date:
    """Easter Sunday, by the anonymous Gregorian computus (Meeus, Astronomical Algorithms)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    rest = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * rest) // 451
    month, day = divmod(h + rest - 7 * m + 114, 31)
    return date(year, month, day + 1)


FEASTS: dict[str, Callable[[int], date | None]] = {
    "christmas eve": _fixed(12, 24), "christmas day": _fixed(12, 25), "christmas": _fixed(12, 25),
    "boxing day": _fixed(12, 26), "new year's eve": _fixed(12, 31), "new year's day": _fixed(1, 1),
    "new year's": _fixed(1, 1), "new year": _fixed(1, 1), "valentine's day": _fixed(2, 14), "halloween": _fixed(10, 31),
    "independence day": _fixed(7, 4), "thanksgiving": _nth_weekday(11, 3, 4), "easter sunday": _easter,
    "easter": _easter, "labor day": _nth_weekday(9, 0, 1), "memorial day": _nth_weekday(5, 0, -1),
    "good friday": lambda year: _easter(year) - timedelta(days=2), "st patrick's day": _fixed(3, 17),
    "mother's day": _nth_weekday(5, 6, 2), "father's day": _nth_weekday(6, 6, 3),
    "chinese new year": _SPRING, "lunar new year": _SPRING, "spring festival": _SPRING,
    "lantern festival": _LANTERNS, "dragon boat festival": _DRAGON_BOATS, "mid autumn festival": _MID_AUTUMN,
    "moon festival": _MID_AUTUMN, "qingming": _QINGMING,
    "圣诞节": _fixed(12, 25), "平安夜": _fixed(12, 24), "元旦": _fixed(1, 1), "国庆节": _fixed(10, 1),
    "国庆": _fixed(10, 1), "劳动节": _fixed(5, 1), "儿童节": _fixed(6, 1), "情人节": _fixed(2, 14),
    "教师节": _fixed(9, 10), "妇女节": _fixed(3, 8), "万圣节": _fixed(10, 31),
    "感恩节": _nth_weekday(11, 3, 4), "复活节": _easter, "植树节": _fixed(3, 12), "青年节": _fixed(5, 4),
    "母亲节": _nth_weekday(5, 6, 2), "父亲节": _nth_weekday(6, 6, 3),
    "春节": _SPRING, "大年初一": _SPRING, "除夕": _eve(_SPRING), "大年三十": _eve(_SPRING), "元宵节": _LANTERNS,
    "元宵": _LANTERNS, "清明节": _QINGMING, "清明": _QINGMING, "端午节": _DRAGON_BOATS, "端午": _DRAGON_BOATS,
    "七夕节": _QIXI, "七夕": _QIXI, "中秋节": _MID_AUTUMN, "中秋": _MID_AUTUMN, "重阳节": _DOUBLE_NINTH,
    "重阳": _DOUBLE_NINTH,
}  # fmt: skip
"""Feasts by name, as a function of the year; those of the Chinese calendar are known from 2026 to 2050."""

_EN_FEAST = "|".join(sorted((name for name in FEASTS if name.isascii()), key=len, reverse=True))
_HAN_FEAST = "|".join(sorted((name for name in FEASTS if not name.isascii()), key=len, reverse=True))

EN_DAY = pattern_of(
    rf"\b(?:on |for )?(?:(?P<named>{'|'.join(_NAMED)})\b(?!'s)"
    rf"|(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)"
    rf"|(?:the )?(?P<day2>{_DAY})(?: of)? (?P<month2>{_MONTH})\b(?: (?P<year2>\d{{4}}|\d\d \d\d))?"
    rf"|(?P<month3>{_MONTH}) (?:the )?(?P<day3>{_DAY})\b(?: (?P<year3>\d{{4}}|\d\d \d\d))?"
    rf"|(?P<week>this|next|coming|this coming|last) (?P<weekday>{_WEEKDAY})"
    rf"|(?P<weekday2>{_WEEKDAY})"
    rf"|in (?P<ahead>\d{{1,4}}|an?) (?P<unit>days?|weeks?)"
    rf"|(?P<ahead2>\d{{1,4}}|an?) (?P<unit2>days?|weeks?) from (?:now|today)"
    rf"|(?P<back>\d{{1,4}}|an?) (?P<unit3>days?|weeks?) ago"
    rf"|(?:the )?(?P<day5>{_DAY})(?: of)? (?P<near>this|next|last) month"
    rf"|(?:the )?(?P<day4>\d\d?(?:st|nd|rd|th))(?: of (?:the|this) month)?"
    rf"|(?:the )?(?P<feast>{_EN_FEAST})(?:'s)?(?: (?P<year4>\d{{4}}))?)\b"
)
"""A day in English words of `plain_words`; `english_day` reads the match."""

_HAN_NAMED = {"大后天": 3, "后天": 2, "明天": 1, "明日": 1, "明": 1, "今天": 0, "今日": 0, "今": 0, "大前天": -3,
             "前天": -2,               "昨天": -1}  # fmt: skip
HAN_DAY = pattern_of(
    rf"(?:在)?(?:(?P<named>大后天|后天|明天|明日|今天|今日|大前天|前天|昨天|(?:明|今)(?=早|晚))"
    rf"|(?P<week>下下个?|下个?|上个?|这个?|本)?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天1-6])"
    rf"|(?:(?P<year>\d{{4}}|[零〇一二三四五六七八九]{{4}}|明|今|去|后)年)?(?P<month>{HAN_NUMBER})月(?P<day>{HAN_NUMBER})[号日]?"
    rf"|(?P<ahead>{HAN_NUMBER})(?P<unit>天|个?星期|周|个?礼拜)(?:以|之)?后"
    rf"|(?P<back>{HAN_NUMBER})(?P<unit2>天|个?星期|周|个?礼拜)(?:以|之)?前"
    rf"|(?P<feast_year>明|今|去)?年?(?P<feast>{_HAN_FEAST})"
    rf"|(?P<near>下下个?|下个?|上个?|这个?|本)月(?P<day3>{HAN_NUMBER})[号日]"
    rf"|(?P<day2>{HAN_NUMBER})[号日])(?P<part>早上|早晨|上午|中午|下午|傍晚|晚上|夜里|凌晨|早|晚)?的?"
)
"""A day in Chinese words of `plain_words`, with the part of the day behind it; `han_day` reads the match."""


def english_day(found: re.Match[str], today: date) -> date | None:
    """The day of a match of EN_DAY; None for one that no calendar has."""
    if found["named"]:
        return today + timedelta(days=_NAMED[found["named"]])
    if found["weekday"] or found["weekday2"]:
        weekday = [name.lower() for name in WEEKDAYS].index(found["weekday"] or found["weekday2"])
        return coming_weekday(weekday, {"next": 1, "last": -1, "this": 0}.get(found["week"] or ""), today)
    for side, (ahead, unit) in ((1, ("ahead", "unit")), (1, ("ahead2", "unit2")), (-1, ("back", "unit3"))):
        if found[ahead]:
            count = 1 if found[ahead] in ("a", "an") else int(found[ahead])
            return _moved(today, side * count * (7 if found[unit].startswith("week") else 1))
    if found["feast"]:
        return _next_year(FEASTS[found["feast"]], int(found["year4"]) if found["year4"] else None, today)
    if found["day5"]:
        return _in_month(_ordinal(found["day5"]), {"this": 0, "next": 1, "last": -1}[found["near"]], today)
    if found["day4"]:
        return _day_of_month(int(re.sub(r"\D", "", found["day4"])), today)
    year, month, day = next(
        (found[f"year{n}"], found[f"month{n}"], found[f"day{n}"]) for n in ("", "2", "3") if found[f"month{n}"]
    )
    number = int(month) if month.isdecimal() else [name[:3].lower() for name in MONTHS].index(month[:3]) + 1
    return next_date(number, _ordinal(day), int(year.replace(" ", "")) if year else None, today)


_HAN_NEAR = {"下": 1, "下下": 2, "上": -1, "这": 0, "本": 0}


def han_day(found: re.Match[str], today: date) -> date | None:
    """The day of a match of HAN_DAY; None for one that no calendar has."""
    if found["named"]:
        return today + timedelta(days=_HAN_NAMED[found["named"]])
    if found["weekday"]:
        weekday = "一二三四五六日".find(found["weekday"].replace("天", "日"))
        weekday = int(found["weekday"]) - 1 if weekday < 0 else weekday
        week = _HAN_NEAR.get((found["week"] or "").rstrip("个"))
        return coming_weekday(weekday, week, today)
    for side, ahead, unit in ((1, "ahead", "unit"), (-1, "back", "unit2")):
        if found[ahead]:
            count = han_number(found[ahead])
            return None if count is None else _moved(today, side * int(count) * (1 if found[unit] == "天" else 7))
    relative = {"明": 1, "今": 0, "去": -1, "后": 2}
    if found["feast"]:
        year = found["feast_year"]
        return _next_year(FEASTS[found["feast"]], today.year + relative[year] if year else None, today)
    if found["day3"]:
        number = han_number(found["day3"])
        return None if number is None else _in_month(int(number), _HAN_NEAR[found["near"].rstrip("个")], today)
    if found["day2"]:
        number = han_number(found["day2"])
        return None if number is None else _day_of_month(int(number), today)
    month, day = han_number(found["month"]), han_number(found["day"])
    said = found["year"]
    year_said = None if not said else today.year + relative[said] if said in relative else int(han_number(said) or 0)
    return None if month is None or day is None else next_date(int(month), int(day), year_said, today)


def coming_weekday(weekday: int, week: int | None, today: date) -> date:
    """The coming weekday, or that of so many weeks from this one."""
    if week is None:
        return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    return today + timedelta(days=weekday - today.weekday() + 7 * week)


def _ordinal(day: str) -> int:
    *tens, last = day.split()
    return (int(tens[0]) if tens else 0) + int(_ORDINAL_WORDS.get(last) or re.sub(r"\D", "", last))


def _next_year(feast: Callable[[int], date | None], year: int | None, today: date) -> date | None:
    if year is not None:
        return feast(year) if 1 <= year <= 9998 else None
    this = feast(today.year)
    return this if this is not None and this >= today else feast(today.year + 1)


def next_date(month: int, day: int, year: int | None, today: date) -> date | None:
    """This date, the next one where no year was said (29 February: up to eight years ahead)."""
    for candidate in [year] if year is not None else range(today.year, today.year + 9):
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if year is not None or found >= today:
            return found
    return None


def _day_of_month(day: int, today: date) -> date | None:
    days = (_in_month(day, ahead, today) for ahead in range(12))
    return next((found for found in days if found is not None and found >= today), None)


def _in_month(day: int, ahead: int, today: date) -> date | None:
    """This day of the month that comes so many months after the present one."""
    year, month = divmod(today.year * 12 + today.month - 1 + ahead, 12)
    try:
        return date(year, month + 1, day)
    except ValueError:
        return None


def _moved(today: date, days: int) -> date | None:
    try:
        return today + timedelta(days=days)
    except OverflowError:
        return None
