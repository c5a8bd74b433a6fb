"""Kinds of records as the owner names them, and rows as others write them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.errors import ConfigError
from voice.memory.records import RecordKind, RowError, kinds_of, read_amount, read_day, read_row, states

ORDERS: dict[str, Any] = {
    "day": "date",
    "item": "product",
    "quantity": "qty",
    "price": "each",
    "state": "status",
    "number": "no",
}
KIND = kinds_of(json.dumps({"orders": ORDERS}))["orders"]
ROW = {"date": "2026-11-23", "product": "coffee", "qty": "2", "each": "3.20", "status": "shipped", "no": "1041"}


def test_a_kind_has_the_columns_that_its_owner_names() -> None:
    visits = kinds_of('{"visits": {"day": "when", "item": "doctor", "words": ["appointment", "看病"]}}')["visits"]
    assert visits == RecordKind("visits", {"day": "when", "item": "doctor"}, ("appointment", "看病"))
    assert visits.one == "visit"
    assert kinds_of("") == {}


@pytest.mark.parametrize(
    ("told", "what"),
    [
        ("{", "not JSON"),
        ("[]", "not a table"),
        ('{"orders": 1}', "not a table"),
        ('{"Orders; DROP": {}}', "a name that cannot be used"),
        ('{"orders": {"day": "a"}}', "no columns for a day and an item"),
        ('{"orders": {"day": "a", "item": "b", "colour": "c"}}', "unknown setting"),
        ('{"orders": {"day": "a", "item": 3}}', "not text"),
        ('{"orders": {"day": "a", "item": "b", "words": "x"}}', "not a list of texts"),
    ],
)
def test_a_kind_that_cannot_be_used_is_one_line(told: str, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        kinds_of(told)


def test_a_row_is_read_by_its_columns() -> None:
    row = read_row(KIND, ROW)
    assert (row.day, row.number, row.item, row.quantity, row.amount, row.state) == (
        date(2026, 11, 23), "1041", "coffee", 2.0, 64_000, "shipped",
    )  # fmt: skip
    assert read_row(KIND, ROW | {"status": "delivered", "qty": 3}).key == row.key
    assert read_row(KIND, ROW | {"product": "bread"}).key != row.key
    assert read_row(KIND, ROW | {"qty": None, "each": ""}).amount is None


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"product": "  "}, "product is empty"),
        ({"date": "2026-13-40"}, "'2026-13-40' is no day"),
        ({"date": "11/12/2026"}, "is no day"),
        ({"qty": "two"}, "qty: 'two' is no number"),
        ({"each": "1e99"}, "is no number"),
        ({"each": "9" * 20}, "is no number"),
        ({"product": "x" * 201}, "more than 200 characters"),
        ({"product": ["x"]}, "neither text nor a number"),
        ({"product": True}, "neither text nor a number"),
        ({"product": "half \ud800"}, "characters that are no text"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(RowError, match=why):
        read_row(KIND, ROW | wrong)


@pytest.mark.parametrize(
    "text", ["2026-11-05", "2026-11-05T12:00:00Z", "2026/11/5", "20261105", "5.11.2026", "2026年11月5日"]
)
def test_days_in_every_usual_form(text: str) -> None:
    assert read_day(text) == date(2026, 11, 5)


@pytest.mark.parametrize(
    ("text", "value"),
    [("3.50", "3.5"), ("€ 3,50", "3.5"), ("3,50 €", "3.5"), ("1,234.50", "1234.5"), ("1.234,50", "1234.5"),
     ("1,234", "1234"), ("12元", "12"), ("¥12", "12"), ("-3", "-3"), ("$-3.10", "-3.1"), ("x", None),
     ("", None), ("1.2.3", None)],
)  # fmt: skip
def test_amounts_in_every_usual_form(text: str, value: str | None) -> None:
    assert read_amount(text) == (None if value is None else Decimal(value))


def test_states_have_classes_in_both_languages() -> None:
    assert states("Delivered") == states("已签收") == {"delivered"}
    assert states("returned") == states("已退款") == {"returned"}
    assert states("Cancelled by customer") == states("已取消") == {"cancelled"}
    assert states("未送达") == states("in transit") == states("") == {"open"}


@given(
    st.dictionaries(st.sampled_from([*ORDERS.values()]), st.one_of(st.text(), st.integers(), st.floats(), st.none()))
)
def test_any_row_is_read_or_refused(told: dict[str, Any]) -> None:
    try:
        row = read_row(KIND, told)
    except RowError as error:
        assert "\n" not in str(error)
    else:
        assert row.item
