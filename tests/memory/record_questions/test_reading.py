"""What is about records, and what is not."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.memory.record_questions.reading import about_records, record_question
from voice.memory.records import RecordKind

KIND = RecordKind("orders", {})
TODAY = date(2026, 11, 27)
THINGS, NUMBERS = ("coffee", "oat milk", "milk", "咖啡"), ("1041", "A-7")


@pytest.mark.parametrize(
    "text",
    [
        "what did I order last week",
        "where is my last order",
        "how much did we spend this month",
        "show me my orders",
        "我上周买了什么",
        "第三单到哪了",
        "我这个月花了多少钱",
    ],
)
def test_certainly_about_ones_own_records(text: str) -> None:
    assert about_records(text, [KIND])


@pytest.mark.parametrize(
    "text",
    [
        "remind me to buy milk in 5 minutes",
        "I want to order a pizza",
        "add milk to my shopping list",
        "order me a taxi",
        "can I pay you tomorrow",
        "what time is it",
        "what am I allergic to",
        "我几点吃药",
        "提醒我明天买牛奶",
        "我想买一杯咖啡",
        "现在几点",
        "我家花园里有什么",
        "",
    ],
)
def test_not_about_records(text: str) -> None:
    assert not about_records(text, [KIND])


def test_the_longest_thing_that_is_named_is_meant() -> None:
    def things(text: str) -> tuple[str, ...]:
        found = record_question(text, KIND, THINGS, NUMBERS, TODAY)
        assert found is not None
        return found.items

    assert things("how much did I spend on milk") == ("milk",)
    assert things("how much did I spend on oat milk") == ("oat milk",)
    assert things("how many coffees did I buy") == ("coffee",)
    assert things("我买了几杯咖啡") == ("咖啡",)


def test_a_number_of_the_person_is_enough() -> None:
    for text, number in (("what about 1041", "1041"), ("and a-7?", "A-7")):
        found = record_question(text, KIND, THINGS, NUMBERS, TODAY)
        assert found is not None
        assert found.number == number
    assert record_question("what about 1042", KIND, THINGS, NUMBERS, TODAY) is None


def test_other_kinds_have_their_own_words() -> None:
    visits = RecordKind("visits", {}, ("appointment", "看病"))
    found = record_question("when was my last appointment", visits, ("doctor huang",), (), TODAY)
    assert found is not None
    assert (found.asked, found.nth) == ("day", -1)
    assert about_records("when was my last appointment", [visits])
    assert not about_records("when was my last appointment", [KIND])


@given(st.text(max_size=120))
def test_any_words_are_read(text: str) -> None:
    about_records(text, [KIND])
    record_question(text, KIND, THINGS, NUMBERS, TODAY)
