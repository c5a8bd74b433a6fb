"""Whole turns are told from unfinished ones, with a recognizer's punctuation or without any."""

from __future__ import annotations

import pytest

from voice.turn.completeness import completeness


@pytest.mark.parametrize(
    "text",
    [
        *(
            "what time is it",
            "What time is it?",
            "The light is on.",
            "where are you",
            "stop",
            "thank you",
            "what is it for?",
        ),
        *("现在几点", "现在几点了", "今天天气怎么样", "这是什么", "好的。", "真的吗", "現在幾點了"),
    ],
)
def test_complete(text: str) -> None:
    assert completeness(text).verdict == "complete"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("i want to go to the", "trailing function word"),
        ("I want to go to the.", "trailing function word"),
        ("I like tea and", "trailing function word"),
        ("what is twelve times", "trailing function word"),
        ("set a timer for", "trailing preposition"),
        ("what is the capital of", "trailing preposition"),
        ("so i was thinking um", "filler"),
        ("uh", "filler"),
        ("Well,", "trailing comma"),
        ("I was going to…", "trailing dash"),
        ("could you", "trailing verb"),
        ("how many minutes are in", "trailing verb"),
        ("my number is five five five", "digits in progress"),
        ("my number is 555-12", "digits in progress"),
        ("the code is four", "digits in progress"),
        ("我想去北京和", "trailing function word"),
        ("帮我", "trailing function word"),
        ("那个", "filler"),
        ("你好，", "trailing comma"),
        ("号码是一三八", "digits in progress"),
    ],
)
def test_unfinished(text: str, rule: str) -> None:
    judged = completeness(text)
    assert (judged.verdict, judged.rule) == ("unfinished", rule)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "how far is the moon",
        "where are you from",
        "turn the light on",
        "call 555 1234",
        "what is fifty five",
        "我喜欢苹果",
    ],
)
def test_unknown(text: str) -> None:
    assert completeness(text).verdict == "unknown"


def test_a_command_the_responder_understands_is_complete_unless_it_trails_off() -> None:
    assert completeness("turn the light on", lambda text: True).rule == "command"
    assert completeness("turn the light on and", lambda text: True).verdict == "unfinished"
