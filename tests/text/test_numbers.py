"""Numbers as they are said become values and back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.text.numbers import digits_in_progress, han_number, in_digits, plain_number, say_number


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("twelve times seven", "12 times 7"),
        ("twenty one point five plus a hundred and five", "21.5 plus 105"),
        ("three hundred eighty four thousand four hundred", "384400"),
        ("five five five one two", "5 5 5 1 2"),
        ("two and three", "2 and 3"),
        ("one hundred and twenty-five percent", "125 percent"),
        ("fifteen hundred", "1500"),
        ("5 point 5", "5.5"),
        ("2 million", "2000000"),
        ("a man", "a man"),
        ("for point five hours", "for 0.5 hours"),
        ("the point is five", "the point is 5"),
        ("at 9:05 or 7.30", "at 9:05 or 7.30"),
        ("0:00:01, please", "0:00:01, please"),
    ],
)
def test_in_digits(said: str, digits: str) -> None:
    assert in_digits(said) == digits


@pytest.mark.parametrize(
    ("said", "value"),
    [("十二", 12), ("一百零五", 105), ("两万三千", 23000), ("一万五", 15000), ("三百二", 320), ("一千零一", 1001),
     ("3.5", 3.5), ("3万", 30000), ("二零二六", 2026), ("一点五", 1.5), ("十", 10), ("一亿", 10**8),
     ("负五", -5), ("一亿五千万", 150_000_000), ("三万亿", 3e12), ("苹果", None), ("十点果", None)],
)  # fmt: skip
def test_han_number(said: str, value: float | None) -> None:
    assert han_number(said) == value


@pytest.mark.parametrize(
    ("value", "said"),
    [(84.0, "84"), (1 / 3, "0.3333"), (384400.0, "384,400"), (-0.0, "0"), (12.346, "12.35"), (1e20, "1e+20")],
)
def test_say_number(value: float, said: str) -> None:
    assert say_number(value) == said


@pytest.mark.parametrize(
    ("said", "more"),
    [
        ("my number is five five five one", True),
        ("555 12", True),
        ("my code is 12", True),
        ("我的电话是一三八", True),
        ("five five five one two three four", False),
        ("set a timer for five", False),
        ("一三八一二三四五六七八", False),
        ("hello", False),
    ],
)
def test_digits_in_progress(said: str, more: bool) -> None:
    assert digits_in_progress(said) is more


def test_digits_beyond_any_number_stay_text() -> None:
    assert in_digits("9" * 5000) == "9" * 5000


@settings(deadline=None)
@given(st.integers(0, 10**9))
def test_digits_stay(value: int) -> None:
    assert in_digits(plain_number(float(value))) == str(value)
