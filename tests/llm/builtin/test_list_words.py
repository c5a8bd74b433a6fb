"""Lists are understood without a model, in English and Chinese, and nothing else is taken for one."""

from __future__ import annotations

from datetime import datetime

import pytest

from voice.llm.builtin.list_words import list_request
from voice.llm.builtin.question import Question
from voice.llm.builtin.responder import understands


def asked(words: str) -> dict[str, object] | None:
    return list_request(Question(words, datetime(2026, 11, 30)))


@pytest.mark.parametrize(
    ("words", "action", "name", "items"),
    [
        ("Add milk to the shopping list.", "add", "shopping", ["milk"]),
        ("Please put eggs, bread and some butter on my list", "add", "shopping", ["eggs", "bread", "butter"]),
        ("add call the plumber to my to-do list", "add", "to do", ["call the plumber"]),
        ("add a tent to the summer camp list", "add", "summer camp", ["tent"]),
        ("What's on my list?", "read", "shopping", None),
        ("what is on the grocery list", "read", "shopping", None),
        ("read me my shopping list", "read", "shopping", None),
        ("take milk off the shopping list", "remove", "shopping", ["milk"]),
        ("remove the eggs from my list", "remove", "shopping", ["eggs"]),
        ("clear my shopping list", "clear", "shopping", None),
        ("把牛奶加到购物清单", "add", "shopping", ["牛奶"]),
        ("把鸡蛋、面包和黄油加到购物清单里", "add", "shopping", ["鸡蛋", "面包", "黄油"]),
        ("在购物清单上加牛奶", "add", "shopping", ["牛奶"]),
        ("我的购物清单上有什么", "read", "shopping", None),
        ("把牛奶从购物清单上删掉", "remove", "shopping", ["牛奶"]),
        ("清空购物清单", "clear", "shopping", None),
        ("把买票加到待办清单", "add", "to do", ["买票"]),
    ],
)
def test_lists(words: str, action: str, name: str, items: list[str] | None) -> None:
    expected: dict[str, object] = {"action": action, "list": name}
    assert asked(words) == (expected | {"items": items} if items else expected)


def test_the_names_of_lists() -> None:
    for words in ("what lists do I have", "我有哪些清单"):
        assert asked(words) == {"action": "names"}


@pytest.mark.parametrize(
    "words",
    ["add 2 and 3", "add two minutes to the timer", "what is a linked list", "list the planets", "what time is it",
     "put the kettle on", "remind me to write a list", "什么是列表", "今天星期几", "给我讲个故事"],
)  # fmt: skip
def test_what_is_about_no_list(words: str) -> None:
    assert asked(words) is None


def test_what_may_go_on_is_not_taken_for_whole() -> None:
    assert understands("what's on my shopping list")
    assert not understands("add milk to the shopping list")
