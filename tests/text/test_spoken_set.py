"""What is spoken of five hundred written texts, half of them Chinese, labelled by hand: at least 97 % of each half.

`pytest -s` prints the figures of every kind. A text with `|` in its label may be spoken in more than one way.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from voice.text.speakable import language_of, spoken

SET = Path(__file__).parent / "sets" / "spoken.tsv"
FLOOR = 0.97


def rows() -> list[list[str]]:
    """Kind, language, text, what is to be spoken."""
    return [line.split("\t") for line in SET.read_text(encoding="utf-8").splitlines()]


def bare(words: str) -> str:
    """Words without what nobody hears: marks, hyphens, capitals."""
    parts = re.sub(r"[^\w\s]|_", " ", words.lower()).split()
    return ("" if language_of(words) == "zh" else " ").join(parts)


def test_the_set_is_of_five_hundred_texts_half_of_them_chinese() -> None:
    languages = Counter(language for _, language, _, _ in rows())
    assert languages["en"] >= 250 and languages["zh"] >= 250
    assert len({text for _, _, text, _ in rows()}) == len(rows())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nearly_all_is_spoken_as_labelled(language: str) -> None:
    said, right, wrong = Counter[str](), Counter[str](), []
    for kind, of, text, label in rows():
        if of != language:
            continue
        said[kind] += 1
        words = bare(spoken(text, language=language))
        if any(words == bare(way) for way in label.split("|")):
            right[kind] += 1
        else:
            wrong.append(f"{text} → {words}, not {bare(label)}")
    for kind in sorted(said):
        print(f"{language} {kind:10} {right[kind]:3} of {said[kind]}")
    print(*wrong, sep="\n")
    assert right.total() >= FLOOR * said.total(), "\n".join(wrong)
