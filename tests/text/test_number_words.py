"""Numbers in words read back to their value, in both languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.text.number_words import cardinal, decimal, digits, han_cardinal, han_decimal, ordinal, roman, year_in_words
from voice.text.numbers import han_number, in_digits


@given(st.integers(0, 10**15 - 1))
def test_cardinals_read_back(value: int) -> None:
    assert in_digits(cardinal(value)) == str(value)


@given(st.integers(0, 10**12))
def test_han_cardinals_read_back(value: int) -> None:
    assert han_number(han_cardinal(value)) == value


@pytest.mark.parametrize(
    ("value", "words"),
    [(1, "first"), (2, "second"), (12, "twelfth"), (20, "twentieth"), (21, "twenty-first"), (100, "one hundredth"),
     (103, "one hundred third"), (30, "thirtieth")],
)  # fmt: skip
def test_ordinals(value: int, words: str) -> None:
    assert ordinal(value) == words


@pytest.mark.parametrize(
    ("text", "words", "han"),
    [("3.14", "three point one four", "三点一四"), ("1,299.05", "one thousand two hundred ninety-nine point zero five",
      "一千二百九十九点零五"), ("007", "zero zero seven", "零零七"),
     (".5", "point five", "零点五"), ("0.5", "zero point five", "零点五"),
     ("20000", "twenty thousand", "两万"), ("10", "ten", "十"), ("110", "one hundred ten", "一百一十")],
)  # fmt: skip
def test_decimals(text: str, words: str, han: str) -> None:
    assert (decimal(text), han_decimal(text)) == (words, han)


def test_digits_one_by_one_in_their_groups() -> None:
    assert digits("(555) 0123") == "five five five, zero one two three"


@pytest.mark.parametrize(
    ("text", "value"), [("IV", 4), ("VIII", 8), ("XIV", 14), ("LVIII", 58), ("IIII", None), ("IC", None)]
)
def test_roman_numerals_in_their_one_right_form(text: str, value: int | None) -> None:
    assert roman(text) == value


@pytest.mark.parametrize(
    ("year", "words"),
    [(966, "966"), (1066, "ten sixty-six"), (1100, "eleven hundred"), (1908, "nineteen oh eight"),
     (2000, "two thousand"), (2026, "twenty twenty-six")],
)  # fmt: skip
def test_years(year: int, words: str) -> None:
    assert year_in_words(year) == words
