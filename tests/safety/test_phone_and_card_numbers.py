"""Digits as people write and say them."""

from __future__ import annotations

import pytest

from voice.safety.phone_and_card_numbers import MOST_DIGITS, RUN, pieces


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("138 0013", ["138", "0013"]),
        ("one three eight", ["1", "3", "8"]),
        ("double five oh nought", ["55", "0", "0"]),
        ("triple 7", ["777"]),
        ("幺三八", ["1", "3", "8"]),
        ("两零〇", ["2", "0", "0"]),
        ("1101 x", ["1101", "X"]),
    ],
)
def test_a_run_is_read_piece_by_piece(said: str, digits: list[str]) -> None:
    whole = RUN.fullmatch(said)
    assert whole is not None
    found, plus = pieces(said, 0, len(said))
    assert [piece.digits for piece in found] == digits
    assert found[-1].end == len(said)
    assert not plus


@pytest.mark.parametrize("said", ["+86 138", "(+86) 138", "plus eight six", "加八六"])
def test_a_plus_is_heard_before_the_digits_only(said: str) -> None:
    assert pieces(said, 0, len(said))[1]
    assert not pieces("8 +6", 0, 4)[1]


def test_no_more_is_read_than_one_number_can_have() -> None:
    found, _ = pieces("12345 " * 40, 0, 240)
    assert MOST_DIGITS < sum(len(piece.digits) for piece in found) <= MOST_DIGITS + 5
