"""What well-kept libraries make of the same labelled sets: `python -m benchmarks.number_libraries`.

They are not among the dependencies: `pip install wetext text2num dateparser quantulum3 cn2an` first.
"""

from __future__ import annotations

import importlib
import re
import time
import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from benchmarks.number_sets import NOW, bare, expected, table
from voice.text.numbers import han_number, in_digits
from voice.text.speakable import language_of
from voice.trace import percentile

Asked = list[tuple[str, str]]
"""Texts, and what is right for each."""


def texts(language: str) -> Asked:
    return [(text, label) for _, of, text, label in table("numbers_spoken") if of == language]


def lengths(language: str) -> Asked:
    """The lengths of time, in seconds."""
    rows = [(said, label.split()[1]) for kind, said, label in table("numbers_utterances") if kind == "length"]
    return [(said, seconds) for said, seconds in rows if (language_of(said) == "zh") is (language == "zh")]


def moments() -> Asked:
    """The alarms and reminders at a time of day, in seconds from now."""
    rows = [row for row in table("numbers_utterances") if "@" in row[2] and "/" not in row[1]]
    return [(said, expected(label).split()[1]) for _, said, label in rows]


WORDS = [
    ("twelve times seven", "12 times 7"), ("a hundred and five", "105"), ("two million", "2000000"),
    ("1.5 million", "1500000"),
    ("thirty second timer", "30 second timer"), ("five five five one", "5 5 5 1"), ("twenty-one", "21"),
    ("one minute", "1 minute"),
    ("add two to three", "add 2 to 3"), ("5 point 5", "5.5"), ("point five", "0.5"),
    ("one hundred and twenty-five", "125"),
    ("nineteen eighty four", "19 84"), ("six hundred and five", "605"), ("two thirds", "2 thirds"),
]  # fmt: skip
HAN = [("一百零五", "105"), ("一万五", "15000"), ("两万三千", "23000"), ("三点一四", "3.14"),
       ("一亿五千万", "150000000"),
       ("负五", "-5"), ("二零二六", "2026"), ("十", "10"), ("两百", "200"), ("三千零一", "3001")]  # fmt: skip


def main() -> None:
    warnings.simplefilter("ignore")
    for name, make in TRIALS:
        before, begun = resident_mb(), time.perf_counter()
        try:
            asked, say = make()
        except ImportError:
            print(f"{name}: not installed")
            continue
        right, taken = 0, []
        for text, label in asked:
            start = time.perf_counter()
            try:
                got = say(text)
            except Exception as error:  # noqa: BLE001  whatever a library raises is a wrong answer
                got = repr(error)
            taken.append((time.perf_counter() - start) * 1000)
            right += any(_alike(got) == _alike(way) for way in label.split("|"))
        load = (time.perf_counter() - begun) * 1000 - sum(taken)
        grown = resident_mb() - before
        figures = f"p95 {percentile(taken, 0.95):.2f} ms, load {load:.0f} ms, +{grown:.0f} MB"
        print(f"{name}: {right} of {len(asked)} ({right / len(asked):.0%}), {figures}")


def _alike(words: str) -> str:
    """Words without what is a matter of taste: `two hundred and five`, `nine o five`, `negative two`."""
    shown = re.sub(r"\bo\b", "oh", re.sub(r"\bnegative\b", "minus", bare(words)))
    return re.sub(r"\band ", "", shown)


def _wetext(language: str) -> tuple[Asked, Callable[[str], str]]:
    normalizer = importlib.import_module("wetext").Normalizer(lang=language)
    return texts(language), lambda text: str(normalizer.normalize(text))


def _text2num() -> tuple[Asked, Callable[[str], str]]:
    library = importlib.import_module("text_to_num")
    return WORDS, lambda text: str(library.alpha2digit(text, "en"))


def _cn2an() -> tuple[Asked, Callable[[str], str]]:
    library = importlib.import_module("cn2an")
    return HAN, lambda text: str(library.cn2an(text, "smart"))


def _quantulum() -> tuple[Asked, Callable[[str], str]]:
    parser = importlib.import_module("quantulum3.parser")
    sizes = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}

    def seconds(text: str) -> str:
        found: list[Any] = parser.parse(text)
        return f"{sum(one.value * sizes[one.unit.name] for one in found if one.unit.name in sizes):.0f}"

    return lengths("en"), seconds


def _dateparser() -> tuple[Asked, Callable[[str], str]]:
    search = importlib.import_module("dateparser.search").search_dates
    settings = {"PREFER_DATES_FROM": "future", "RELATIVE_BASE": NOW}

    def seconds(text: str) -> str:
        found = search(text, settings=settings, languages=["zh" if language_of(text) == "zh" else "en"])
        return f"{(found[-1][1] - NOW) / timedelta(seconds=1):.0f}" if found else ""

    return moments(), seconds


TRIALS: tuple[tuple[str, Callable[[], tuple[Asked, Callable[[str], str]]]], ...] = (
    ("wetext, English texts", lambda: _wetext("en")),
    ("wetext, Chinese texts", lambda: _wetext("zh")),
    ("text2num, number words", _text2num),
    ("own, number words", lambda: (WORDS, in_digits)),
    ("cn2an, Chinese numerals", _cn2an),
    ("own, Chinese numerals", lambda: (HAN, lambda text: re.sub(r"\.0$", "", str(han_number(text))))),
    ("quantulum3, English lengths", _quantulum),
    ("dateparser, moments", _dateparser),
)


def resident_mb() -> float:
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    main()
