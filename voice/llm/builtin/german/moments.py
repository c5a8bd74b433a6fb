"""Moments in German: `halb acht`, `Viertel nach drei`, `morgen früh um sieben`, `jeden Montag`, `am 5. Dezember`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from voice.llm.builtin.days import coming_weekday, next_date
from voice.llm.builtin.moment import Moment, TimeOfDay, next_time, seconds_until
from voice.llm.builtin.repeats import DAILY, WEEKEND, WORKING, Days, Repeat
from voice.text.german.spoken import MONTHS
from voice.text.patterns import pattern_of

WEEKDAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")

_WEEKDAY_NAMES = {name.lower(): number for number, name in enumerate(WEEKDAYS)} | {"sonnabend": 5}
_MONTH_NAMES = {name.lower().replace("ä", "ae"): number for number, name in enumerate(MONTHS, 1)} | {"jaenner": 1}
_WEEKDAY, _MONTH = "|".join(_WEEKDAY_NAMES), "|".join(_MONTH_NAMES)
_NAMED = {"heute": 0, "morgen": 1, "uebermorgen": 2}

_UNITS = r"(?! ?(?:minuten?|min|stunden?|std|sekunden?|sek|tagen?|tage|wochen?|prozent|mal|grad|euro|%))(?![\d:.])"
_AT = r"(?:(?:genau |punkt |kurz )?(?:um|auf|fuer|bis|gegen|ab|zu)(?: punkt| genau| etwa| ungefaehr)? )?"
_H, _M = r"(?P<hour>[01]?\d|2[0-4])", r"(?P<minute>[0-5]\d)"
_OFF = r"(?P<off>[1-5]?\d|viertel)(?: minuten?)? (?P<way>vor|nach)"
_TIMES = tuple(
    pattern_of(pattern)
    for pattern in (
        rf"\b{_AT}(?:{_OFF} )?(?P<half>halb) {_H}(?: uhr)?\b{_UNITS}",
        rf"\b{_AT}{_OFF} {_H}(?: uhr)?\b{_UNITS}",
        rf"\b{_AT}(?P<three>dreiviertel|3 viertel) {_H}(?: uhr)?\b{_UNITS}",
        rf"\b{_AT}{_H}:{_M}(?: uhr)?\b{_UNITS}",
        rf"\b{_AT}(?P<hour>[01]?\d|2[0-4]|ein) uhr(?: (?P<minute>[0-5]?\d)\b{_UNITS})?",
        rf"\b(?:um|auf|fuer|bis|gegen|ab) {_H}\b{_UNITS}",
        r"\b(?:um |gegen |bis |zu )?(?P<named>mitternacht)\b|\b(?P<noon>mittags?)\b",
    )
)
_QUARTER = pattern_of(rf"\b{_AT}(?:ein )?viertel {_H}(?: uhr)?\b{_UNITS}")

_OR_ANOTHER = pattern_of(rf"\b(?:oder|und|bis) (?:um )?\d\d?\b{_UNITS}")

_MORNING = r"frueh(?:morgens)?|morgens|vormittags?|in (?:der|aller) fruehe?|am (?:fruehen )?(?:morgen|vormittag)"
_HALVES = (
    (rf"(?:{_MORNING})", "am"),
    (r"(?:mittags?|am mittag)", "noon"),
    (r"(?:nachmittags?|abends?|am (?:spaeten |fruehen )?(?:nachmittag|abend))", "pm"),
    (r"(?:nachts?|in der nacht)", "night"),
)
_PARTS = tuple((pattern_of(rf"\b{words}\b"), half) for words, half in _HALVES)
_TODAY_MORNING = pattern_of(r"\b(heute|" + _WEEKDAY + r") morgen\b")
_TONIGHT = pattern_of(r"\bheute nacht\b")
_DAY = pattern_of(
    rf"\b(?:(?:am|ab|fuer|bis) )?(?:(?P<named>heute|morgen|uebermorgen)"
    rf"|(?:(?:der |den )?(?:naechste[nr]?|kommende[nr]?|diese[nr]?) )?(?P<weekday>{_WEEKDAY})"
    rf"|in (?P<ahead>\d{{1,3}}|eine[mr]) (?P<unit>tagen?|wochen?)"
    rf"|(?:den |der )?(?P<day>[0-3]?\d) (?P<month>{_MONTH})(?: (?P<year>\d{{4}}))?"
    rf"|(?<=am )(?P<day2>[0-3]?\d)\.(?P<month2>[01]?\d)(?:\.(?P<year2>\d{{4}}))?)\b"
)

INSTEAD = "nein"
"""Between what was said first and what counts: `um sieben, nein, um acht`."""

_SOME_DAYS = rf"(?:{_WEEKDAY})s?"
_REPEAT = pattern_of(
    rf"\b(?:(?P<working>werktags|an (?:allen )?(?:werk|arbeits)tagen|(?:jeden|an jedem) (?:werk|arbeits)tag"
    rf"|unter der woche|wochentags|(?:von )?montags? bis freitags?)"
    rf"|(?P<weekend>jedes wochenende|an (?:allen )?wochenenden|wochenends)"
    rf"|(?P<daily>taeglich|(?:jeden|an jedem) tag)|jeden (?P<part>morgen|vormittag|mittag|nachmittag|abend"
    rf"|nacht)|jede nacht"
    rf"|(?:jeden|immer) (?P<named>{_SOME_DAYS}(?: (?:und |sowie )?(?:jeden )?{_SOME_DAYS})*)"
    rf"|(?P<plural>(?:{_WEEKDAY})s(?: (?:und |sowie )?(?:{_WEEKDAY})s)*))\b"
)


def find_german_moment(words: str, now: datetime, *, waking: bool = False) -> Moment | None:
    """The moment in `words` (of `german_words`); `waking` takes a bare `7` for the morning."""
    rest, clock = _last_clock(words)
    rest, day, half = _day(rest, now.date())
    if clock is None:
        return None if day is None else Moment(datetime.combine(day, time(), now.tzinfo), _tidy(rest), timed=False)
    if not clock.half and clock.hour <= 12:
        clock = TimeOfDay(clock.hour, clock.minute, half or ("noon" if clock.hour == 12 else ""))
    found = next_time(clock, day, now, waking)
    return Moment(found, _tidy(rest), past=seconds_until(found, now) <= 0)


def unclear_quarter(words: str) -> int | None:
    """The hour of `viertel acht`: a quarter past seven in the east of Germany, and half heard elsewhere."""
    found = _QUARTER.search(words)
    return int(found["hour"]) if found is not None and _clock(words)[1] is None else None


def _last_clock(words: str) -> tuple[str, TimeOfDay | None]:
    """The time of day and the words without it; where the person corrects it, the last."""
    head, instead, tail = words.rpartition(f" {INSTEAD} ")
    if instead and (found := _clock(tail))[1] is not None:
        return f"{_OR_ANOTHER.sub(' ', _clock(head)[0])} {found[0]}", found[1]
    return _clock(words)


def _clock(words: str) -> tuple[str, TimeOfDay | None]:
    for pattern in _TIMES:
        if (found := pattern.search(words)) and (clock := _time_of_day(found)):
            kept = found[0] if found.groupdict().get("noon") else ""
            return _QUARTER.sub(" ", f"{words[: found.start()]} {kept} {words[found.end() :]}"), clock
    return words, None


def _time_of_day(found: re.Match[str]) -> TimeOfDay | None:
    groups = found.groupdict()
    if "named" in groups:
        return TimeOfDay(24) if groups["named"] else TimeOfDay(12, 0, "noon")
    said = groups["hour"]
    hour, minutes = 1 if said == "ein" else int(said), int(groups.get("minute") or 0)
    if groups.get("half"):
        minutes -= 30
    if groups.get("three"):
        minutes -= 15
    if off := groups.get("off"):
        minutes += (15 if off == "viertel" else int(off)) * (1 if groups["way"] == "nach" else -1)
    if hour > 24 or not -60 <= minutes < 60:
        return None
    earlier, minute = divmod(hour * 60 + minutes, 60)
    if said.startswith("0") and len(said) == 2:
        return TimeOfDay(earlier, minute, "am")
    if hour <= 12 and earlier == 0 < hour:
        return TimeOfDay(12, minute)
    return TimeOfDay(earlier, minute, "noon" if hour > 12 >= earlier else "")


def _day(words: str, today: date) -> tuple[str, date | None, str]:
    """The words without the day and part of the day, the day, and the half of it."""
    half, day = "", None
    words = _TODAY_MORNING.sub(r"\1 morgens", words)
    if _TONIGHT.search(words):  # at two it is tomorrow's, at eleven today's: the next of them
        return _TONIGHT.sub(" ", words), None, "night"
    for pattern, name in _PARTS:
        if pattern.search(words):
            half, words = name, pattern.sub(" ", words, count=1)
            break
    words = _tidy(words)
    if (found := _DAY.search(words)) is not None and (day := _named_day(found, today)) is not None:
        words = f"{words[: found.start()]} {words[found.end() :]}"
    return words, day, half


def _named_day(found: re.Match[str], today: date) -> date | None:
    if found["named"]:
        return today + timedelta(days=_NAMED[found["named"]])
    if found["weekday"]:
        return coming_weekday(_WEEKDAY_NAMES[found["weekday"]], None, today)
    if found["ahead"]:
        count = int(found["ahead"]) if found["ahead"].isdecimal() else 1
        return today + timedelta(days=count * (7 if found["unit"].startswith("w") else 1))
    month = _MONTH_NAMES[found["month"]] if found["month"] else int(found["month2"])
    year = found["year"] or found["year2"]
    return next_date(month, int(found["day"] or found["day2"]), int(year) if year else None, today)


def _tidy(words: str) -> str:
    return " ".join(words.split())


def several_times(moment: Moment) -> bool:
    """Whether another time of day is named around this one: `um 7 oder 8`, `um acht und um neun`."""
    return bool(_OR_ANOTHER.search(moment.rest)) or _clock(moment.rest)[1] is not None


def find_german_day(words: str, today: date) -> date | None:
    """The day that the words are, and no more: `morgen`, `am Freitag`."""
    found = _DAY.fullmatch(words)
    return _named_day(found, today) if found is not None else None


def find_german_repeat(words: str) -> tuple[Days, str] | None:
    """The days in `words` and the words without them; the part of the day that was said stays."""
    found = _REPEAT.search(words)
    if found is None:
        return None
    part = {"morgen": "morgens", None: "nachts" if "nacht" in found[0] else ""}.get(found["part"], f"{found['part']}s")
    named = found["named"] or found["plural"] or ""
    days = WORKING if found["working"] else WEEKEND if found["weekend"] else DAILY
    if named:
        days = tuple(sorted({number for name, number in _WEEKDAY_NAMES.items() if name in named}))
    return days, _tidy(f"{words[: found.start()]} {words[found.end() :]} {part}")


def say_german_time(at: datetime) -> str:
    """`19 Uhr 30`, `ein Uhr`."""
    return f"{'ein' if at.hour == 1 else at.hour} Uhr{f' {at.minute}' if at.minute else ''}"


def say_german_date(day: date) -> str:
    """`Montag, der 7. Dezember 2026`."""
    return f"{WEEKDAYS[day.weekday()]}, der {day.day}. {MONTHS[day.month - 1]} {day.year}"


def say_german_moment(at: datetime, now: datetime) -> str:
    """A moment as a reply says it: `morgen um 7 Uhr`."""
    names: Mapping[int, str] = {days: name for name, days in _NAMED.items()} | {2: "übermorgen"}
    days = (at.date() - now.date()).days
    day = names.get(days, f"am {WEEKDAYS[at.weekday()]}, dem {at.day}. {MONTHS[at.month - 1]},")
    return f"{day} um {say_german_time(at)}"


def say_german_repeat(repeat: Repeat, now: datetime) -> str:
    """When it rings, as a reply says it: `jeden Montag und Donnerstag um 7 Uhr`."""
    at = say_german_time(now.replace(hour=repeat.hour, minute=repeat.minute))
    for days, name in ((DAILY, "jeden Tag"), (WORKING, "an Werktagen"), (WEEKEND, "am Wochenende")):
        if repeat.days == days:
            return f"{name} um {at}"
    return f"jeden {' und '.join(WEEKDAYS[day] for day in repeat.days)} um {at}"
