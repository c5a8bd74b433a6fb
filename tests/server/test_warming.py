"""When warm-ups are due: once before each peak, through days, changes of the clock and summer time."""

from __future__ import annotations

from datetime import datetime, time
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.errors import ConfigError
from voice.server.prompt_warmup import Schedule, peaks, prompts, spread

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def schedule(*times: str, lead_s: float = 300.0) -> Schedule:
    return Schedule(
        peaks(",".join(times)),
        lead_s,
        wall=lambda seconds: datetime.fromtimestamp(seconds, BERLIN).replace(tzinfo=None),
        instant=lambda wall: wall.replace(tzinfo=BERLIN).timestamp(),
    )


def begun(plan: Schedule, start: str, hours: float, step_s: float = 10.0) -> list[str]:
    """Local times at which warm-ups begin when the plan is asked every few seconds."""
    found, now = [], at(start)
    until = now + hours * 3600
    while now < until:
        if plan.due(now) is not None:
            found.append(datetime.fromtimestamp(now, BERLIN).strftime("%d %H:%M"))
        now += step_s
    return found


def test_once_before_each_peak_every_day() -> None:
    plan = schedule("08:45", "12:55")
    assert begun(plan, "2026-06-01T00:00", 48) == ["01 08:40", "01 12:50", "02 08:40", "02 12:50"]


def test_a_peak_just_after_midnight_is_prepared_before_it() -> None:
    assert begun(schedule("00:02"), "2026-06-01T12:00", 24) == ["01 23:57"]


def test_peaks_whose_times_overlap_are_both_prepared_once() -> None:
    assert begun(schedule("08:45", "08:47"), "2026-06-01T08:00", 3) == ["01 08:40", "01 08:42"]


def test_spring_and_autumn_have_one_peak_a_day() -> None:
    assert begun(schedule("02:30", "09:00"), "2026-03-28T12:00", 30) == ["29 03:25", "29 08:55"]  # 02:30 does not exist
    assert begun(schedule("02:30", "09:00"), "2026-10-24T12:00", 30) == ["25 02:25", "25 08:55"]  # 02:30 comes twice


def test_a_clock_moved_back_repeats_nothing_and_moved_forward_skips_what_is_over() -> None:
    plan = schedule("08:45")
    assert plan.due(at("2026-06-01T08:41")) == 240
    assert plan.due(at("2026-06-01T07:41")) is None
    assert begun(plan, "2026-06-01T07:41", 3) == []
    assert begun(plan, "2026-06-02T08:50", 12) == []
    assert begun(plan, "2026-06-03T08:44", 1) == ["03 08:44"]


def test_a_clock_that_was_a_year_ahead_does_not_silence_it() -> None:
    plan = schedule("08:45")
    assert plan.due(at("2027-06-01T08:41")) is not None
    assert begun(plan, "2026-06-01T08:00", 2) == ["01 08:40"]


@given(st.lists(st.times(), min_size=1, max_size=4), st.integers(0, 364), st.floats(1, 7200))
def test_every_peak_of_any_day_is_prepared_exactly_once(times: list[time], day: int, lead_s: float) -> None:
    clocks = {time(one.hour, one.minute) for one in times}
    plan = schedule(*(f"{one:%H:%M}" for one in clocks), lead_s=lead_s)
    start = at("2026-01-01T00:00") + day * 86400
    instants = sorted(
        datetime.combine(datetime.fromtimestamp(start + offset * 86400, BERLIN).date(), one, BERLIN).timestamp()
        for offset in range(3)
        for one in clocks
    )
    expected = [peak for peak in instants if peak - 0.5 >= start]
    prepared: list[float] = []
    for peak in expected:
        while (left := plan.due(peak - 0.5)) is not None:
            prepared.append(peak - 0.5 + left)
    assert len(prepared) == len(set(prepared))
    assert set(expected) <= set(prepared)


@given(st.integers(0, 50), st.floats(0, 3600), st.integers())
def test_requests_are_spread_before_the_peak(count: int, within_s: float, seed: int) -> None:
    waits = spread(count, within_s, Random(seed).random)
    assert len(waits) == count
    assert waits == sorted(waits)
    assert all(0 <= wait <= within_s * 0.8 for wait in waits)


def test_prompts_are_blocks_between_lines_of_hyphens() -> None:
    text = "\nYou are a shop.\nBe brief.\n---\n\n---\nYou are a bank.\n\nStay calm.\n---\nYou are a shop.\nBe brief.\n"
    assert prompts(text) == ("You are a shop.\nBe brief.", "You are a bank.\n\nStay calm.")
    assert prompts("") == ()


@pytest.mark.parametrize("text", ["8", "25:00", "08:60", "08.45", "soon"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"serve\.warm_at"):
        peaks(f"08:45, {text}")
