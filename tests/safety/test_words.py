"""The words of a text are the same however it is split."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voice.safety.rule_language import LONGEST, Alphabet, PatternWords

ALPHABET = Alphabet({"殺": "杀", "а": "a"})


def words(*pieces: str) -> list[tuple[str, int, int] | None]:
    reader = PatternWords(ALPHABET)
    return [*(found for piece in pieces for found in reader.feed(piece)), *reader.finish()]


@given(st.lists(st.text("aB é'.-!?。杀殺１2\u200b \n", max_size=5), max_size=8))
def test_any_split_gives_the_same_words_in_their_places(pieces: list[str]) -> None:
    whole = "".join(pieces)
    assert words(*pieces) == words(whole) == words(*whole)
    at = 0
    for found in words(whole):
        if found is not None:
            assert at <= found[1] < found[2] <= len(whole)
            at = found[2]


def test_what_makes_no_difference() -> None:
    told = [found and found[0] for found in words("Don’t ＫＩＬＬ the café, 殺人 pаss! o.k... well. No")]
    assert told == ["dont", "kill", "the", "cafe", "杀", "人", "pass", None, "o", "k", "well", None, "no", None]


def test_a_run_of_letters_without_an_end_is_cut() -> None:
    assert [found and found[2] - found[1] for found in words("x" * (2 * LONGEST + 3))] == [LONGEST, LONGEST, 3, None]
