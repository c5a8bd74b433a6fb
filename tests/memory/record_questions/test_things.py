"""Things and people that a question names."""

from __future__ import annotations

import pytest

from voice.memory.record_questions.things import named, nearly_named, other_person

KNOWN = ("milk", "oat milk", "dark chocolate", "咖啡", "黑巧克力")


@pytest.mark.parametrize(
    ("plain", "text", "items"),
    [
        ("how much milk did i buy", "how much THING did i buy", ("milk",)),
        ("the oat milks and the milk", "the THING and the THING", ("milk", "oat milk")),
        ("我买了几杯咖啡", "我买了几杯THING", ("咖啡",)),
        ("what did i order", "what did i order", ()),
    ],
)
def test_things_that_are_named_whole(plain: str, text: str, items: tuple[str, ...]) -> None:
    found = named(plain, KNOWN)
    assert (found.text, found.items) == (text, items)


@pytest.mark.parametrize(
    ("text", "chinese", "items", "missing"),
    [
        ("when did i last buy chocolate", False, ("dark chocolate",), ""),
        ("when did i last buy a submarine", False, (), "submarine"),
        ("how much did i spend on soy milk", False, (), "soy milk"),
        ("how much did i spend overall", False, (), ""),
        ("我买过巧克力", True, ("黑巧克力",), ""),
        ("我买过潜水艇", True, (), "潜水艇"),
        ("我前前后后买过几次", True, (), ""),
    ],
)
def test_things_of_which_a_part_is_named_and_others(
    text: str, chinese: bool, items: tuple[str, ...], missing: str
) -> None:
    found, other = nearly_named(text, KNOWN, chinese=chinese)
    assert (found.items, other) == (items, missing)


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("what did tom order", False),
        ("what has mister lee been ordering", False),
        ("how much did my wife spend", False),
        ("show me anna's KINDS", False),
        ("are her parcels here", False),
        ("the KINDS of tom", False),
        ("小张上周买了什么", True),
        ("给我看看王芳的订单", True),
        ("我老婆的快递到哪了", True),
    ],
)
def test_other_people(text: str, chinese: bool) -> None:
    assert other_person(text, KNOWN, chinese=chinese)


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("what did i order", False),
        ("has the KIND arrived", False),
        ("did my KIND ship", False),
        ("the price of my KINDS", False),
        ("are my KINDS on their way", False),
        ("我给我妈买了什么", True),
        ("我老婆问我花了多少", True),
        ("金额最大的订单是哪个", True),
        ("钱都花了多少", True),
    ],
)
def test_oneself(text: str, chinese: bool) -> None:
    assert not other_person(text, KNOWN, chinese=chinese)
