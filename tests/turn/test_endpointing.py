"""How much silence ends a turn: by the words, by the person, within bounds; and it says why."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.turn.completeness import Verdict, completeness
from voice.turn.endpointing import WAITS, Endpointer, EndpointRule, Sounds


def endpointer(*, adaptive: bool = True) -> Endpointer:
    return Endpointer(silence_s=0.5, min_s=0.25, max_s=1.2, adaptive=adaptive, judge=completeness)


def test_fixed_is_always_the_same() -> None:
    fixed = endpointer(adaptive=False)
    fixed.spoke_on_after(1.0)
    assert fixed.rule("what time is it") == fixed.rule("and") == EndpointRule(0.5, "fixed")


@pytest.mark.parametrize(
    ("words", "silence_s", "why"),
    [
        ("what time is it?", 0.25, "complete"),
        ("set a timer for", 1.2, "unfinished"),
        ("well um", 1.2, "unfinished"),
        ("", 0.5, "default"),
        ("blue", 0.5, "default"),
    ],
)
def test_the_words_decide_and_the_rule_says_so(words: str, silence_s: float, why: str) -> None:
    rule = endpointer().rule(words)
    assert rule.silence_s == pytest.approx(silence_s)
    assert rule.why.startswith(why)


@pytest.mark.parametrize(
    ("words", "complete", "silence_s", "why"),
    [
        ("blue", 0.93, 0.25, "complete: model 0.93"),
        ("blue", 0.12, 1.2, "unfinished: model 0.12"),
        ("", 0.93, 0.25, "complete: model 0.93"),
        ("Blue", 0.93, 0.5, "default: no closing mark, model 0.93"),
        ("Blue.", 0.93, 0.25, "complete: model 0.93"),
        ("Blue.", None, 0.5, "default"),
        ("what time is it?", 0.93, 0.25, "complete: question, model 0.93"),
        ("what time is it?", 0.12, 0.5, "default: question, model 0.12"),
        ("set a timer for", 0.93, 1.2, "unfinished: trailing preposition, model 0.93"),
    ],
)
def test_words_and_sound_are_weighed_in_one_decision_that_names_both(
    words: str, complete: float | None, silence_s: float, why: str
) -> None:
    rule = endpointer().rule(words, complete)
    assert rule.silence_s == pytest.approx(silence_s)
    assert rule.why == why


def test_every_pair_of_signs_has_its_wait() -> None:
    assert set(WAITS) == set(product(get_args(Verdict), get_args(Sounds)))


def test_words_older_than_the_pause_make_it_longer_but_never_shorter() -> None:
    assert endpointer().rule("what time is it", final=False).silence_s == 0.5
    assert endpointer().rule("what time is it", 0.93, final=False).silence_s == 0.5
    assert endpointer().rule("set a timer for", final=False).silence_s == 1.2


@given(
    st.sampled_from(["what time is it", "how many people", "Set a timer for", "stop", "blue", "现在几点", "我想"]),
    st.sampled_from(list(".?!。？")),
    st.none() | st.floats(0, 1),
)
def test_a_mark_after_a_partial_changes_nothing(words: str, mark: str, complete: float | None) -> None:
    person = endpointer()
    assert person.rule(words + mark, complete, final=False) == person.rule(words, complete, final=False)


def test_fixed_asks_no_turn_model() -> None:
    assert endpointer(adaptive=False).rule("blue", 0.1) == EndpointRule(0.5, "fixed")


def test_a_person_who_pauses_long_is_waited_for_longer() -> None:
    slow = endpointer()
    for _ in range(8):
        slow.spoke_on_after(0.6)
    assert slow.rule("blue").why == "own pauses"
    assert slow.rule("blue").silence_s > endpointer().rule("blue").silence_s


def test_one_long_pause_moves_the_average_only_a_little() -> None:
    person = endpointer()
    for _ in range(16):
        person.spoke_on_after(0.2)
    person.spoke_on_after(1.0)
    assert person.usual_pause_s == pytest.approx(0.4, abs=0.02)


def test_the_short_dips_within_speech_teach_nothing() -> None:
    person = endpointer()
    for _ in range(8):
        person.spoke_on_after(0.12)
    assert person.usual_pause_s == endpointer().usual_pause_s


def test_old_hesitations_are_forgotten_turn_by_turn() -> None:
    person = endpointer()
    person.spoke_on_after(1.2)
    assert person.rule("blue").why == "own pauses"
    for _ in range(16):
        person.ended()
    assert person.rule("blue").silence_s == pytest.approx(0.5, abs=0.01)


def test_a_pause_after_unfinished_words_makes_no_other_wait_longer() -> None:
    person = endpointer()
    for _ in range(8):
        person.spoke_on_after(0.9, "set a timer for")
        person.spoke_on_after(0.9, "blue", 0.1)
    assert person.rule("blue") == EndpointRule(0.5, "default")


@given(
    st.lists(st.floats(0, 5), max_size=20),
    st.sampled_from(["", "blue", "what time is it?", "and", "um"]),
    st.none() | st.floats(0, 1),
)
def test_the_silence_stays_within_its_bounds(pauses: list[float], words: str, complete: float | None) -> None:
    person = endpointer()
    for pause in pauses:
        person.spoke_on_after(pause)
    assert 0.25 <= person.rule(words, complete).silence_s <= 1.2
