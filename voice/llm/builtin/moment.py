"""Moments as they are spoken: `quarter to 7`, `tomorrow at 8`, `next wednesday`, `明早七点半`, `下周三`.

A time of day is the next one; with `tomorrow` or a weekday it is that day's. Times are local wall time; how long it is
until then is for `seconds_until`, so that a change of the clocks on the way counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo

from voice.llm.builtin.days import EN_DAY, HAN_DAY, english_day, han_day
from voice.text.numbers import HAN_NUMBER, han_number
from voice.text.patterns import pattern_of
from voice.text.plain_words import plain_words


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in a text and the words around it; `timed` is False where only a day was said, and `at` its midnight.

    `past` says that it was asked for at a time that is over.
    """

    at: datetime
    rest: str
    timed: bool = True
    past: bool = False


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """Time of day as it was said. `half` is `am`, `pm`, or empty where it may be either; hour 24 ends the day."""

    hour: int
    minute: int = 0
    half: str = ""


_HALF = (
    r"(?: ?(?P<half>a ?m|p ?m)\b| (?P<part>in the (?:morning|afternoon|evening)|at night|o'?clock at night|tonight"
    r"|(?:this |tomorrow )?(?:morning|afternoon|evening)))?"
)
_H, _M = r"(?P<hour>[01]?\d|2[0-4])", r"(?P<minute>[0-5]\d)"
_AT = r"(?:(?:at|for|by|around|about|until|from) )?"
_TIMES = tuple(
    pattern_of(pattern)
    for pattern in (
        rf"\b{_AT}(?P<off>(?:a )?quarter|half|[1-5]?\d)(?: minutes?)? (?P<way>to|til|till|before|of|past|after) "
        rf"(?:{_H}|(?P<named>noon|midday|midnight))(?: o'?clock)?{_HALF}(?![\d:]| ?(?:minutes?|hours?|seconds?)\b)",
        rf"\b{_AT}{_H}[:.]{_M}(?::\d\d)?(?: o'?clock)?{_HALF}\b(?! ?(?:%|percent|minutes?|hours?|seconds?))",
        rf"\b{_AT}{_H} (?:oh?|0) (?P<minute>\d)\b{_HALF}",
        rf"\b{_AT}{_H} {_M}{_HALF}\b(?! ?(?:minutes?|hours?|seconds?))",
        rf"\b(?:at|for) {_H}{_M}(?: hours)?{_HALF}\b(?! ?(?:minutes?|seconds?))",
        rf"\b{_AT}(?P<off>half) {_H}{_HALF}\b(?! ?(?:minutes?|hours?|seconds?))",
        rf"\b{_AT}{_H} o'?clock\b{_HALF}",
        rf"\b{_AT}(?:12 )?(?P<named>noon|midday|midnight)\b",
        rf"\b{_AT}{_H} ?(?P<half>a ?m|p ?m)\b",
        rf"\b{_AT}{_H} (?P<part>in the (?:morning|afternoon|evening)|at night|tonight)\b",
        rf"\b(?:at|for|by) {_H}\b(?![\d:]|[.,]\d|-| ?(?:minutes?|hours?|seconds?|days?|st|nd|rd|th|a )\b)",
    )
)
_PARTS = {
    "this morning": (0, "am"), "this afternoon": (0, "pm"), "this evening": (0, "pm"), "tonight": (0, "pm"),
    "tomorrow morning": (1, "am"), "tomorrow afternoon": (1, "pm"), "tomorrow evening": (1, "pm"),
    "tomorrow night": (1, "pm"),
}  # fmt: skip
_PART = pattern_of(r"\b(?P<part>" + "|".join(_PARTS) + r"|in the (?:morning|afternoon|evening)|at night)\b")

_HAN_PARTS = {
    "凌晨": "am", "清晨": "am", "早上": "am", "早晨": "am", "上午": "am", "早": "am", "中午": "noon", "下午": "pm",
    "傍晚": "pm", "晚上": "pm", "夜里": "night", "半夜": "night", "深夜": "night", "今晚": "pm", "明晚": "pm",
    "晚": "pm", "今早": "am", "明早": "am",
}  # fmt: skip
_HAN_NIGHTS = ("晚上", "晚", "今晚", "明晚")
_HAN_PART = rf"(?P<part>{'|'.join(sorted(_HAN_PARTS, key=len, reverse=True))})?的?"
_HAN_TIMES = tuple(
    pattern_of(pattern)
    for pattern in (
        rf"{_HAN_PART}差(?P<less>{HAN_NUMBER})(?P<unit>分钟?|刻钟?)到?(?P<hour>{HAN_NUMBER})点钟?",
        rf"{_HAN_PART}(?P<hour>{HAN_NUMBER})点钟?差(?P<less>{HAN_NUMBER})(?P<unit>分钟?|刻钟?)?",
        rf"{_HAN_PART}(?P<hour>\d\d?):(?P<minute>\d\d)(?::\d\d)?",
        rf"{_HAN_PART}(?P<hour>{HAN_NUMBER}?)点(?:(?P<named>半|整|[一三]刻)|过?零?(?P<minute>{HAN_NUMBER})分?(?!钟))?钟?",
        r"(?P<part>中午|正午|午夜|半夜|零点)",
    )
)


