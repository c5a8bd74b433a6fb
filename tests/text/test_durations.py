"""Lengths of time, in every way the generator knows to say them; what may be two has no value."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.llm.builtin.question import Question
from voice.llm.builtin.timer_list import Timers
from voice.llm.builtin.timers import timer
from voice.text.durations import parse_duration

SMALL = str.split(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
TENS = str.split("- - twenty thirty forty fifty sixty seventy eighty ninety")
HAN = "零一二三四五六七八九"
ENGLISH = ("set a timer for {}", "Set a timer for {}, please.", "timer {}", "start a countdown of {}",
           "I need a {} timer",
           "set a second timer for {}", "set a pasta timer for {}", "set a timer for {} for the eggs")  # fmt: skip
CHINESE = ("设一个{}的计时器", "计时{}", "请帮我定一个{}的定时器。", "倒计时{}", "第二个计时器{}")


def words(number: int, ten: str = "-") -> str:
    """A number below 100 in words, `ten` between tens and units."""
    if number < 20:
        return SMALL[number]
    return TENS[number // 10] + (f"{ten}{SMALL[number % 10]}" if number % 10 else "")


def han(number: int) -> str:
    if number < 10:
        return "两" if number == 2 else HAN[number]
    head = ("" if number < 20 else HAN[number // 10]) + "十"
    return head + (HAN[number % 10] if number % 10 else "")


def english(seconds: int) -> st.SearchStrategy[str]:
    """Every way to say a length that this knows."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    counts: list[tuple[int, str, str, str]] = [
        (hours, "hour", "hr", "h"),
        (minutes, "minute", "min", "m"),
        (left, "second", "sec", "s"),
    ]
    used = [one for one in counts if one[0]]
    ways = []
    for spell in (str, words, lambda number: words(number, " ")):
        whole = [f"{spell(count)} {name}{'s' * (count != 1)}" for count, name, _, _ in used]
        ways += [" ".join(whole), " and ".join([", ".join(whole[:-1]), whole[-1]] if whole[1:] else whole)]
    ways += [" ".join(f"{count} {short}{'s' * (count != 1)}" for count, _, short, _ in used)]
    ways += ["".join(f"{count}{letter}" for count, _, _, letter in used), f"{hours}:{minutes:02d}:{left:02d}"]
    if not left and hours and minutes > 9:
        ways += [
            f"{hours} hour{'s' * (hours != 1)} {minutes}",
            f"{words(hours)} hour{'s' * (hours != 1)} and {words(minutes)}",
        ]
    if left == 30 and minutes and not hours:
        ways += [
            f"{minutes} 1/2 minutes",
            f"{words(minutes)} and a half minutes",
            f"{minutes}½ minutes",
            f"{minutes}.5 minutes",
        ]
    if hours and rest == 1800:
        ways += [f"{words(hours)} and a half hours", f"{hours} 1/2 hours", f"{hours}½ hours", f"{hours}.5 hours",
                 f"{words(hours)} hours and a half"]  # fmt: skip
    if rest in (900, 2700) and not hours:
        quarters = "a quarter" if rest == 900 else "three quarters"
        ways += [f"{quarters} of an hour", f"{rest // 900}/4 of an hour", f"{quarters.removeprefix('a ')} of an hour"]
    if rest == 2700 and hours:
        ways += [f"{words(hours)} and three quarter hours", f"{words(hours)} hours and three quarters"]
    return st.sampled_from(ways)


def chinese(seconds: int) -> st.SearchStrategy[str]:
    """The same in Chinese."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    ways = []
    for spell in (str, han):
        parts = (
            [f"{spell(hours)}小时"] * (hours > 0)
            + [f"{spell(minutes)}分"] * (minutes > 0)
            + [f"{spell(left)}秒"] * (left > 0)
        )
        ways += ["".join(parts), "零".join(parts), "".join(parts).replace("小时", "个小时"),
                 "".join(parts).replace("分", "分钟"),
                 "".join(parts).replace("秒", "秒钟"), "".join(parts).replace("小时", "个钟头")]  # fmt: skip
        if rest == 1800 and hours:
            ways += [f"{spell(hours)}个半小时", f"{spell(hours)}小时半", f"{spell(hours)}个半钟头"]
        if left == 30 and minutes and not hours:
            ways += [f"{spell(minutes)}分半", f"{spell(minutes)}分半钟"]
    if rest % 900 == 0 and rest and not hours:
        ways += [
            f"{han(rest // 900) if rest != 1800 else '两'}刻钟",
            f"{rest // 900}/4小时",
            f"四分之{HAN[rest // 900]}小时",
        ]
    return st.sampled_from(ways)


def rings_after(said: str) -> tuple[float, str]:
    """Seconds from what is said to the ring, and the timer's name."""
    found = timer(Question(said, datetime(2026, 11, 22, 15, 5), (), ()))
    assert found is not None and len(found.effects) == 1, said
    data = found.effects[0].data
    timers = Timers()
    timers.set(float(str(data["seconds"])), str(data["label"]), 1000.0)
    due = timers.due()
    assert due is not None and timers.tick(due - 0.001) == []
    (rung,) = timers.tick(due)
    return due - 1000.0, rung.label


@settings(deadline=None, max_examples=300)
@given(
    st.data(),
    st.integers(1, 30 * 3600) | st.integers(1, 120).map(lambda quarters: 900 * quarters),
    st.sampled_from(ENGLISH),
)
def test_a_timer_rings_after_the_length_however_it_is_said(data: st.DataObject, seconds: int, frame: str) -> None:
    after, label = rings_after(frame.format(data.draw(english(seconds))))
    assert after == seconds
    assert label == ("pasta" if "pasta" in frame else "eggs" if "eggs" in frame else "")


@settings(deadline=None, max_examples=300)
@given(
    st.data(),
    st.integers(1, 30 * 3600) | st.integers(1, 120).map(lambda quarters: 900 * quarters),
    st.sampled_from(CHINESE),
)
def test_a_timer_rings_after_the_length_in_chinese_too(data: st.DataObject, seconds: int, frame: str) -> None:
    assert rings_after(frame.format(data.draw(chinese(seconds)))) == (seconds, "")


@pytest.mark.parametrize(
    "said",
    ["5 to 10 minutes", "five or ten minutes", "an hour or two", "1:30", "1/0 hours", "三五分钟", "五到十分钟",
     "几分钟", "十几分钟", "a few minutes", "soon", "", "5 minutes and then 3 minutes"],
)  # fmt: skip
def test_what_may_be_two_lengths_has_no_value(said: str) -> None:
    assert parse_duration(said) is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("five minutes, no, ten minutes", 600), ("an hour and a quarter", 4500), ("一个半小时", 5400), ("90s", 90),
     ("half an hour", 1800)],
)  # fmt: skip
def test_the_entry_for_other_callers(said: str, seconds: float) -> None:
    assert parse_duration(said) == seconds
