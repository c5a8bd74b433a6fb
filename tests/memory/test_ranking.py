"""Which of many texts a question is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from voice.memory.ranking import Ranking, stem, terms

FACTS = Path(__file__).parents[2] / "benchmarks" / "sets" / "facts.tsv"


@pytest.mark.parametrize(
    ("words", "one"),
    [
        ("parking parked parks park", "park"),
        ("allergies allergy", "allergi"),
        ("study studying studied", "studi"),
        ("lends lent", "lend"),
        ("boxes box", "box"),
        ("glass", "glass"),
        ("daughter's daughter", "daughter"),
    ],
)
def test_forms_of_a_word_are_one(words: str, one: str) -> None:
    found = {stem(word) for word in words.split()}
    assert found in ({one}, {one, one + "e"})


def test_chinese_is_read_by_pairs_in_both_scripts() -> None:
    assert "咖啡" in terms("我喝咖啡")
    assert terms("電話") == terms("电话")


def test_the_rarer_word_decides() -> None:
    ranking = Ranking(["my cat is called Minka", "my dog is called Rex", "my cat eats fish"])
    assert ranking.best("what does the cat eat")[0][1] == 2
    assert ranking.best("who wrote Hamlet") == []


def test_nothing_is_found_among_nothing() -> None:
    assert Ranking([]).best("what is my name") == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_questions_find_their_fact_among_fifty(language: str) -> None:
    """The set of `voice bench memory`, which measures the same in smaller crowds."""
    rows = [line.split("\t") for line in FACTS.read_text("utf-8").splitlines()]
    mine = [row for row in rows if row[0] == language]
    ranking = Ranking([fact for _, fact, *_ in mine])
    asked = [(place, question) for place, row in enumerate(mine) for question in row[2:]]
    found = [place in [at for _, at in ranking.best(question)[:5]] for place, question in asked]
    assert sum(found) / len(found) >= 0.9
