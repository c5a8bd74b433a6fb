from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.asr.hallucination import Hypothesis, doubtful, hallucinated, looped, plausible, repeats, silenced

GOOD = Hypothesis("what is twelve times seven", avg_log_prob=-0.2, no_speech_prob=0.01, duration_s=2.0)
LOOP = "thank you so much for watching " * 12


def test_a_sentence_said_twice_in_one_breath_is_doubted_but_a_word_or_two_are_not() -> None:
    twice = "repeat after me the weather is nice today " * 2
    assert doubtful(replace(GOOD, text=twice, duration_s=5.0)) == "repetition"
    assert doubtful(replace(GOOD, text="no no the the other one one more time", duration_s=5.0)) == ""


def test_a_plain_sentence_stands() -> None:
    assert doubtful(GOOD) == ""
    assert hallucinated(GOOD) == ""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"text": ""}, "empty"),
        ({"text": "..."}, "empty"),
        ({"text": "Thank you.", "no_speech_prob": 0.93, "avg_log_prob": -0.52}, "no speech"),
        ({"capped": True}, "length"),
        ({"avg_log_prob": -1.1}, "log prob"),
        ({"text": LOOP}, "compression ratio"),
        ({"text": "no no no no", "duration_s": 3.0}, "repetition"),
        ({"text": "go on go on go on", "duration_s": 3.0}, "repetition"),
        ({"text": "one two three four five six seven eight nine ten", "duration_s": 1.2}, "words per second"),
        ({"text": "今天天气怎么样我想出去走走", "duration_s": 1.2}, "words per second"),
    ],
)
def test_what_a_short_window_gets_wrong_is_doubted(change: dict[str, object], reason: str) -> None:
    assert doubtful(replace(GOOD, **change)) == reason  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"no_speech_prob": 0.9, "avg_log_prob": -1.2}, "no speech"),
        ({"no_speech_prob": 0.9}, ""),
        ({"no_speech_prob": 0.95, "avg_log_prob": -0.96}, "no speech"),
        ({"no_speech_prob": 0.65, "avg_log_prob": -0.8}, ""),
        ({"text": "Thank you.", "no_speech_prob": 0.93, "avg_log_prob": -0.3}, "film end"),
        ({"text": "谢谢观看！", "no_speech_prob": 0.93, "avg_log_prob": -0.3}, "film end"),
        ({"text": "Thank you.", "no_speech_prob": 0.2}, ""),
        ({"text": "Mouffetard", "no_speech_prob": 0.8, "prompt": "Zuckmayer, Rue Mouffetard."}, "prompt"),
        ({"text": "Mouffetard", "prompt": "Zuckmayer, Rue Mouffetard."}, ""),
        ({"avg_log_prob": -1.2}, ""),
        ({"avg_log_prob": -2.0}, "log prob"),
        ({"text": LOOP}, ""),
        ({"text": ""}, ""),
    ],
)
def test_only_what_was_surely_dreamed_is_dropped(change: dict[str, object], reason: str) -> None:
    assert hallucinated(replace(GOOD, **change)) == reason  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "circles"),
    [
        ({}, False),
        ({"text": "Stop. " * 8, "duration_s": 5.0}, False),
        ({"text": "row row row your boat merrily merrily merrily merrily", "duration_s": 4.0}, False),
        ({"text": LOOP}, True),
        ({"text": LOOP, "duration_s": 28.0}, False),
        ({"text": LOOP, "duration_s": 28.0, "avg_log_prob": -1.2}, True),
        ({"capped": True}, True),
    ],
)
def test_a_person_who_repeats_takes_time_and_a_loop_does_not(change: dict[str, object], circles: bool) -> None:
    assert looped(replace(GOOD, **change)) is circles  # type: ignore[arg-type]


def test_a_prompt_that_left_no_words_of_speech_is_taken_away() -> None:
    empty = replace(GOOD, text="", prompt="Zuckmayer")
    assert silenced(empty)
    assert silenced(replace(empty, text="um", avg_log_prob=-1.7))
    assert not silenced(replace(empty, prompt=""))
    assert not silenced(replace(empty, no_speech_prob=0.8))
    assert not silenced(replace(empty, text="um"))


def test_a_doubted_word_is_kept_for_who_needs_no_certainty_unless_it_was_noise() -> None:
    assert plausible(replace(GOOD, text="Stop.", avg_log_prob=-1.2, no_speech_prob=0.7))
    assert not plausible(replace(GOOD, text="Stop.", avg_log_prob=-1.7))
    assert not plausible(replace(GOOD, text="Stop.", no_speech_prob=0.95))


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("", 0),
        ("a", 1),
        ("a b c", 1),
        ("a a", 2),
        ("a b a b", 2),
        ("a b a b a b c", 3),
        ("x a b c a b c", 2),
        ("a b c d a b c d a b c d", 3),
        ("a b c a d a", 1),
    ],
)
def test_repeats_counts_how_often_a_run_follows_itself(text: str, times: int) -> None:
    assert repeats(text.split()) == times


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), st.integers(1, 5))
def test_a_run_said_so_often_is_counted_at_least_so_often(run: list[str], times: int) -> None:
    assert repeats(run * times) >= times
