"""Moments: the next time it is that time, across midnight, months and changes of the clocks."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.llm.builtin.moment import parse_moment, say_moment, seconds_until
from voice.llm.builtin.question import Question
from voice.llm.builtin.timers import timer

NOW = datetime(2026, 11, 22, 15, 5)  # a Sunday
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("noon", "2026-11-23T12:00"),
        ("midnight", "2026-11-23T00:00"),
        ("quarter to seven", "2026-11-22T18:45"),
        ("half past three", "2026-11-22T15:30"),
        ("at 3", "2026-11-23T03:00"),
        ("tomorrow at 8", "2026-11-23T08:00"),
        ("tomorrow at 3", "2026-11-23T15:00"),
        ("friday at 9 am", "2026-11-27T09:00"),
        ("12:30 am", "2026-11-23T00:30"),
        ("quarter to midnight", "2026-11-22T23:45"),
        ("quarter to noon", "2026-11-23T11:45"),
        ("ten to one in the afternoon", "2026-11-23T12:50"),
        ("at 18:00", "2026-11-22T18:00"),
        ("december 31st at 11 pm", "2026-12-31T23:00"),
        ("明早七点半", "2026-11-23T07:30"),
        ("下午三点零五分", "2026-11-23T15:05"),
        ("今晚八点", "2026-11-22T20:00"),
        ("晚上一点", "2026-11-23T01:00"),
        ("下周三上午十点", "2026-11-25T10:00"),
        ("中午十二点半", "2026-11-23T12:30"),
        ("tomorrow", None),
        ("in a while", None),
        ("at 25:00", None),
        ("today at 8 am", None),
    ],
)
def test_parse_moment(said: str, at: str | None) -> None:
    found = parse_moment(said, NOW)
    assert (None if found is None else found.isoformat(timespec="minutes")) == at


def test_the_night_the_clocks_go_forward_is_an_hour_shorter() -> None:
    evening = datetime(2026, 3, 7, 22, 0, tzinfo=NEW_YORK)
    morning = parse_moment("seven am", evening)
    assert morning == datetime(2026, 3, 8, 7, 0, tzinfo=NEW_YORK)
    assert morning is not None and seconds_until(morning, evening) == 8 * 3600
    skipped = parse_moment("2:30 am", evening)
    assert skipped is not None and seconds_until(skipped, evening) == 4.5 * 3600  # rings at 3:30, when 2:30 would be


def test_the_night_the_clocks_go_back_is_an_hour_longer_and_a_time_that_comes_twice_is_the_next() -> None:
    evening = datetime(2026, 10, 31, 22, 0, tzinfo=NEW_YORK)
    morning = parse_moment("seven am", evening)
    assert morning is not None and seconds_until(morning, evening) == 10 * 3600
    between = datetime(2026, 11, 1, 1, 45, tzinfo=NEW_YORK)
    assert seconds_until(datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK), between) == 45 * 60


def test_an_alarm_rings_after_real_seconds() -> None:
    found = timer(Question("wake me at seven", datetime(2026, 3, 7, 22, 0, tzinfo=NEW_YORK), (), ()))
    assert found is not None and found.effects[0].data["seconds"] == 8 * 3600
    assert found.text == "Alarm set for 7 AM tomorrow."


@settings(deadline=None)
@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)), st.integers(0, 23), st.integers(0, 59))
def test_a_time_of_day_is_the_next_one(now: datetime, hour: int, minute: int) -> None:
    found = parse_moment(f"at {hour}:{minute:02d} {'' if hour > 12 or hour == 0 else 'am' if hour < 12 else 'pm'}", now)
    assert found is not None and (found.hour, found.minute) == (hour, minute)
    assert timedelta(0) < found - now <= timedelta(days=1)


@settings(deadline=None)
@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)), st.timedeltas(timedelta(minutes=1), timedelta(hours=23))
)
def test_what_is_said_of_a_moment_reads_back_to_it(now: datetime, ahead: timedelta) -> None:
    at = (now + ahead).replace(second=0, microsecond=0)
    if at > now:
        for language in ("en", "zh"):
            assert parse_moment(say_moment(at, now, language), now) == at


def test_a_day_without_a_time_is_asked_for_its_time() -> None:
    asked = timer(Question("remind me tomorrow to call mum", NOW, (), ()))
    assert asked is not None and not asked.whole and not asked.effects
