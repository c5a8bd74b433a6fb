"""Days on which an alarm repeats: `every weekday`, `every monday and thursday`, `每天`, `每周一和周三`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from voice.llm.builtin.days import WEEKDAYS
from voice.text.patterns import pattern_of

Days = tuple[int, ...]
"""Days of the week in order, 0 is Monday."""

DAILY: Days = (0, 1, 2, 3, 4, 5, 6)
WORKING: Days = (0, 1, 2, 3, 4)
WEEKEND: Days = (5, 6)
_HAN_DAYS = "一二三四五六日"
_DAY = "|".join(name.lower() for name in WEEKDAYS)
_PART = r"(?: (?:at|in the)? ?(?P<part2>morning|afternoon|evening|night))?"
_ENGLISH = pattern_of(
    rf"\b(?:(?:every|each|on) (?P<working>week ?days?|work(?:ing)? ?days?)|(?:every|each|on) (?P<weekend>weekends?)"
    rf"|(?P<daily>daily)|(?:every|each) (?:single )?(?:(?P<any>day)|(?P<part>morning|afternoon|evening|night)"
    rf"|(?P<named>(?:{_DAY})(?:(?:,? and|,)? (?:every )?(?:{_DAY}))*))"
    rf"|on (?P<plural>(?:{_DAY})s(?:(?:,? and|,)? (?:{_DAY})s)*)){_PART}\b"
)
_CHINESE = pattern_of(
    r"(?P<working>每个?工作日|工作日(?:每天)?)|(?P<weekend>每个?(?:周末|双休日))"
    r"|每个?(?:周|星期|礼拜)(?P<named>[一二三四五六日天](?:(?:[到至](?:周|星期|礼拜)?|[和、跟]?(?:每?(?:周|星期|礼拜))?)"
    r"[一二三四五六日天])*)|(?P<daily>每天|每日|天天)|每(?P<part>晚|早)"
)


@dataclass(frozen=True, slots=True)
class Repeat:
    """Some days of the week and the time of day on the wall."""

    days: Days
    hour: int
    minute: int

    def after(self, now: datetime) -> datetime:
        """The next time after `now`, which is local wall time."""
        at = time(self.hour, self.minute)
        ahead = (datetime.combine(now.date() + timedelta(days=days), at, now.tzinfo) for days in range(8))
        return next(moment for moment in ahead if moment > now and moment.weekday() in self.days)

    def to_data(self) -> dict[str, object]:
        """As an effect carries it."""
        return {"days": list(self.days), "at": f"{self.hour:02d}:{self.minute:02d}"}

    @classmethod
    def read(cls, data: object) -> Repeat | None:
        """What `to_data` gave; None for None. Raises ValueError for what is none."""
        if data is None:
            return None
        days = data.get("days") if isinstance(data, Mapping) else None
        found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", str(data.get("at"))) if isinstance(data, Mapping) else None
        if not isinstance(days, list | tuple) or not days or found is None or not set(days) <= set(DAILY):
            raise ValueError("invalid repetition: it needs days from 0, Monday, to 6 and a time such as 07:30")
        return cls(tuple(sorted({int(day) for day in days})), int(found[1]), int(found[2]))


def find_repeat(words: str, *, chinese: bool) -> tuple[Days, str] | None:
    """The days in `words` (of `plain_words`) and the words without them; the part of the day that was said stays."""
    found = (_CHINESE if chinese else _ENGLISH).search(words)
    if found is None:
        return None
    groups = found.groupdict()
    part = groups["part"] or groups.get("part2") or ""
    left = (part if chinese else "at night" if part == "night" else part and f"in the {part}") or ""
    named = groups["named"] or groups.get("plural") or ""
    days = WORKING if groups["working"] else WEEKEND if groups["weekend"] else DAILY
    if named:
        days = _han_days(named) if chinese else _english_days(named)
    before, after = words[: found.start()].rstrip(), words[found.end() :].lstrip()
    if chinese:
        return days, f"{before}{left}{after}"
    return days, " ".join(f"{before} {after} {left}".split())


def _english_days(named: str) -> Days:
    return tuple(number for number, name in enumerate(WEEKDAYS) if name.lower() in named)


def _han_days(named: str) -> Days:
    days: set[int] = set()
    for first, last in re.findall(r"([一二三四五六日天])(?:[到至](?:周|星期|礼拜)?([一二三四五六日天]))?", named):
        start, end = (_HAN_DAYS.index(day.replace("天", "日")) for day in (first, last or first))
        days |= set(range(start, end + 1)) if start <= end else {*range(start, 7), *range(end + 1)}
    return tuple(sorted(days))


def say_days(days: Days, language: str) -> str:
    """The days as a reply says them."""
    chinese = language == "zh"
    for some, english, han in ((DAILY, "every day", "每天"), (WORKING, "every weekday", "每个工作日"),
                               (WEEKEND, "every weekend", "每个周末")):  # fmt: skip
        if days == some:
            return han if chinese else english
    if chinese:
        return "每周" + "、".join(_HAN_DAYS[day] for day in days)
    names = [WEEKDAYS[day] for day in days]
    return "every " + " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
