"""Facts in a memory: one value for what can have only one, found by words, dropped for certain or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date

import pytest

from voice.memory.fact_book import MOST_FACTS, best, drop, facts, keep
from voice.memory.facts import KEPT, sentence
from voice.memory.vault import Vault, Who
from voice.tools.interface import ToolError

DAY = date(2026, 3, 4)


@pytest.fixture
def book() -> Iterator[sqlite3.Connection]:
    with Vault(None, bytes).writing(Who("", "ann")) as database:
        yield database


def test_a_fact_is_kept_once(book: sqlite3.Connection) -> None:
    assert keep(book, "I like  jazz", DAY) == ("I like jazz", False)
    assert keep(book, "i like jazz!", DAY) == ("i like jazz!", False)
    assert facts(book) == ["I like jazz"]


def test_a_new_value_replaces_the_old_one(book: sqlite3.Connection) -> None:
    keep(book, "my daughter's birthday is the third of May", DAY)
    keep(book, "I am allergic to nuts", DAY)
    keep(book, "I am allergic to milk", DAY)
    assert keep(book, "My daughter's birthday is in June", DAY) == ("My daughter's birthday is in June", True)
    assert facts(book) == ["I am allergic to nuts", "I am allergic to milk", "My daughter's birthday is in June"]


def test_a_correction_names_the_fact_by_the_reply(book: sqlite3.Connection) -> None:
    keep(book, "I live on the third floor", DAY)
    keep(book, "my gym is on the first floor", DAY)
    said = sentence(KEPT, "I live on the third floor", "en")
    assert keep(book, "the fourth", DAY, said) == ("I live on the fourth floor", True)


def test_what_is_forgotten_is_meant_for_certain(book: sqlite3.Connection) -> None:
    keep(book, "my daughter's birthday is the third of May", DAY)
    keep(book, "my son's birthday is the ninth of June", DAY)
    assert drop(book, "the price of tea") is None
    assert drop(book, "your son's birthday is the ninth of June") == "my son's birthday is the ninth of June"
    assert drop(book, "my daughter's birthday") == "my daughter's birthday is the third of May"
    assert facts(book) == facts(None) == []


def test_only_what_covers_enough_of_a_question_is_found(book: sqlite3.Connection) -> None:
    keep(book, "my cat is called Minka", DAY)
    assert best(facts(book), "what is my cat called") == ["my cat is called Minka"]
    assert best(facts(book), "how many seconds does the cat in Schrödinger's famous experiment live") == []


def test_a_memory_has_bounds(book: sqlite3.Connection) -> None:
    for number in range(MOST_FACTS):
        keep(book, f"I own book {number}", DAY)
    with pytest.raises(ToolError, match="full"):
        keep(book, "I own one more", DAY)
    with pytest.raises(ToolError, match="too long"):
        keep(book, "x" * 301, DAY)
