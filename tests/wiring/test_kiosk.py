"""What the kiosk is made of, by the settings."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from voice.llm.interface import Ask, Delta, Message
from voice.settings.schema import Settings
from voice.wiring.kiosk import unknown_sentences
from voice.wiring.sessions import upstream


def answered(written: str | None, words: str) -> str:
    """What a visitor hears, with `kiosk.unknown` as `written`, or as it is."""
    settings = Settings()
    if written is not None:
        settings = replace(settings, kiosk=replace(settings.kiosk, unknown=written))

    async def said() -> str:
        model = upstream(settings, unknown=unknown_sentences(settings.kiosk))
        events = model.stream(Ask((Message("user", words),)))
        return "".join([event.text async for event in events if isinstance(event, Delta)])

    return asyncio.run(said())


@pytest.mark.parametrize(
    ("written", "words", "answer"),
    [
        (None, "who won the match", "I don't know that one. Please ask a member of staff."),
        (None, "谁赢了昨天的球赛", "这个我不知道，请问一下工作人员。"),
        (" Ask Ann. | | 请问安。 ", "谁赢了昨天的球赛", "请问安。"),
        (" Ask Ann. | | 请问安。 ", "who won the match", "Ask Ann."),
        ("", "who won the match", "I'm sorry, I don't know that. Please ask me something else."),
        (" | ", "who won the match", "I'm sorry, I don't know that. Please ask me something else."),
    ],
)
def test_a_visitor_gets_the_owners_sentence_and_never_a_flag(written: str | None, words: str, answer: str) -> None:
    assert answered(written, words) == answer
