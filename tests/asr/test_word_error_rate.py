from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.asr.word_error_rate import distance, word_error_rate, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What time is it?", ["what", "time", "is", "it"]),
        ("I'm  here — don’t go", ["i'm", "here", "don't", "go"]),
        ("现在几点？", ["现", "在", "几", "点"]),
        ("打开 WiFi。", ["打", "开", "wifi"]),
        ("...", []),
    ],
)
def test_words_are_what_two_writers_would_agree_on(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("a b c d", "a b c d")], 0.0),
        ([("a b c d", "a x c")], 0.5),
        ([("a b", "a b c d")], 1.0),
        ([("a", ""), ("b c d", "b c d")], 0.25),
        ([("现在几点", "现在几天")], 0.25),
    ],
)
def test_errors_are_counted_per_word_said_in_total(pairs: list[tuple[str, str]], expected: float) -> None:
    assert word_error_rate(pairs) == expected


def test_nothing_said_has_no_rate() -> None:
    assert math.isnan(word_error_rate([("", "ghost")]))


@given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(st.sampled_from("abc"), max_size=8))
def test_distance_is_a_distance(said: list[str], heard: list[str]) -> None:
    far = distance(said, heard)
    assert far == distance(heard, said)
    assert abs(len(said) - len(heard)) <= far <= max(len(said), len(heard))
    assert (far == 0) == (said == heard)
