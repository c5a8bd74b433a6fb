"""Dates are said as dates; what only looks like one is left alone."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.text.dates import dates_in_words
from voice.text.number_words import year_in_words
from voice.text.numbers import han_number, in_digits


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("On 2026-11-23: no.", "On November twenty-third, twenty twenty-six: no."),
        ("2026/1/2, 2000-02-29", "January second, twenty twenty-six, February twenty-ninth, two thousand"),
        ("23 November 2026", "the twenty-third of November, twenty twenty-six"),
        ("the 3rd of Sept. 1905", "the third of September, nineteen oh five"),
        ("on 1 May we", "on the first of May we"),
        ("Nov 23rd, 2026", "November twenty-third, twenty twenty-six"),
        ("since November 2026", "since November twenty twenty-six"),
        ("2026-13-01, 2026-02-30, 31 June", "2026-13-01, 2026-02-30, 31 June"),
        ("a-2026-11-23.pdf 2026-11-23T10:00 555-1234 1/2/3", "a-2026-11-23.pdf 2026-11-23T10:00 555-1234 1/2/3"),
        ("In June 20 people came; you may 5", "In June 20 people came; you may 5"),
    ],
)
def test_english(text: str, words: str) -> None:
    assert dates_in_words(text, "en") == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("今天是2026-11-23。", "今天是二零二六年十一月二十三日。"),
        ("2026年11月23日，10月1号", "二零二六年十一月二十三日，十月一号"),
        ("1998年，2026 年 3 月 10 日", "一九九八年，二零二六年三月十日"),
        ("2000年前，13月1日，100年", "2000年前，13月1日，100年"),
    ],
)
def test_chinese(text: str, words: str) -> None:
    assert dates_in_words(text, "zh") == words


def test_other_languages_keep_their_dates() -> None:
    assert dates_in_words("am 2026-11-23", "de") == "am 2026-11-23"


@pytest.mark.parametrize(
    ("year", "words"),
    [
        (966, "966"), (1066, "ten sixty-six"), (1100, "eleven hundred"), (1900, "nineteen hundred"),
        (1984, "nineteen eighty-four"),
        (2000, "two thousand"), (2008, "two thousand eight"), (2010, "twenty ten"), (2040, "twenty forty"),
    ],
)  # fmt: skip
def test_years(year: int, words: str) -> None:
    assert year_in_words(year) == words


@given(st.dates(date(2010, 1, 1), date(2099, 12, 31)))
def test_what_is_said_reads_back_to_the_day(day: date) -> None:
    said = dates_in_words(day.isoformat(), "en")
    assert said.startswith(day.strftime("%B"))
    assert in_digits(said.rpartition(", ")[2]) == f"{day.year // 100} {day.year % 100}"
    assert not any(character.isdecimal() for character in said)
    han = dates_in_words(day.isoformat(), "zh")
    assert han_number(han.partition("年")[0]) == day.year
    assert han_number(han.partition("年")[2].partition("月")[0]) == day.month
    assert han_number(han.partition("月")[2].removesuffix("日")) == day.day
