"""Past days, as people name them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.memory.periods import period
from voice.text.plain_words import plain_words

TODAY = date(2026, 11, 30)
"""A Monday."""


def read(text: str, today: date = TODAY) -> tuple[str, str] | None:
    words, chinese = plain_words(text)
    found = period(words, today, chinese=chinese)
    return None if found is None else (found.first.isoformat()[5:], found.last.isoformat()[5:])


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("what did I order today", "11-30", "11-30"),
        ("yesterday's orders", "11-29", "11-29"),
        ("what did I order last week", "11-23", "11-29"),
        ("the week before last", "11-16", "11-22"),
        ("this week so far", "11-30", "11-30"),
        ("in the past seven days", "11-24", "11-30"),
        ("over the last couple of weeks", "11-17", "11-30"),
        ("last weekend", "11-28", "11-29"),
        ("this month", "11-01", "11-30"),
        ("last month", "10-01", "10-31"),
        ("in October", "10-01", "10-31"),
        ("this year", "01-01", "11-30"),
        ("three days ago", "11-27", "11-27"),
        ("on Friday", "11-27", "11-27"),
        ("on Monday", "11-23", "11-23"),
        ("last Friday", "11-27", "11-27"),
        ("since Tuesday", "11-24", "11-30"),
        ("on the fifth of November", "11-05", "11-05"),
        ("on the 5th", "11-05", "11-05"),
        ("on December 24", "12-24", "12-24"),
        ("in the past week", "11-24", "11-30"),
        ("over the last fortnight", "11-17", "11-30"),
        ("in the last 24 hours", "11-29", "11-30"),
        ("my total for the month", "11-01", "11-30"),
        ("October's bill", "10-01", "10-31"),
        ("on Tuesday of last week", "11-24", "11-24"),
        ("since last week", "11-23", "11-30"),
        ("since the start of the month", "11-01", "11-30"),
        ("from Tuesday to Thursday", "11-24", "11-26"),
        ("the 5th of last month", "10-05", "10-05"),
        ("last night", "11-29", "11-29"),
        ("今天", "11-30", "11-30"),
        ("昨日", "11-29", "11-29"),
        ("上周一共花了多少", "11-23", "11-29"),
        ("上周一", "11-23", "11-23"),
        ("近半个月", "11-16", "11-30"),
        ("月初到现在", "11-01", "11-30"),
        ("周二到周四", "11-24", "11-26"),
        ("周六周日", "11-28", "11-29"),
        ("上个月5号", "10-05", "10-05"),
        ("前天我买了什么", "11-28", "11-28"),
        ("上周我买了什么", "11-23", "11-29"),
        ("上上周", "11-16", "11-22"),
        ("这个星期", "11-30", "11-30"),
        ("最近七天", "11-24", "11-30"),
        ("一周内", "11-24", "11-30"),
        ("近两周", "11-17", "11-30"),
        ("上个周末", "11-28", "11-29"),
        ("这个月", "11-01", "11-30"),
        ("上个月", "10-01", "10-31"),
        ("十月份", "10-01", "10-31"),
        ("三天前", "11-27", "11-27"),
        ("周五", "11-27", "11-27"),
        ("从星期二到现在", "11-24", "11-30"),
        ("十一月五号", "11-05", "11-05"),
    ],
)
def test_days_that_are_past(text: str, first: str, last: str) -> None:
    assert read(text) == (first, last)


@pytest.mark.parametrize(
    "text", ["what did I order last", "my last order", "the most", "我最近一单", "第三单", "204817号订单"]
)
def test_what_names_no_day(text: str) -> None:
    assert read(text) is None


@given(st.text(max_size=60), st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_any_words_on_any_day(text: str, today: date) -> None:
    words, chinese = plain_words(text)
    found = period(words, today, chinese=chinese)
    if found is not None:
        assert found.first <= found.last
        assert 0 <= found.start < found.end <= len(words)


@given(st.sampled_from(["on Friday", "on the 31st", "last month", "last weekend", "上周五", "31号", "二月二十九号"]),
       st.dates(date(2000, 1, 1), date(2100, 1, 1)))  # fmt: skip
def test_days_without_a_year_are_past(text: str, today: date) -> None:
    words, chinese = plain_words(text)
    found = period(words, today, chinese=chinese)
    assert found is None or found.first <= today
