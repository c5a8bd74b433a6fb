"""What the shipped rules of moderation find in labelled sentences, what they take for something else, what they cost.

The sentences were written by the project. Rules were written from the part `dev`; the part `held` was set aside and
shows what to expect of new sentences. The rules were made broader later, and then `fresh` was written in
plain words, and `oblique` in words that say it without naming it. All are by few hands, so reality is harder still.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from voice.safety.moderation import Moderation
from voice.safety.reply_moderator import ReplyModerator
from voice.safety.rules import Reading, Rules
from voice.safety.verdict import CATEGORIES
from voice.text.clauses import ClauseSplitter
from voice.trace import percentile

SET = Path(__file__).parent / "sets" / "moderation.tsv"
PARTS = {"dev": "written from", "held": "held out", "fresh": "fresh", "oblique": "oblique"}
"""What the parts are called in the table."""
ORDINARY = "none"
DELTA = 4
"""Code points in a delta: about a token of English."""
TOKENS_PER_S = 50.0

Feed = Callable[[str], str]
"""Takes the next piece of a text and returns what has passed."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One labelled sentence; `category` is `none` for ordinary talk."""

    part: str
    category: str
    language: str
    text: str


@dataclass(slots=True)
class Score:
    """Sentences of one category (of ordinary talk: right is what was let through), and what the rules took them for."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.right + len(self.wrong)

    @property
    def share(self) -> float:
        return self.right / self.count if self.count else 1.0


def labelled() -> list[Sentence]:
    _, *lines = SET.read_text("utf-8").splitlines()
    return [Sentence(*line.split("\t")) for line in lines]


def scores(sentences: Sequence[Sentence], rules: Rules) -> dict[str, Score]:
    """By category and `none`. A sentence is right if its own category is among those it was flagged for."""
    found = {name: Score() for name in (*CATEGORIES, ORDINARY)}
    for sentence in sentences:
        flagged = rules.verdict(sentence.text).categories
        score = found[sentence.category]
        if sentence.category in flagged or (sentence.category == ORDINARY and not flagged):
            score.right += 1
        else:
            score.wrong.append(sentence.text)
    return found


def pieces(text: str) -> Iterator[str]:
    return (text[at : at + DELTA] for at in range(0, len(text), DELTA))


def costs_us(rules: Rules, texts: Sequence[str]) -> dict[str, float]:
    """Processor time of one delta on its way through the rules, microseconds."""
    moderation = Moderation(rules)
    spent: list[float] = []
    for text in texts:
        outlet = ReplyModerator(moderation, "", lambda text: None, lambda kind, data: None, lambda name: None)
        for piece in pieces(text):
            begun = time.thread_time_ns()
            outlet.feed(piece)
            spent.append((time.thread_time_ns() - begun) / 1000)
    return {"mean": sum(spent) / len(spent), "p99": percentile(spent, 0.99), "most": max(spent)}


def first_clause_ms(rules: Rules, texts: Sequence[str]) -> list[float]:
    """How much later the first clause of each reply can be spoken because of the rules, ms."""
    return late_ms(texts, lambda: _through(rules))


def late_ms(texts: Sequence[str], screen: Callable[[], Feed]) -> list[float]:
    """How much later the first clause of each reply can be spoken behind a fresh `screen`, at TOKENS_PER_S.

    Counted in tokens that had to be awaited, so that it does not depend on the machine; the screen's own time is apart.
    """
    return [(_first(text, screen()) - _first(text, lambda piece: piece)) * 1000 / TOKENS_PER_S for text in texts]


def _through(rules: Rules) -> Feed:
    reading = Reading(rules, frozenset())
    held = ""

    def feed(piece: str) -> str:
        nonlocal held
        held += piece
        before = reading.safe
        reading.feed(piece)
        passed, held = held[: reading.safe - before], held[reading.safe - before :]
        return passed

    return feed


def _first(text: str, screen: Feed) -> int:
    """The number of tokens after which the first clause is there."""
    splitter = ClauseSplitter()
    for count, piece in enumerate(pieces(text), 1):
        if splitter.feed(screen(piece), 0.0):
            return count
    return count


def replies(sentences: Sequence[Sentence]) -> list[str]:
    """Ordinary sentences as replies of three sentences; many are questions, which wait more often than answers do."""
    found = []
    for language, end in (("en", ". "), ("zh", "。")):
        texts = [one.text for one in sentences if one.category == ORDINARY and one.language == language]
        found += [end.join((*texts[at : at + 3], "")) for at in range(len(texts) - 2)]
    return found
