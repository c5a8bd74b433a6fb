"""Timers ring once, in order, and are counted."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.errors import UsageError
from voice.llm.builtin.timer_list import Running, Timers


def test_a_timer_rings_once_at_its_time() -> None:
    timers = Timers()
    timers.set(60, "tea", 10.0)
    assert timers.due() == 70.0
    assert timers.running(40.0) == [Running("tea", 30.0, 60, 1)]
    assert timers.tick(69.9) == []
    assert [timer.label for timer in timers.tick(70.0)] == ["tea"]
    assert timers.tick(1e9) == [] and timers.due() is None


def test_cancel_by_number_or_all() -> None:
    timers = Timers()
    for label in ("tea", "", "eggs"):
        timers.set(60, label, 0.0)
    assert [timer.label for timer in timers.cancel([1])] == ["tea"]
    assert timers.cancel([1]) == []
    assert [timer.number for timer in timers.running(0.0)] == [2, 3]
    assert len(timers.cancel()) == 2


def test_a_changed_timer_keeps_its_number_and_rings_then() -> None:
    timers = Timers()
    timers.set(60, "tea", 0.0)
    timers.set(90, "", 0.0)
    changed = timers.change(1, 60.0, 10.0)
    assert changed is not None and (changed.number, changed.at, changed.seconds) == (1, 120.0, 120.0)
    assert [timer.number for timer in timers.tick(90.0)] == [2]
    assert timers.due() == 120.0
    assert timers.change(7, 1.0, 10.0) is None
    with pytest.raises(UsageError, match="above 0"):
        timers.change(1, -60.0, 60.0)


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_a_length_must_be_above_zero(seconds: float) -> None:
    with pytest.raises(UsageError, match="above 0"):
        Timers().set(seconds, "", 0.0)


def test_they_are_bounded() -> None:
    timers = Timers(limit=2)
    timers.set(1, "", 0.0)
    timers.set(1, "", 0.0)
    with pytest.raises(UsageError, match="2 timers are running already"):
        timers.set(1, "", 0.0)


@settings(deadline=None)
@given(st.lists(st.floats(0.1, 100), max_size=20), st.lists(st.floats(0, 100), max_size=10))
def test_every_timer_rings_exactly_once_and_never_early(lengths: list[float], looks: list[float]) -> None:
    timers = Timers()
    for seconds in lengths:
        timers.set(seconds, "", 0.0)
    rung = []
    for now in [*sorted(looks), 101.0]:
        for timer in timers.tick(now):
            assert timer.at <= now
            rung.append(timer.seconds)
    assert rung == sorted(lengths)