def parse_moment(text: str, now: datetime, zone: tzinfo | None = None) -> datetime | None:
    """The moment an English or Chinese text names, after `now`; None where it names none or only a day.

    `now` is local wall time, or aware; `zone` is what the answer is in, where the caller knows it.
    """
    local = now.astimezone(zone) if zone is not None else now
    words, chinese = plain_words(text)
    found = find_moment(words, local, chinese=chinese)
    return found.at if found is not None and found.timed and not found.past else None


def find_moment(words: str, now: datetime, *, chinese: bool = False, waking: bool = False) -> Moment | None:
    """The moment in `words` (of `plain_words`); `waking` takes a bare `7` for the morning."""
    rest, clock = (_han_clock if chinese else _english_clock)(words)
    rest, day, half = (_han_day if chinese else _english_day)(rest, now.date())
    if clock is None:
        return None if day is None else Moment(datetime.combine(day, time(), now.tzinfo), _tidy(rest), timed=False)
    if half and not clock.half:
        clock = replace(clock, half=half)
    found = next_time(clock, day, now, waking)
    return Moment(found, _tidy(rest), past=not _after(found, now))


def seconds_until(at: datetime, now: datetime) -> float:
    """Real seconds from `now` to `at`, both in the same zone or both naive local time, across a change of the clocks.

    A time that the clocks skip is as long after the change as it would have been after the hour skipped; of one that
    comes twice, the next.
    """
    seconds = at.timestamp() - now.timestamp()
    return seconds if seconds > 0 else at.replace(fold=1).timestamp() - now.timestamp()


def _after(at: datetime, now: datetime) -> bool:
    return seconds_until(at, now) > 0


