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


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("which products did I take last week", "list"),
        ("my expenses for this month", "spent"),
        ("how much coffee did I buy", "quantity"),
        ("how many orders had coffee in them", "count"),
        ("what did coffee cost me so far", "spent"),
        ("how much did the coffee cost", "price"),
        ("how much did I pay for coffee", "paid"),
        ("has my coffee been sent off", "state"),
        ("what has become of order 1041", "state"),
        ("when did I last buy coffee", "when"),
        ("when can I expect my coffee", "state"),
        ("which of the things I ordered was the priciest", "dearest_thing"),
        ("which of my orders was the priciest", "dearest"),
        ("what do I spend the most on", "most_money"),
        ("on which day did I spend the most", "dearest_day"),
        ("tell me whether I bought coffee last week", "did"),
        ("which order was the coffee in", "number"),
        ("我订的咖啡在路上了吗", "state"),
        ("咖啡买了多少", "quantity"),
        ("多久买一次咖啡", "times"),
        ("买咖啡的那单编号是多少", "number"),
        ("花钱最多的是哪一单", "dearest"),
        ("我买过的哪样东西最贵", "dearest_thing"),
        ("我以前买过咖啡没", "did"),
    ],
)
def test_what_is_asked(text: str, asked: str) -> None:
    found = record_question(text, KIND, THINGS, NUMBERS, TODAY)
    assert found is not None
    assert found.asked == asked


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("what hasn't arrived yet", {"open"}),
        ("which of my orders are still outstanding", {"open"}),
        ("has everything been delivered", {"open"}),
        ("what did I send back", {"returned"}),
        ("did any of my orders get cancelled", {"cancelled"}),
        ("哪些包裹还在路上", {"open"}),
        ("我退了哪些东西", {"returned"}),
        ("有没有取消的订单", {"cancelled"}),
    ],
)
def test_records_of_a_state(text: str, states: set[str]) -> None:
    found = record_question(text, KIND, THINGS, NUMBERS, TODAY)
    assert found is not None
    assert found.asked == "list"
    assert set(found.states) == states


@pytest.mark.parametrize(
    ("text", "asked", "nth"),
    [
        ("what did I order last", "items", -1),
        ("how much was my last order", "cost", -1),
        ("what was in the order before last", "items", -2),
        ("where is my third order", "state", 3),
        ("刚下的那单是什么", "items", -1),
        ("上次花了多少钱", "cost", -1),
    ],
)
def test_one_record_by_its_place(text: str, asked: str, nth: int) -> None:
    found = record_question(text, KIND, THINGS, NUMBERS, TODAY)
    assert found is not None
    assert (found.asked, found.nth) == (asked, nth)


@pytest.mark.parametrize(
    "text",
    [
        "how do I cook the coffee",
        "is oat milk good for me",
        "what goes well with coffee",
        "set a timer for ten minutes",
        "add oat milk to my shopping list",
        "has the bus arrived",
        "did I get any messages yesterday",
        "what did I eat last week",
        "did I cancel my dentist appointment",
        "how do I return to the start",
        "who bought Twitter",
        "咖啡对身体好吗",
        "咖啡是谁发明的",
        "附近哪里能买到咖啡",
        "放点音乐",
        "我上周吃了什么",
        "两点钟叫我",
        "简单一点",
    ],
)
def test_things_alone_make_no_question_about_records(text: str) -> None:
    assert record_question(text, KIND, THINGS, NUMBERS, TODAY) is None
