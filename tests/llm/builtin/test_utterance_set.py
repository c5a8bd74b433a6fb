"""What the builtin responder takes five hundred utterances for, labelled by hand; `pytest -s` prints the figures."""

from __future__ import annotations

from collections import Counter

from benchmarks.number_sets import table, understanding
from voice.text.speakable import language_of

FLOOR = 0.97


def test_the_set_is_of_five_hundred_utterances_of_every_kind() -> None:
    rows = table("numbers_utterances")
    assert len({said for _, said, _ in rows}) == len(rows) >= 500
    assert min(Counter(kind for kind, _, _ in rows).values()) >= 12
    assert sum(language_of(said) == "zh" for _, said, _ in rows) >= 180


def test_nearly_all_is_understood_and_nothing_is_done_that_was_not_meant() -> None:
    figures = understanding()
    print(*figures.lines(), sep="\n")
    assert not figures.silent, "\n".join(figures.silent)
    assert figures.share >= FLOOR, "\n".join(figures.wrong)
