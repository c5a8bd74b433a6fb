"""Subtitles out of words with times: where lines break, how long each is shown, and the two file formats.

At most two lines of 42 columns (a Chinese character takes two) for at most seven seconds, as broadcasters ask for;
broken at the end of a sentence or clause where one is near, otherwise in a pause.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from voice.asr.interface import Word

LINE = 42
LONGEST_S = 7.0
LEAST_S = 1.0
"""A subtitle stays this long where the next one lets it, so that short words can be read."""
SHORTEST_S = 0.1
"""And at least this long, even if the next one has to wait."""
PAUSE_S = 0.3
"""A pause between words that is as good a place to break as a comma."""
SILENCE_S = 1.5
"""Nothing is shown across a silence as long as this."""

SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！")
CLAUSE_ENDS = (",", ";", ":", "，", "、", "；", "：", "—", "–")
QUOTES = "\"'”’)]」》"
LEADING = {
    *["a", "an", "the", "of", "to", "in", "on", "at", "for", "with", "and", "or", "but", "my", "your", "is", "are"],
    *"不没很在把被和跟与是就也都给向对从让这那",
}
"""Words that no line should end with: they belong to what follows."""
TRAILING = set("的了着过们吗呢吧得地")
"""Chinese words that no line should begin with: they belong to what is before."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle: its lines, and when it is shown, seconds."""

    lines: tuple[str, ...]
    start: float
    end: float


def cues(words: Sequence[Word]) -> list[Cue]:
    """Subtitles for words in the order of time. None overlap, and each begins no earlier than its first word."""
    short = [part for word in words for part in _parts(word)]
    groups = [group for sentence in _sentences(short) for group in _groups(sentence)]
    shown: list[Cue] = []
    for index, group in enumerate(groups):
        start = max(_ms(group[0].start), shown[-1].end if shown else 0.0)
        until = groups[index + 1][0].start if index + 1 < len(groups) else float("inf")
        end = min(max(group[-1].end, start + LEAST_S), max(until, start + SHORTEST_S), start + LONGEST_S)
        shown.append(Cue(_lines(group), start, _ms(end)))
    return shown


def srt(shown: Sequence[Cue]) -> str:
    """A SubRip file."""
    blocks = (
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n" + "\n".join(cue.lines) + "\n"
        for number, cue in enumerate(shown, start=1)
    )
    return "\n".join(blocks)


def vtt(shown: Sequence[Cue]) -> str:
    """A WebVTT file."""
    blocks = (
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n" + "\n".join(map(_escaped, cue.lines)) + "\n"
        for cue in shown
    )
    return "\n".join(["WEBVTT\n", *blocks])


def _ms(seconds: float) -> float:
    return round(seconds, 3)


def _clock(seconds: float, point: str) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"


def _escaped(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def width(text: str) -> int:
    """Columns on the screen."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _text(words: Sequence[Word]) -> str:
    return " ".join("".join(word.text for word in words).split())


def _parts(word: Word) -> Iterator[Word]:
    """The word, or, if it is too long for a line, its parts."""
    size = LINE if width(word.text) == len(word.text) else LINE // 2
    count = -(-len(word.text.strip()) // size)
    if count <= 1:
        yield word
        return
    each = (word.end - word.start) / count
    for index in range(count):
        text = word.text.strip()[index * size : (index + 1) * size]
        start = word.start + index * each
        yield Word(text if index else " " + text, start, start + each)


def _sentences(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Words up to the end of a sentence or a silence."""
    held: list[Word] = []
    for word in words:
        if held and (_ends(held[-1], SENTENCE_ENDS) or word.start - held[-1].end >= SILENCE_S):
            yield held
            held = []
        held.append(word)
    if held:
        yield held


def _ends(word: Word, marks: tuple[str, ...]) -> bool:
    return word.text.rstrip().rstrip(QUOTES).endswith(marks)


def _break_cost(before: Word, after: Word) -> float:
    """How bad it is to break between two words: 0 at a clause's end, 1 amid a clause, 2 after a word that leads on."""
    if _ends(before, SENTENCE_ENDS + CLAUSE_ENDS) or after.start - before.end >= PAUSE_S:
        return 0.0
    return 2.0 if before.text.strip().lower() in LEADING or after.text[:1] in TRAILING else 1.0


def _groups(sentence: list[Word]) -> list[list[Word]]:
    """A sentence in the fewest subtitles that hold it, broken at the best places, evenly among equals."""
    count = len(sentence)
    best: list[tuple[float, int]] = [(0.0, 0)]
    """For the first n words: the least cost, and where the last subtitle begins."""
    whole = max(1.0, width(_text(sentence)))
    for end in range(1, count + 1):
        found = (float("inf"), end - 1)
        for begin in range(end - 1, -1, -1):
            if begin < end - 1 and not _fits(sentence[begin:end]):
                break
            cost = best[begin][0] + 3.0 + (width(_text(sentence[begin:end])) / whole) ** 2
            if end < count:
                cost += _break_cost(sentence[end - 1], sentence[end])
            found = min(found, (cost, begin))
        best.append(found)
    ends = [count]
    while ends[-1]:
        ends.append(best[ends[-1]][1])
    return [sentence[begin:end] for begin, end in pairwise(reversed(ends))]


def _fits(words: list[Word]) -> bool:
    if words[-1].end - words[0].start > LONGEST_S:
        return False
    return all(width(line) <= LINE for line in _lines(words))


def _lines(words: list[Word]) -> tuple[str, ...]:
    """One line where it fits, else two, broken where a clause ends or in the middle; else one that is too long."""
    whole = _text(words)
    if width(whole) <= LINE:
        return (whole,)
    places = []
    for at in range(1, len(words)):
        upper, lower = _text(words[:at]), _text(words[at:])
        if upper and lower and max(width(upper), width(lower)) <= LINE:
            uneven = abs(width(upper) - width(lower)) / LINE
            places.append((_break_cost(words[at - 1], words[at]) / 2 + uneven, upper, lower))
    if places:
        _, upper, lower = min(places)
        return (upper, lower)
    return (whole,)
