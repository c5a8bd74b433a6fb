"""Samples played map back to the text that was heard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.conversation.heard_text import HeardText
from voice.text.clauses import Clause, ClauseSplitter

TEXT = "Well, the moon is far away. It is not made of cheese."


def clauses(text: str) -> list[Clause]:
    splitter = ClauseSplitter()
    return splitter.feed(text, 0.0) + splitter.finish(0.0)


def spoken(text: str, *, marks: bool) -> HeardText:
    """A reply at 100 samples a code point."""
    heard = HeardText()
    for clause in clauses(text):
        heard.begin(clause)
        words = tuple(
            (100 * index, index)
            for index, sign in enumerate(clause.text)
            if sign != " " and (index == 0 or clause.text[index - 1] == " ")
        )
        heard.add(100 * len(clause.text), words if marks else ())
    return heard


@pytest.mark.parametrize("marks", [True, False])
def test_nothing_played_is_nothing_heard_and_all_played_is_all_heard(marks: bool) -> None:
    heard = spoken(TEXT, marks=marks)
    assert heard.heard(0) == 0
    assert heard.heard(10**6, complete=True) == len(TEXT)


@pytest.mark.parametrize("marks", [True, False])
def test_a_word_counts_once_it_was_heard_to_its_end(marks: bool) -> None:
    first = clauses(TEXT)[0]
    inside = 100 * first.text.index("moon") + 250
    assert TEXT[: spoken(TEXT, marks=marks).heard(inside)].strip() == "Well, the"


def test_the_end_of_a_clause_that_is_still_being_made_is_not_its_end() -> None:
    heard = HeardText()
    (clause,) = clauses("one two three.")
    heard.begin(clause)
    heard.add(500, ((0, 0), (300, 4)))
    assert heard.heard(500) == 4
    assert heard.heard(500, complete=True) == len("one two three.")


def test_the_border_between_two_clauses_is_the_end_of_the_first() -> None:
    heard = spoken(TEXT, marks=True)
    first = clauses(TEXT)[0]
    assert heard.heard(100 * len(first.text), complete=True) == first.end


def test_what_cannot_be_spoken_after_the_last_sound_is_heard_with_it() -> None:
    text = "Done. \N{THUMBS UP SIGN}"
    assert spoken(text, marks=False).heard(10**6, complete=True) == len(text)


def test_chinese_is_cut_between_characters() -> None:
    heard = spoken("月亮离地球很远。", marks=False)
    assert heard.heard(350) == 3


@given(st.lists(st.integers(0, 9000), min_size=1), st.booleans())
def test_more_played_is_never_less_heard(played: list[int], marks: bool) -> None:
    heard = spoken(TEXT, marks=marks)
    counts = [heard.heard(samples) for samples in sorted(played)]
    assert counts == sorted(counts)
    assert all(0 <= count <= len(TEXT) for count in counts)
