from __future__ import annotations

import pytest

from voice.conversation.history import is_farewell


@pytest.mark.parametrize(
    "words",
    [
        "goodbye",
        "Good-bye!",
        "Okay, bye bye.",
        "Well, thank you very much, see you tomorrow.",
        "good night, computer",
        "再见",
        "好的，谢谢你，再见！",
        "拜拜啦",
        "那明天见",
        "晚安。",
        "Danke, auf Wiedersehen!",
        "Tschüss.",
    ],
)
def test_taking_leave_is_noticed(words: str) -> None:
    assert is_farewell(words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "thanks",
        "How do you say goodbye in French?",
        "He said goodbye and left",
        "Bye the way, what time is it?",
        "good night's sleep",
        "再见用英语怎么说",
        "我们再见一次面吧",
        "谢谢",
        "see",
        "see you at the station, where is it?",
        "Wie spät ist es?",
    ],
)
def test_talking_about_it_is_not(words: str) -> None:
    assert not is_farewell(words)
