from __future__ import annotations

import pytest

from voice.asr.chinese import prompt, written

MIXED = "后来我們去臺灣，頭髮很乾淨。"


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("", "后来我们去台湾，头发很干净。"),
        ("zh", "后来我们去台湾，头发很干净。"),
        ("zh-CN", "后来我们去台湾，头发很干净。"),
        ("zh-TW", "後來我們去臺灣，頭髮很乾淨。"),
        ("zh_HK", "後來我們去台灣，頭髮很乾淨。"),
        ("en", "后来我们去台湾，头发很干净。"),
    ],
)
def test_words_are_in_the_script_of_the_speaker(tag: str, text: str) -> None:
    assert written(MIXED, tag) == text


def test_the_prompt_shows_marks_in_that_script() -> None:
    assert "现在几点了？" in prompt("zh-CN")
    assert "現在幾點了？" in prompt("zh-TW")
    for tag in ("zh-CN", "zh-TW"):
        assert written(prompt(tag), tag) == prompt(tag)
