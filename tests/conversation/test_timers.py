"""Timers ring once, in order, and are counted."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.conversation.timers import Timers
from voice.errors import UsageError


def test_a_timer_rings_once_at_its_time() -> None:
    timers = Timers()
    timers.set(60, "tea", 10.0)
    assert timers.due() == 70.0
    assert timers.left(40.0) == [("tea", 30.0)]
    assert timers.tick(69.9) == []
    assert [timer.label for timer in timers.tick(70.0)] == ["tea"]
    assert timers.tick(1e9) == [] and timers.due() is None


def test_cancel_by_label_or_all() -> None:
    timers = Timers()
    for label in ("tea", "", "eggs"):
        timers.set(60, label, 0.0)
    assert [timer.label for timer in timers.cancel("tea")] == ["tea"]
    assert timers.cancel("tea") == []
    assert len(timers.cancel()) == 2


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