def next_time(clock: TimeOfDay, day: date | None, now: datetime, waking: bool) -> datetime:
    """The next moment this time of day comes, on `day` if one was said."""
    hours = _hours(clock, waking, day)
    days = [day] if day is not None else [now.date() + timedelta(days=ahead) for ahead in (0, 1)]
    moments = [
        datetime.combine(on + timedelta(days=hour // 24), time(hour % 24, clock.minute), now.tzinfo)
        for on in days
        for hour in hours
    ]
    return next((moment for moment in moments if _after(moment, now)), moments[-1])


def _hours(clock: TimeOfDay, waking: bool, day: date | None) -> list[int]:
    """The hours of a day this may be, the likelier first where both are still to come on a day that was said."""
    hour, half = clock.hour, clock.half
    if half == "noon":
        return [hour + 12 if hour < 4 else hour]
    if half == "night":
        return [24 if hour in (0, 12) else hour if hour < 6 else hour + 12 if hour < 12 else hour]
    if half == "am":
        return [0 if hour == 12 else hour]
    if half == "pm":
        return [hour if hour >= 12 else hour + 12]
    if hour > 12 or hour == 0:
        return [hour]
    if waking and 4 <= hour <= 11:
        return [hour]
    if hour == 12:
        return [12] if day is not None or waking else [12, 24]
    early = day is not None and hour < 5 and not waking
    return [hour + 12, hour] if early else [hour, hour + 12]


def _english_clock(words: str) -> tuple[str, TimeOfDay | None]:
    for pattern in _TIMES:
        if (found := pattern.search(words)) and (clock := _english_time(found)):
            return _without(words, found), clock
    return words, None


def _english_time(found: re.Match[str]) -> TimeOfDay | None:
    groups = found.groupdict()
    half = (groups.get("half") or "").replace(" ", "")
    named, part = groups.get("named"), groups.get("part") or ""
    hour = {"noon": 12, "midday": 12, "midnight": 24}[named] if named else int(found["hour"])
    if part:
        half = "am" if "morning" in part else "night" if "night" in part and hour in (12, 1, 2, 3, 4) else "pm"
    minute = int(groups.get("minute") or 0)
    if off := groups.get("off"):
        way, minutes = groups.get("way"), {"quarter": 15, "a quarter": 15, "half": 30}.get(off) or int(off)
        if way in ("to", "til", "till", "before", "of"):
            if off == "half" or (way == "of" and "quarter" not in off):
                return None
            hour, minute = divmod(hour * 60 - minutes, 60)
            hour, half = hour or 12, "am" if named == "noon" else half
        else:
            minute = minutes
    elif named and hour == 12:
        half = "noon"
    return TimeOfDay(hour, minute, half if hour <= 12 else "") if hour <= 24 else None


def _english_day(words: str, today: date) -> tuple[str, date | None, str]:
    """The words without the day and part of the day, the day, and the half of it."""
    day, half = None, ""
    if part := _PART.search(words):
        ahead, half = _PARTS.get(part["part"], (None, "am" if "morning" in part["part"] else "pm"))
        day = today + timedelta(days=ahead) if ahead is not None else None
        words = _without(words, part)
    if found := EN_DAY.search(words):
        named = english_day(found, today)
        if named is not None:
            day, words = named, _without(words, found)
    return words, day, half


def _han_clock(words: str) -> tuple[str, TimeOfDay | None]:
    for pattern in _HAN_TIMES:
        if (found := pattern.search(words)) and (clock := _han_time(found)):
            kept = found["part"] if (found["part"] or "").startswith(("今", "明")) else ""
            return words[: found.start()] + kept + "\0" + words[found.end() :], clock
    return words, None


def _han_time(found: re.Match[str]) -> TimeOfDay | None:
    groups = found.groupdict()
    half = _HAN_PARTS.get(groups.get("part") or "", "")
    if "hour" not in groups:
        return TimeOfDay(12, 0, "noon") if found["part"] in ("中午", "正午") else TimeOfDay(24)
    hour = han_number(found["hour"])
    minute = _han_minutes(groups)
    if hour is None or minute is None or hour != int(hour) or not (0 <= hour <= 24 and 0 <= minute < 60):
        return None
    if groups.get("less"):
        hour, minute = (hour - 1) % 24 or 12, 60 - minute
    if half == "pm" and hour == 12 and groups["part"] in _HAN_NIGHTS:
        return TimeOfDay(24, int(minute))
    if half == "pm" and hour < 4 and groups["part"] in _HAN_NIGHTS:
        return TimeOfDay(int(hour) + 24, int(minute), "late")
    return TimeOfDay(int(hour), int(minute), half if hour <= 12 else "")


def _han_minutes(groups: dict[str, str | None]) -> float | None:
    if named := groups.get("named"):
        return {"半": 30, "整": 0, "一刻": 15, "三刻": 45}[named]
    if less := groups.get("less"):
        value = han_number(less)
        return value if value is None or not (groups.get("unit") or "").startswith("刻") else value * 15
    return han_number(said) if (said := groups.get("minute")) else 0


def _han_day(words: str, today: date) -> tuple[str, date | None, str]:
    found = HAN_DAY.search(words)
    if found is None or (day := han_day(found, today)) is None:
        return words, None, ""
    half = _HAN_PARTS.get(found["part"] or "", "")
    return words[: found.start()] + words[found.end() :], day, half


def _without(words: str, found: re.Match[str]) -> str:
    return f"{words[: found.start()].rstrip()} \0 {words[found.end() :].lstrip()}"


def _tidy(words: str) -> str:
    return " ".join(words.replace("\0", " ").split())


def say_moment(at: datetime, now: datetime, language: str) -> str:
    """A moment as a reply says it: `6:45 AM tomorrow`, `明天早上6点45分`; the day only where it is not today."""
    days = (at.date() - now.date()).days
    if language == "zh":
        part = ("凌晨", "早上", "上午", "中午", "下午", "晚上")[
            (at.hour >= 5) + (at.hour >= 9) + (at.hour >= 12) + (at.hour >= 13) + (at.hour >= 18)
        ]
        day = {0: "今天", 1: "明天", 2: "后天"}.get(days, f"{at.month}月{at.day}日星期{'一二三四五六日'[at.weekday()]}")
        minute = "" if at.minute == 0 else f"{at.minute}分" if at.minute >= 10 else f"零{at.minute}分"
        return f"{day}{part}{at.hour % 12 or 12}点{minute}"
    minute = f":{at.minute:02d}" if at.minute else ""
    clock = f"{at.hour % 12 or 12}{minute} {'AM' if at.hour < 12 else 'PM'}"
    if days == 0:
        return f"{clock} today"
    return f"{clock} tomorrow" if days == 1 else f"{clock} on {at:%A, %B} {at.day}"
