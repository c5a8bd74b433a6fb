from __future__ import annotations

import pytest

from voice.asr.chinese import written

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


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("今天天气怎样?", "今天天气怎样？"),
        ("好,走!", "好，走！"),
        ("OK, 3:15", "OK, 3:15"),
        ("打开wifi,好吗?", "打开wifi,好吗？"),
    ],
)
def test_marks_after_chinese_are_chinese(text: str, marked: str) -> None:
    assert written(text, "zh-CN") == marked
