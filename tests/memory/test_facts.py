"""What people ask of the memory, in their words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.memory.facts import (
    CHANGED,
    FORGOTTEN,
    KEPT,
    TOLD,
    corrected,
    fact_request,
    is_own_reply,
    sentence,
    subject,
    turned,
)


def read(text: str, said: str = "") -> tuple[str, str] | None:
    request = fact_request(text, said=said)
    return None if request is None else (request.kind, request.text)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("remember that I am allergic to nuts", "I am allergic to nuts"),
        ("Please remember: I don't eat meat.", "I don't eat meat"),
        ("My daughter's birthday is the third of May (please remember)", "My daughter's birthday is the third of May"),
        ("my car is in space 214, remember that please", "my car is in space 214"),
        ("Can you remember the wifi password is bluebird?", "the wifi password is bluebird"),
        ("don't forget I hate cilantro", "I hate cilantro"),
        ("note that we pay 950 euros rent", "we pay 950 euros rent"),
        ("I want you to remember that my blood group is O negative", "my blood group is O negative"),
        ("记住我住在三楼", "我住在三楼"),
        ("请记住，我女儿的生日是五月三号。", "我女儿的生日是五月三号"),
        ("我对花生过敏，请记住", "我对花生过敏"),
        ("别忘了我对花生过敏", "我对花生过敏"),
    ],
)
def test_what_is_to_be_remembered(text: str, fact: str) -> None:
    assert read(text) == ("remember", fact)


@pytest.mark.parametrize(
    "text",
    [
        "remember to buy milk",
        "don't forget to call mum",
        "remember me",
        "remember where I parked",
        "I am allergic to nuts",
        "my daughter's birthday is the third of May",
        "forget it",
        "forget that",
        "forget the shopping list",
        "delete my alarm",
        "delete milk from my shopping list",
        "turn on the light",
        "别忘了买牛奶",
        "记得提醒我",
        "我住在三楼",
        "忘了吧",
        "",
        "?",
        "no, it's the fourth of May",
    ],
)
def test_what_asks_nothing_of_the_memory(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "what do you know about me",
        "What do you remember about me?",
        "what did I ask you to remember",
        "tell me everything you know about me",
        "你都知道我什么",
        "关于我你知道什么",
        "我让你记住了什么",
    ],
)
def test_all_is_listed(text: str) -> None:
    assert read(text) == ("list", "")


@pytest.mark.parametrize(
    "text",
    ["forget everything you know about me", "delete everything about me", "忘掉关于我的一切", "把我的所有信息都删掉"],
)
def test_all_is_forgotten(text: str) -> None:
    assert read(text) == ("forget_all", "")


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("forget that I am allergic to nuts", "I am allergic to nuts"),
        ("please forget my daughter's birthday", "my daughter's birthday"),
        ("remove my shoe size from your memory", "my shoe size"),
        ("忘掉我住在三楼", "我住在三楼"),
        ("把我住在三楼忘掉", "我住在三楼"),
    ],
)
def test_one_is_forgotten(text: str, fact: str) -> None:
    assert read(text) == ("forget", fact)


@pytest.mark.parametrize("text", ["when is my daughter's birthday?", "do you remember my shoe size", "我住在几楼？"])
def test_questions(text: str) -> None:
    assert read(text) == ("recall", text.rstrip("?？"))


@pytest.mark.parametrize(
    ("fact", "words", "now"),
    [
        ("my daughter's birthday is the third of May", "no, it's the fourth of May", "the fourth of May"),
        ("my daughter's birthday is the third of May", "No, the fourth.", "the fourth of May"),
        ("I live on the third floor", "sorry, I mean the fourth", "the fourth floor"),
        ("I live on the third floor", "no, on the second floor", "on the second floor"),
        ("我女儿的生日是五月三号", "不对，是五月四号", "我女儿的生日是五月四号"),
        ("我住在三楼", "不是，是四楼", "我住在四楼"),
    ],
)
def test_a_correction_follows_a_reply_of_the_memory(fact: str, words: str, now: str) -> None:
    language = "zh" if now.startswith("我") else "en"
    said = sentence(KEPT, fact, language)
    request = fact_request(words, said=said)
    assert request is not None
    assert request.kind == "correct"
    assert corrected(fact, request.text).endswith(now)
    assert fact_request(words, said="It is three o'clock.") is None


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ("I am allergic to nuts", "you are allergic to nuts"),
        ("my wife's name is Elena", "your wife's name is Elena"),
        ("I'm vegetarian and my son isn't", "you're vegetarian and your son isn't"),
        ("we pay 950 euros", "you pay 950 euros"),
        ("I was born in Kraków", "you were born in Kraków"),
        ("我女儿的生日是五月三号", "你女儿的生日是五月三号"),
        ("我们住在三楼", "你们住在三楼"),
    ],
)
def test_a_fact_is_said_back_to_the_person(fact: str, said: str) -> None:
    assert turned(fact) == said


def test_what_can_have_one_value_only() -> None:
    assert subject("My daughter's birthday is the third of May") == subject("my daughter's birthday is in June")
    assert subject("I live in Hamburg") == subject("I live on the third floor")
    assert subject("我住在三楼") == subject("我住在杭州")
    assert subject("I am allergic to nuts") == subject("I like jazz") == subject("我是医生") == ""


@pytest.mark.parametrize("pair", [KEPT, CHANGED, TOLD])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_own_replies_are_known(pair: tuple[str, str], language: str) -> None:
    assert is_own_reply(sentence(pair, "I like jazz", language))
    assert not is_own_reply(sentence(FORGOTTEN, "I like jazz", language))


@given(st.text(max_size=700))
def test_any_text_is_read(text: str) -> None:
    request = fact_request(text, said=text)
    if request is not None:
        assert len(request.text) <= 600
    turned(text)
    corrected(text, subject(text))
