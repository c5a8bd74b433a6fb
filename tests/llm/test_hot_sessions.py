"""What a kept prefix is worth: by the pauses of this session and others like it, its hours, and its customer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.errors import ConfigError
from voice.llm.hot_sessions import BELIEF, BINS, DAY_S, ENDS, HotSessions, Pauses, age_bin, densities, habit, weights_of

AGES = st.floats(0.0, 10 * DAY_S)


@given(AGES, AGES)
def test_a_longer_pause_never_lies_in_an_earlier_bin(one: float, other: float) -> None:
    assert (age_bin(one) <= age_bin(other)) or one > other
    assert 0 <= age_bin(one) < BINS


def test_each_bin_begins_where_the_one_before_ends() -> None:
    assert [age_bin(end * 1.0001) for end in ENDS[:-1]] == list(range(1, BINS))


def test_before_anything_is_learned_a_silent_session_is_worth_less_and_less() -> None:
    table = densities(BELIEF)
    assert table == sorted(table, reverse=True)


@given(st.lists(st.tuples(st.floats(0.1, 2 * DAY_S), st.booleans()), max_size=40))
def test_chances_are_chances_whatever_was_learned(pauses: list[tuple[float, bool]]) -> None:
    learned = Pauses()
    for pause_s, returned in pauses:
        learned.learn(pause_s, returned=returned, keep=0.9)
    chances = learned.hazards(BELIEF, 2.0)
    assert all(0.0 <= chance <= 1.0 for chance in chances)
    assert all(worth > 0.0 for worth in densities(chances))


def test_the_own_rhythm_of_a_session_counts() -> None:
    sessions = HotSessions()
    for number in range(12):
        sessions.turn("quick", number * 60.0, number * 60.0, 1000)
    for number in range(12):
        sessions.turn("slow", number * 3600.0, number * 3600.0, 1000)
    quick_s, slow_s = 11 * 60.0, 11 * 3600.0
    # Half an hour of silence is long for one, and half of the usual pause for the other.
    half_h = 1800.0
    assert sessions.worth("quick", quick_s + half_h, 0.0) < sessions.worth("slow", slow_s + half_h, 0.0)
    assert sessions.worth("quick", quick_s + 45.0, 0.0) > sessions.worth("slow", slow_s + 45.0, 0.0)


def test_sessions_that_never_come_back_teach_that_others_like_them_do_not() -> None:
    fresh, taught = HotSessions(life_s=DAY_S), HotSessions(life_s=DAY_S)
    for number in range(50):
        taught.turn(f"once {number}", number * 1.0, 0.0, 1000)
    taught.expire(2 * DAY_S)
    assert len(taught) == 0
    for sessions in (fresh, taught):
        sessions.turn("new", 2 * DAY_S, 0.0, 1000)
    at = 2 * DAY_S + 30.0
    assert taught.worth("new", at, 0.0) < fresh.worth("new", at, 0.0) / 5


def test_a_person_of_habits_is_expected_at_the_usual_hour() -> None:
    eight = 8 * 3600.0
    visits = [eight, eight + 600.0, eight - 300.0]
    assert habit(visits, 20 * 3600.0, eight - 900.0) > habit(visits, 10 * 3600.0, eight - 10 * 3600.0) > 0.0
    assert habit([eight, 15 * 3600.0], 20 * 3600.0, eight) == 0.0, "once is no habit"
    assert habit(visits, 24 * 3600.0, eight + 600.0) >= habit(visits, 23 * 3600.0, eight - 600.0)


def test_the_coldest_is_the_one_least_worth_and_of_equals_the_longest_silent() -> None:
    sessions = HotSessions()
    for number, (key, weight) in enumerate({"first": 1.0, "second": 1.0, "dear": 3.0}.items()):
        sessions.turn(key, number * 0.1, 0.0, 1000, weight)
    assert sessions.coldest(["dear", "second", "first"], 1.0, 0.0) == "first"
    assert sessions.worth("dear", 1.0, 0.0) > 2 * sessions.worth("first", 1.0, 0.0)
    assert sessions.coldest(["dear", "unknown"], 1.0, 0.0) == "unknown"
    sessions.forget("dear")
    assert sessions.worth("dear", 1.0, 0.0) == 0.0


def test_weights_are_read_by_the_name_of_the_key() -> None:
    assert weights_of("") == {}
    assert weights_of("gold=4, trial = 0.5,") == {"gold": 4.0, "trial": 0.5}
    for wrong in ("gold", "gold=", "=3", "gold=0", "gold=-1", "gold=nan", "gold=many", "gold=1e9"):
        with pytest.raises(ConfigError, match="invalid value"):
            weights_of(wrong)
