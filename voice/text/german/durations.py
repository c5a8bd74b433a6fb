"""Lengths of time in German, both ways: `anderthalb Stunden`, `eine Viertelstunde`, `zwei Stunden und zehn"
" Minuten`."""

from __future__ import annotations

import re
from fractions import Fraction

from voice.text.durations import Length
from voice.text.patterns import pattern_of

_SECONDS = {"w": 604800, "t": 86400, "s": 1, "m": 60, "h": 3600}
_UNIT = r"(?:wochen?|tagen?|tage?|stunden?|std|h|minuten?|min|sekunden?|sek|s)(?![\w'])"
_ONE = r"ein(?:e[nrms]?)?"
_NUM = r"\d+(?:\.\d+)?"
_COUNT = (
    rf"(?:(?:{_ONE} )?(?:halbe[nr]?|halb)|(?:{_ONE} )?dreiviertel|(?:(?:{_ONE}|\d+) )?viertel"
    rf"|(?:{_NUM}|{_ONE}) (?:und )?(?:1/2|einhalb(?:e[nrs]?)?|eine halbe|ein halb)|\d+ \d+/\d+|\d+/\d+|{_NUM}|{_ONE})"
)
_PART = pattern_of(
    rf"(?P<range>\b(?:{_NUM}|{_ONE}) ?(?:bis(?: zu)?|oder|-|–) ?|\bein (?=2 (?!\w+ timer)))?"
    rf"(?:\b(?P<clock>\d+:\d\d(?::\d\d)?) |(?P<few>\b(?:ein paar|einige|mehrere|wenige) )"
    rf"|(?<![\w.:])(?P<count>{_COUNT}) ?)"
    rf"(?:(?:weitere[nr]?|volle[nr]?|ganze[nr]?|gute[nr]?) )?(?P<unit>{_UNIT})(?! (?:nach|vor) (?:halb )?\d)"
    rf"(?P<about> oder (?:2|so|mehr)\b)?"
)
_HALF = pattern_of(r" (?:und )?(?P<half>(?:eine )?(?:halbe|dreiviertel|viertel))(?! \w*stunde)")
_REST = pattern_of(rf" (?:und )?(?P<rest>[1-5]?\d)(?![\d:./%]| ?{_UNIT}| (?:uhr|und|bis|nach|vor|prozent)\b)(?=$| )")
_JOINT = pattern_of(r" (?:und )?")
_CLOCK = pattern_of(r"\b(\d+):(\d\d)(?::(\d\d))?\b(?! ?uhr)")
_INSTEAD = pattern_of(r" (?:nein|nee|ich meine|quatsch|sondern|besser|lieber|beziehungsweise|halt|moment|korrektur)\b")


def german_lengths(words: str) -> list[Length]:
    """Every length of time in `words` (of `german_words`), left to right; what may be two lengths has no value.

    Where the person corrects themselves (`5 minuten nein 10 minuten`) only the last one counts.
    """
    found: list[Length] = []
    at = 0
    while part := _PART.search(words, at):
        found += [_clock_length(clock) for clock in _CLOCK.finditer(words, at, part.start())]
        length = _whole(part, words)
        found.append(length)
        at = length.end
    found += [_clock_length(clock) for clock in _CLOCK.finditer(words, at)]
    while len(found) > 1 and _INSTEAD.search(words, found[-2].end, found[-1].start):
        found[-2:] = [Length(found[-1].seconds, found[-2].start, found[-1].end)]
    return found


def _whole(part: re.Match[str], words: str) -> Length:
    """A length with all its smaller parts."""
    start, end, total, certain = part.start(), part.end(), Fraction(0), True
    while True:
        size, value = _size(part["unit"]), _counted(part)
        certain = certain and value is not None and not part["range"] and not part["about"]
        total += (value or 0) * size
        end = part.end()
        half, rest = _HALF.match(words, end), _REST.match(words, end)
        if half is not None and size > 1:
            share = {"halbe": Fraction(1, 2), "dreiviertel": Fraction(3, 4)}.get(
                half["half"].split()[-1], Fraction(1, 4)
            )
            total, end = total + share * size, half.end()
        elif rest is not None and size in (60, 3600):
            total, end = total + int(rest["rest"]) * size // 60, rest.end()
        joint = _JOINT.match(words, end)
        further = _PART.match(words, joint.end()) if joint else None
        if further is None or _size(further["unit"]) >= size:
            return Length(float(total) if certain else None, start, end)
        part = further


def _size(unit: str) -> int:
    return 3600 if unit.startswith("st") else _SECONDS[unit[0]]


def _counted(part: re.Match[str]) -> Fraction | None:
    """How many of its unit; None for `ein paar`."""
    if part["clock"]:
        whole, minutes, *seconds = (int(number) for number in part["clock"].split(":"))
        return whole + Fraction(minutes, 60) + Fraction(sum(seconds), 3600)
    if part["few"]:
        return None
    total = Fraction(0)
    words = [word for word in part["count"].split() if word != "und"]
    for index, word in enumerate(words):
        if word.startswith(("halb", "einhalb")):
            total += Fraction(1, 2)
        elif word.endswith("viertel"):
            total = Fraction(3, 4) if word == "dreiviertel" else (total or 1) * Fraction(1, 4)
        elif word[0].isdecimal():
            top, _, bottom = word.partition("/")
            if bottom and not int(bottom):
                return None
            total += Fraction(top) / Fraction(bottom or 1)
        elif not words[index + 1 : index + 2] or words[index + 1].startswith("ein"):
            total += 1
    return total


def _clock_length(found: re.Match[str]) -> Length:
    """`1:30:00` is a length; `1:30` may be one of two, or a time of day."""
    if found[3] is None:
        return Length(None, found.start(), found.end())
    return Length(float(int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3])), found.start(), found.end())


def say_german_duration(seconds: float, *, after_in: bool = False) -> str:
    """`90` as `eine Minute und 30 Sekunden`; `after_in` as it is said behind `in`: `einer Minute`."""
    left = max(1, round(seconds)) if seconds != int(seconds) or seconds < 1 else int(seconds)
    parts = []
    for size, name in ((3600, "Stunde"), (60, "Minute"), (1, "Sekunde")):
        count, left = divmod(left, size)
        if count:
            one = "einer" if after_in else "eine"
            parts.append(f"{one} {name}" if count == 1 else f"{count} {name}n")
    return " und ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
