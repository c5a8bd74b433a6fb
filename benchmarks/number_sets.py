"""The labelled sets of numbers, and how an answer is held against its label; the floors are in the tests."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from voice.llm.builtin.question import Answer, Question
from voice.llm.builtin.responder import answer
from voice.llm.builtin.timer_list import Running
from voice.llm.interface import Message
from voice.text.speakable import language_of, spoken

SETS = Path(__file__).parent / "sets"
NOW = datetime(2026, 11, 22, 15, 5)
"""A Sunday, when the utterances are said."""

_ENGLISH_DATE = re.compile(r"([A-Z][a-z]+) (\d{1,2}), (\d{4})")
_CHINESE_DATE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_LENGTH = re.compile(r"(\d+) ?(hour|minute|second|小时|分钟|秒)")
_SECONDS = {"hour": 3600, "minute": 60, "second": 1, "小时": 3600, "分钟": 60, "秒": 1}


@dataclass(slots=True)
class Figures:
    """How many of a set are right, by kind; wrong answers; and actions that were not requested (`silent`)."""

    said: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        return self.right.total() / max(1, self.said.total())

    def lines(self) -> Iterator[str]:
        """A line for each kind, then what is wrong."""
        yield from (f"  {kind:10} {self.right[kind]:4} of {self.said[kind]}" for kind in sorted(self.said))
        yield f"  {'all':10} {self.right.total():4} of {self.said.total()}, {self.share:.1%}"
        yield from (f"  wrong: {line}" for line in self.wrong)


def table(name: str) -> list[list[str]]:
    """The rows of a set: of `numbers_spoken` kind, language, text, label (ways parted by `|`); of `numbers_utterances`
    kind, what is said (turns parted by ` / `), meaning; of `numbers_aloud` a sentence and the digits in it."""
    return [line.split("\t") for line in (SETS / f"{name}.tsv").read_text(encoding="utf-8").splitlines()]


def speaking(language: str) -> Figures:
    """What is spoken of the written texts of one language."""
    found = Figures()
    for kind, of, text, label in table("numbers_spoken"):
        if of != language:
            continue
        found.said[kind] += 1
        words = bare(spoken(text, language=language))
        if words in [bare(way) for way in label.split("|")]:
            found.right[kind] += 1
        else:
            found.wrong.append(f"{text} → {words}, not {bare(label)}")
    return found


def bare(words: str) -> str:
    """Words without what cannot be heard: marks, hyphens, capitals."""
    parts = re.sub(r"[^\w\s]|_", " ", words.lower()).split()
    return ("" if language_of(words) == "zh" else " ").join(parts)


def understanding() -> Figures:
    """What the builtin responder takes the utterances for."""
    found = Figures()
    for kind, text, label in table("numbers_utterances"):
        found.said[kind] += 1
        took = meaning(replied(text), label)
        if took == expected(label):
            found.right[kind] += 1
            continue
        found.wrong.append(f"{text} → {took}, not {expected(label)}")
        if took not in ("ask", "none"):
            found.silent.append(found.wrong[-1])
    return found


def replied(said: str) -> Answer | None:
    """The reply to the last turn, while timers of 5 minutes, of 10 called pasta, and of 30 run."""
    timers = [
        Running("", 200.0, 300.0, 1),
        Running("意面" if language_of(said) == "zh" else "pasta", 500.0, 600.0, 2),
        Running("", 1000.0, 1800.0, 3),
    ]
    messages: list[Message] = []
    found = None
    for text in said.split(" / "):
        found = answer(Question(text, NOW, tuple(messages), timers))
        messages += [Message("user", text), Message("assistant", found.text if found else "")]
    return found


def meaning(found: Answer | None, label: str) -> str:
    """What a reply takes the utterance for, in the form of the label.

    `ask` asks back and does nothing, `none` does nothing at all.
    """
    if found is None:
        return "none"
    if found.effects:
        return _effect(found)
    if not found.whole:
        return "ask"
    return _told(found.text, label)


def _effect(found: Answer) -> str:
    if len(found.effects) > 1:
        return f"{len(found.effects)} effects"
    (effect,) = found.effects
    data = effect.data
    if effect.kind == "timer.set":
        return f"{data.get('kind', 'timer')} {round(float(str(data['seconds'])))} {data['label']}".strip()
    if effect.kind == "timer.cancel":
        return " ".join(["cancel", *re.findall(r"\d+", str(data.get("numbers")))])
    return f"change {data['number']} {round(float(str(data['by'])))}"


def _told(text: str, label: str) -> str:
    """What the text of a reply says, read as the label's kind would be."""
    kind, _, value = label.partition(" ")
    if kind == "value":
        sign, number = re.findall(r"(minus |负)?(\d[\d,]*(?:\.\d+)?)", text)[-1]
        return f"value {'-' if sign else ''}{number}"
    if kind == "date":
        if day := _ENGLISH_DATE.search(text):
            return f"date {datetime.strptime(day[0], '%B %d, %Y'):%Y-%m-%d}"
        day = _CHINESE_DATE.search(text)
        return f"date {int(day[1]):04d}-{int(day[2]):02d}-{int(day[3]):02d}" if day else text
    if kind in ("days", "count"):
        return f"{kind} {next(iter(re.findall(r'[0-9]+', text)), '')}"
    if kind == "left":
        return f"left {sum(int(number) * _SECONDS[unit] for number, unit in _LENGTH.findall(text))}"
    if kind == "name":
        return label if re.search(rf"(?:\W|你叫|认识你，){re.escape(value)}[.。]$", text) else text
    if kind == "unit":
        return f"unit {re.split(r' is (?:about )?|等于(?:大约)?', text)[-1].rstrip('.。')}"
    return "none" if kind == "none" else text


def expected(label: str) -> str:
    """The label with a moment as the seconds until then."""
    kind, at, rest = label.partition("@")
    if not at:
        return label
    moment, _, what = rest.partition(" ")
    seconds = round((datetime.fromisoformat(moment) - NOW) / timedelta(seconds=1))
    return f"{kind} {seconds} {what}".strip()
