"""Patterns become small automata: what leads to the same place shares it."""

from __future__ import annotations

import pytest

from voice.safety.rule_language import Alphabet, PatternError, PatternReader, PatternState, inflected, merged


def read(*patterns: str, **lists: str) -> PatternReader:
    reader = PatternReader(Alphabet({}), lists)
    for number, pattern in enumerate(patterns):
        reader.add(pattern, number)
    return reader


def states(start: PatternState) -> int:
    """How many there are behind `start`."""
    found: set[int] = set()
    waiting = [start]
    while waiting:
        state = waiting.pop()
        if id(state) not in found:
            found.add(id(state))
            waiting += [one for many in (*state.words.values(), state.any) for one in many]
    return len(found) - 1


def fits(reader: PatternReader, text: str) -> set[int]:
    now = [reader.start]
    for word in text.split():
        now = [after for state in now for after in (*state.words.get(word, ()), *state.any)]
    return {number for state in now for number in state.ends}


def test_alternatives_end_in_one_state() -> None:
    assert states(read("(a|b|c d|<more>) x", more="e|f|g h").start) == 4, "c and g lead to d and h"
    assert states(read("kill~ him").start) == 2


@pytest.mark.parametrize(
    ("pattern", "fitting", "other"),
    [
        ("(a|b c) d", ["a d", "b c d"], ["a", "b d", "a c d", "d"]),
        ("a (b|c)? d", ["a d", "a b d", "a c d"], ["a b c d"]),
        ("a (b (c|d)?|e)", ["a b", "a b c", "a b d", "a e"], ["a e c", "a c", "a"]),
        ("(a|b ..2 c) d", ["a d", "b c d", "b x y c d"], ["b d", "b x y z c d", "a x c d"]),
        ("<one> (x)? <one>", ["a a", "b c x a", "a b c"], ["a x", "b a"]),
    ],
)
def test_sharing_changes_nothing_of_what_fits(pattern: str, fitting: list[str], other: list[str]) -> None:
    reader = read(pattern, one="a|b c")
    assert [fits(reader, text) for text in fitting] == [{0}] * len(fitting)
    assert [fits(reader, text) for text in other] == [set()] * len(other)


def test_a_state_in_place_of_several_leads_wherever_they_do() -> None:
    reader = read("a b", "a ..1 c", "a")
    reader.start.words = {word: [merged(many)] for word, many in reader.start.words.items()}
    assert [fits(reader, text) for text in ("a", "a b", "a c", "a b c", "b")] == [{2}, {0}, {1}, {1}, set()]


@pytest.mark.parametrize(
    "pattern", ["", "..2 a", "a ..2", "(a", "a)", "()", "(a|)", "?", "<no>", "<self>", "a ..9 b", "-"]
)
def test_a_pattern_that_cannot_be_read(pattern: str) -> None:
    with pytest.raises(PatternError):
        read(pattern, self="a|<self>")


def test_endings_of_english_words() -> None:
    assert {"make", "makes", "making"} <= set(inflected("make"))
    assert {"stab", "stabbed", "stabbing"} <= set(inflected("stab"))
    assert {"bury", "buries", "buried", "burying"} <= set(inflected("bury"))
