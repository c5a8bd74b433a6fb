"""How much redaction finds in labelled sentences, how much it takes for something else, and what it costs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from voice.safety.identifiers import KINDS
from voice.safety.redactor import Finder, Redactor, Span
from voice.trace import percentile

SETS = tuple(Path(__file__).parent / "sets" / name for name in ("redaction.txt", "redaction_plain.txt"))
"""Made by scripts/make_redaction_set.py, and written by hand."""
DELTA = 4
"""Code points in a delta: about a token of English."""

_LABEL = re.compile("⟦([A-Z]+)[|]([^⟧]+)⟧")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence and what is to be taken out of it: (kind, start, end)."""

    text: str
    spans: tuple[tuple[str, int, int], ...]


@dataclass(slots=True)
class Score:
    """Finds of one kind. A find is right if kind and place are."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    wrongly: list[str] = field(default_factory=list)
    overlooked: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def labelled(paths: Sequence[Path] = SETS) -> list[Labelled]:
    """The sentences of files: one on each line, `⟦KIND|as written⟧` where something is to be taken out."""
    found = []
    for line in [line for path in paths for line in path.read_text("utf-8").splitlines()]:
        text, spans, done = "", [], 0
        for label in _LABEL.finditer(line):
            text += line[done : label.start()]
            spans.append((label[1], len(text), len(text) + len(label[2])))
            text += label[2]
            done = label.end()
        found.append(Labelled(text + line[done:], tuple(spans)))
    return found


def spans(finder: Finder, text: str) -> list[Span]:
    """What is found in a whole text."""
    redactor = Redactor(finder, lambda kind, value, written: "")
    redactor.feed(text)
    redactor.flush()
    return redactor.spans


def scores(sentences: list[Labelled], find: Callable[[str], list[tuple[str, int, int]]]) -> dict[str, Score]:
    """Right, wrong and missed finds by kind."""
    table = {kind: Score() for kind in KINDS}
    for sentence in sentences:
        found, wanted = set(find(sentence.text)), set(sentence.spans)
        for kind, start, end in found | wanted:
            score = table.setdefault(kind, Score())
            if (kind, start, end) not in wanted:
                score.wrong += 1
                score.wrongly.append(f"{sentence.text[start:end]} in: {sentence.text}")
            elif (kind, start, end) not in found:
                score.missed += 1
                score.overlooked.append(sentence.text)
            else:
                score.right += 1
    return table


def measured(finder: Finder | None = None) -> dict[str, Score]:
    """The scores of redaction by patterns on the set of the project."""
    finder = finder or Finder()
    return scores(labelled(), lambda text: [(span.kind, span.start, span.end) for span in spans(finder, text)])


def costs_us(texts: list[str], finder: Finder | None = None) -> dict[str, float]:
    """Mean, 99th percentile and longest processor time of a delta, µs, and the code points held on average."""
    finder = finder or Finder()
    taken: list[float] = []
    held: list[int] = []
    for text in texts:
        redactor = Redactor(finder, lambda kind, value, written: f"<{kind}>")
        for delta in _deltas(text):
            began = time.thread_time()
            redactor.feed(delta)
            taken.append((time.thread_time() - began) * 1e6)
            held.append(len(redactor.held))
    return {
        "mean": sum(taken) / len(taken),
        "p99": percentile(taken, 0.99),
        "longest": max(taken),
        "held": sum(held) / len(held),
    }


def _deltas(text: str) -> Iterator[str]:
    for start in range(0, len(text), DELTA):
        yield text[start : start + DELTA]
