"""What is spoken of five hundred texts, half of them Chinese, labelled by hand; `pytest -s` prints the figures."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.number_sets import speaking, table

FLOOR = 0.97


def test_the_set_is_of_five_hundred_texts_half_of_them_chinese() -> None:
    rows = table("numbers_spoken")
    languages = Counter(language for _, language, _, _ in rows)
    assert languages["en"] >= 250 and languages["zh"] >= 250
    assert len({text for _, _, text, _ in rows}) == len(rows)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nearly_all_is_spoken_as_labelled(language: str) -> None:
    figures = speaking(language)
    print(*figures.lines(), sep="\n")
    assert figures.share >= FLOOR, "\n".join(figures.wrong)
