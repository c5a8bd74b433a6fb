"""What a question about records names: things of the person's records, other things, other people."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from voice.memory.ranking import stem
from voice.memory.record_questions.chinese import CHINESE
from voice.memory.record_questions.chinese import NO_THING as NO_HAN_THING
from voice.memory.record_questions.english import ENGLISH, NO_THING, PEOPLE
from voice.memory.record_questions.signs import MARK, Language
from voice.text.patterns import pattern_of
from voice.text.speakable import HAN, language_of

_WORD = pattern_of(r"[^\W_]+(?:['-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Named:
    """Things of the person's records, and the words with `THING` in place of each."""

    text: str
    items: tuple[str, ...] = ()


def named(plain: str, known: Collection[str]) -> Named:
    """The things that words name whole, in any form of their words; the longest where one is part of another."""
    spoken = [(stem(word[0]), word.start(), word.end()) for word in _WORD.finditer(plain)]
    stems = [one for one, _, _ in spoken]
    found = list[tuple[int, int, str]]()
    for thing in known:
        if language_of(thing) == "zh":
            found += [(at.start(), at.end(), thing) for at in re.finditer(re.escape(thing.lower()), plain)]
            continue
        wanted = _stems(thing)
        if not wanted or wanted[0] not in stems:
            continue
        for at in range(len(stems) - len(wanted) + 1):
            if stems[at : at + len(wanted)] == list(wanted):
                found.append((spoken[at][1], spoken[at + len(wanted) - 1][2], thing))
    text, items, taken = plain, set[str](), list[tuple[int, int]]()
    for start, end, thing in sorted(found, key=lambda one: (one[0] - one[1], one[0], one[2])):
        if all(end <= first or start >= last for first, last in taken):
            taken.append((start, end))
            items.add(thing)
        elif (start, end) in taken:
            items.add(thing)  # of the same words
    for start, end in sorted(taken, reverse=True):
        text = f"{text[:start]}THING{text[end:]}"
    return Named(text, tuple(sorted(items)))


def nearly_named(text: str, known: Collection[str], *, chinese: bool) -> tuple[Named, str]:
    """Things of which words name a part, such as `chocolate`; else what stands where a thing would be."""
    runs = _chinese_runs(text) if chinese else _english_runs(text)
    for run in runs:
        words = {stem(word) for word in run.split()}
        items = [thing for thing in known if (run in thing.lower() if chinese else words <= set(_stems(thing)))]
        if items:
            return Named(text.replace(run, "THING", 1), tuple(sorted(items))), ""
    missing = list(_in_place(runs, text, CHINESE if chinese else ENGLISH))
    return Named(text), max(missing, key=len) if missing and chinese else next(iter(missing), "")


def other_person(text: str, known: Collection[str], *, chinese: bool) -> bool:
    """Whether another person's records are asked for."""
    found = (CHINESE if chinese else ENGLISH).other.search(text)
    while found is not None:
        name = next(filter(None, found.groups()), "")
        if name not in known and (chinese or _a_person(name)):
            return True
        found = found.re.search(text, found.start() + 1)
    return False


def _a_person(name: str) -> bool:
    """Whether English words in the place of a name are one; no words are those that certainly mean other people."""
    first, *rest = name.split() or [""]
    if first in ("my", "our") and rest:
        return rest[0] in PEOPLE
    return not any(_no_thing(word) for word in (first, *rest))


@lru_cache(4096)
def _stems(thing: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in _WORD.findall(thing.lower()))


@lru_cache(4096)
def _no_thing(word: str) -> bool:
    """Whether an English word is known as one that names no thing."""
    return word in NO_THING or (word.endswith("ly") and len(word) > 5) or ENGLISH.words.fullmatch(word) is not None


@lru_cache(4096)
def _no_han_thing(run: str) -> bool:
    """Whether Chinese characters are known as words that name no thing."""
    return run.isascii() or CHINESE.words.fullmatch(run) is not None


def _english_runs(text: str) -> list[str]:
    """Words one after another that could name a thing."""
    runs, run = list[str](), list[str]()
    for word in [*text.replace("'s ", " ").split(), ""]:
        if word.isalpha() and word.islower() and not _no_thing(word):
            run.append(word)
        elif run:
            runs.append(" ".join(run))
            run = []
    return runs


def _in_place(runs: Iterable[str], text: str, language: Language) -> Iterator[str]:
    """Those of the runs that stand where a thing would."""
    for run in runs:
        if language.before_thing.search(text.replace(run, MARK + run)):
            yield run


def _chinese_runs(text: str) -> list[str]:
    measured = re.sub(rf"(?:几|多少)[{HAN}](?=[{HAN}])", " ", text)
    return [run for run in NO_HAN_THING.sub(" ", measured).split() if len(run) > 1 and not _no_han_thing(run)]
