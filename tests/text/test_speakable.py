"""Replies become words: no marks, no emoji, symbols said in the language of the text."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.text.speakable import language_of, spoken, unmarked


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("**Hello**, *world*! See [the docs](https://a.b/c_d).", "Hello, world! See the docs."),
        ("# Title", "Title"),
        ("- [x] item __one__", "item one"),
        ("> quoted", "quoted"),
        ("1. Open it", "one, Open it"),
        ("| a | b |", "a, b"),
        ("|---|:--:|", ""),
        ("---", ""),
        ("```py\nprint(1)\n```", "The code is in the text."),
        ("```\n代码", "代码在文字里。"),
        ("snake_case `a = b` 2*3 and 2 * 3", "snake case a equals b two times three and two times three"),
        ("a\\*b", "a b"),
        ("It is 20°C & 50% of $5.50.", "It is twenty degrees Celsius and fifty percent of five dollars fifty."),
        ("5–10 km, -5 degrees, €7", "five to ten kilometers, minus five degrees, seven euros"),
        ("今天20°C，湿度50%，价格¥5。", "今天二十摄氏度，湿度百分之五十，价格五元。"),
        ("See https://www.example.com/foo_bar?x=1. Then", "See link to example.com. Then"),
        ("看https://example.com/a。好", "看example.com的链接。好"),
        ("mail joe.b@example.com now", "mail joe.b at example.com now"),
        ("Great! 😊👍🏽 1️⃣ go 👩‍👩‍👧🇩🇪", "Great! one go"),
        ("😊", ""),
        ("AT&amp;T <br>x", "AT and T x"),
        ("，你好", "你好"),
        ("x² + y²", "x squared plus y squared"),
        ("*你好*，世界", "你好，世界"),
        ("555-1234 on 2026-11-22", "five five five, one two three four on November twenty-second, twenty twenty-six"),
    ],
)
def test_spoken(reply: str, words: str) -> None:
    assert spoken(reply) == words


@pytest.mark.parametrize(
    "reply",
    ["Mr. Smith met Dr. Jones.", "J. R. R. Tolkien wrote it.", "See No. 5 and Fig. 3.",
     "At 9 a.m. and 5 p.m. on Elm St.",
     "The U.S. team of St. Louis, e.g. Prof. Lee.", "Add 8 oz. of it and 2 tbsp. more."],
)  # fmt: skip
def test_no_full_stop_but_the_last_stays_to_make_a_pause(reply: str) -> None:
    words = spoken(reply)
    assert words.endswith(".") and words.count(".") == 1


def test_rules_and_libraries_are_loaded_when_they_are_needed() -> None:
    code = (
        "import sys, voice.text.clauses, voice.text.spoken_english as en, voice.text.spoken_chinese as zh\n"
        "print(sum('search' in vars(pattern) for pattern, _ in en._COMPILED + zh._COMPILED), "
        "sorted({'wetext', 'kaldifst', 'text_to_num', 'dateparser', 'cn2an', 'quantulum3'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "0 []\n"


def test_a_note_for_the_screen_keeps_its_digits() -> None:
    assert unmarked("**20°C** costs $5 😊") == "20°C costs $5"


def test_other_languages_keep_their_symbols() -> None:
    assert spoken("5 % & mehr", language="de") == "5 % & mehr"


def test_a_mark_is_only_a_mark_where_a_line_begins() -> None:
    assert spoken("# 5 apples", line_start=False) == "five apples"
    assert spoken("1. apple", line_start=False) == "one. apple"
    assert spoken("1. apple") == "one, apple"


def test_language_of() -> None:
    assert [language_of(text) for text in ("hello", "hello 世界", "12 %")] == ["en", "zh", ""]
    assert [language_of(text) for text in ("안녕", "こんにちは", "\uf900", "\U00020000")] == ["en", "en", "zh", "zh"]


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("ab1 *_`#[]()|-\n~>\\<&%°😊好，."), max_size=60))
def test_what_is_spoken_has_no_marks_and_is_stable(reply: str) -> None:
    words = spoken(reply)
    assert not set(words) & set("*`|\\😊\n_")
    assert words == "" or any(character.isalnum() for character in words)


def test_a_placeholder_is_said_in_words() -> None:
    assert spoken("Call <PHONE:7f3a9c1e> now.", language="en") == "Call a phone number now."
    assert spoken("请打<PHONE:7f3a9c1e>。") == "请打一个电话号码。"
