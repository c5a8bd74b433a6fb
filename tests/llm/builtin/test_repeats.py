"""Repeated alarms, snooze, and another time of day: by the responder and by the tool alike."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.llm.builtin.question import Answer, Question
from voice.llm.builtin.repeats import DAILY, WEEKEND, WORKING, Days, Repeat, find_repeat
from voice.llm.builtin.responder import answer
from voice.llm.builtin.timer_list import Running
from voice.text.plain_words import plain_words
from voice.tools.interface import Context
from voice.tools.timers import TimersTool

NOW = datetime(2026, 11, 30, 15, 5)  # a Monday
WEEKDAYS_AT_SEVEN = Running("", 57300.0, 57300.0, 2, "alarm", Repeat(WORKING, 7, 0))
RUNNING = [Running("tea", 300.0, 300.0, 1), WEEKDAYS_AT_SEVEN, Running("call mum", 7200.0, 7200.0, 3, "reminder")]
RUNG = Running("pasta", -5.0, 300.0, 4)


def asked(words: str, timers: list[Running]) -> Answer:
    found = answer(Question(words, NOW, (), timers))
    assert found is not None, words
    return found


@pytest.mark.parametrize(
    ("words", "days", "at"),
    [
        ("wake me every weekday at seven", WORKING, "07:00"),
        ("set an alarm for every day at 7 am", DAILY, "07:00"),
        ("set an alarm at 6:30 every Monday and Thursday", (0, 3), "06:30"),
        ("set an alarm every morning at 8", DAILY, "08:00"),
        ("remind me every evening at 9 to take my pills", DAILY, "21:00"),
        ("remind me on Mondays at 8 am to put the bins out", (0,), "08:00"),
        ("wake me up at half past nine on weekends", WEEKEND, "09:30"),
        ("set a daily alarm for 7:15", DAILY, "07:15"),
        ("每天早上七点叫我起床", DAILY, "07:00"),
        ("每周一和周三晚上八点提醒我倒垃圾", (0, 2), "20:00"),
        ("每周一到周五七点叫我起床", WORKING, "07:00"),
        ("设一个工作日七点的闹钟", WORKING, "07:00"),
        ("每个周末九点叫我起床", WEEKEND, "09:00"),
    ],
)
def test_days_of_the_week(words: str, days: Days, at: str) -> None:
    (effect,) = asked(words, []).effects
    assert effect.kind == "timer.set"
    assert effect.data["repeat"] == {"days": list(days), "at": at}


@pytest.mark.parametrize(
    "words", ["remind me every 20 minutes to drink", "set a weekly alarm at 7", "每半小时提醒我喝水"]
)
def test_what_cannot_repeat_says_so(words: str) -> None:
    found = asked(words, [])
    assert not found.effects and ("days of the week" in found.text or "按天" in found.text)


@given(st.sets(st.integers(0, 6), min_size=1), st.integers(0, 23), st.integers(0, 59), st.datetimes(
    datetime(2026, 1, 1), datetime(2027, 1, 1)
))  # fmt: skip
def test_the_next_time_is_the_first_that_fits(days: set[int], hour: int, minute: int, now: datetime) -> None:
    repeat = Repeat(tuple(sorted(days)), hour, minute)
    after = repeat.after(now)
    assert after > now and after.weekday() in days and (after.hour, after.minute) == (hour, minute)
    assert (after - now).days <= 7
    assert Repeat.read(repeat.to_data()) == repeat


@pytest.mark.parametrize(
    "data", [{}, [], "daily", {"days": [7], "at": "07:00"}, {"days": [], "at": "07:00"}, {"days": [1], "at": "25:00"}]
)
def test_a_repetition_that_is_none_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="repetition"):
        Repeat.read(data)


def test_words_without_days_are_left_alone() -> None:
    for words in ("set an alarm for 7", "every now and then", "on monday at 8", "每次", "周一八点"):
        plain, chinese = plain_words(words)
        assert find_repeat(plain, chinese=chinese) is None


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("snooze", 600), ("snooze for five minutes", 300), ("ten more minutes", 600), ("ten more minutes please", 600),
        ("give me 5 more minutes", 300), ("wake me again in 10 minutes", 600), ("再睡十分钟", 600), ("贪睡", 600),
        ("十分钟后再叫我", 600), ("五分钟后再提醒我", 300),
    ],
)  # fmt: skip
def test_what_rang_is_snoozed(words: str, seconds: float) -> None:
    (effect,) = asked(words, [*RUNNING, RUNG]).effects
    assert (effect.kind, effect.data) == ("timer.snooze", {"seconds": seconds})


def test_where_nothing_rang_snooze_says_so_and_more_minutes_go_to_the_only_timer() -> None:
    assert asked("snooze", RUNNING).text == "Nothing has rung just now."
    (effect,) = asked("ten more minutes", RUNNING[:1]).effects
    assert (effect.kind, effect.data) == ("timer.change", {"number": 1, "by": 600.0})


@pytest.mark.parametrize(
    ("words", "number", "by"),
    [
        ("change my alarm to 7:30", 2, 1800.0),
        ("move the weekday alarm to 6:45 am", 2, -900.0),
        ("把闹钟改到七点半", 2, 1800.0),
        ("change the reminder to 6 pm", 3, 3300.0),
    ],
)
def test_another_time_of_day(words: str, number: int, by: float) -> None:
    (effect,) = asked(words, RUNNING).effects
    assert (effect.kind, effect.data["number"], effect.data["by"]) == ("timer.change", number, by)
    assert ("repeat" in effect.data) is (number == 2)


def test_a_repeated_alarm_is_chosen_by_its_days() -> None:
    for words in ("cancel the weekday alarm", "cancel my alarm every weekday", "取消每个工作日的闹钟"):
        (effect,) = asked(words, [*RUNNING, Running("", 60.0, 60.0, 5, "alarm")]).effects
        assert effect.data == {"numbers": [2]}
    assert not asked("cancel the weekend alarm", RUNNING).effects


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"action": "set", "when": "5 minutes", "label": "tea"}, "set a timer for 5 minutes called tea"),
        ({"action": "set", "kind": "alarm", "when": "7 am", "every": "weekday"}, "set an alarm for 7 am every weekday"),
        ({"action": "change", "label": "tea", "when": "10 minutes"}, "change the tea timer to 10 minutes"),
        ({"action": "change", "kind": "alarm", "when": "7:30"}, "change the alarm to 7:30"),
        ({"action": "add", "label": "tea", "when": "2 minutes"}, "add 2 minutes to the tea timer"),
        ({"action": "cancel", "label": "tea"}, "cancel the tea timer"),
        ({"action": "snooze", "when": "5 minutes"}, "snooze for 5 minutes"),
    ],
)
def test_the_tool_does_what_the_responder_does(arguments: dict[str, str], words: str) -> None:
    tool = TimersTool(lambda: [*RUNNING, RUNG])
    result = asyncio.run(tool.call(arguments, Context(NOW)))
    own = asked(words, [*RUNNING, RUNG])
    assert (result.text, result.effects) == (own.text, own.effects)
