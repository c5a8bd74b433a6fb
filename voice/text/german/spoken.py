"""German text as a voice reads it right: dates as ordinals, times of day, and one of something."""

from __future__ import annotations

import re

from voice.text.patterns import pattern_of

MONTHS = str.split("Januar Februar März April Mai Juni Juli August September Oktober November Dezember")
_TEENS = (
    "erst zweit dritt viert fünft sechst siebt acht neunt zehnt elft zwölft dreizehnt vierzehnt fünfzehnt sechzehnt"
    " siebzehnt achtzehnt neunzehnt"
)
_UNITS = str.split("ein zwei drei vier fünf sechs sieben acht neun")
_DAYS = (
    *_TEENS.split(),
    "zwanzigst",
    *(f"{unit}undzwanzigst" for unit in _UNITS),
    "dreißigst",
    "einunddreißigst",
)
"""The ordinals of 1 to 31, without their ending."""

_DATE = pattern_of(
    rf"(?P<before>\b[^\W\d_]+ )?\b(?P<day>[0-3]?\d)\.(?: ?(?P<month>{'|'.join(MONTHS)})\b"
    r"|(?P<number>[01]?\d)\.(?P<year>\d{4})(?!\d))"
)
_TIME = pattern_of(r"\b(?P<hour>[01]?\d|2[0-4])[:.](?P<minute>[0-5]\d)(?::00)? Uhr\b")
_ONE = pattern_of(
    r"(?<![\d.,:])\b1 (?=(?P<she>Minute|Stunde|Sekunde|Woche|Person|Tasse|Portion)\b|(?:Uhr|Tag|Monat|Jahr)\b)"
)


def german(text: str) -> str:
    """The text with `am siebten Dezember` for `am 7. Dezember`, `19 Uhr 30` for `19:30 Uhr`, `eine Minute` for `1`."""
    text = _TIME.sub(_time, _DATE.sub(_date, text))
    return _ONE.sub(lambda found: "eine " if found["she"] else "ein ", text)


def _date(found: re.Match[str]) -> str:
    """Behind `der` it ends in -e, behind another word such as `am` and `den` in -en, alone in -er."""
    day, number = int(found["day"]), int(found["number"] or 1)
    if not 1 <= day <= 31 or not 1 <= number <= 12:
        return found[0]
    before = found["before"] or ""
    month = found["month"] or f"{MONTHS[number - 1]} {found['year']}"
    ending = "e" if before.lower() == "der " else "en" if before.lower().strip() in _WEAK else "er"
    return f"{before}{_DAYS[day - 1]}{ending} {month}"


_WEAK = frozenset(("am", "dem", "den", "vom", "zum", "beim", "des", "ab", "bis", "seit"))


def _time(found: re.Match[str]) -> str:
    hour, minute = int(found["hour"]), int(found["minute"])
    return f"{'ein' if hour == 1 else hour} Uhr{f' {minute}' if minute else ''}"
