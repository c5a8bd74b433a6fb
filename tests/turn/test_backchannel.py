"""Signs of listening are told from words that take the turn."""

from __future__ import annotations

import pytest

from voice.turn.overlap import asks_for_silence, is_backchannel, is_stop


@pytest.mark.parametrize(
    "text",
    [*("Mhm.", "mm-hmm", "mmmm", "uh huh", "yeah okay", "right, right.", "I see.", "Oh wow!", "okay"),
     *("嗯", "嗯嗯嗯", "对对对", "好的", "好的，明白了。", "是的", "Okay 好的", "對對")],
)  # fmt: skip
def test_backchannel(text: str) -> None:
    assert is_backchannel(text) and not is_stop(text)


@pytest.mark.parametrize(
    "text",
    [*("stop", "Okay, stop.", "wait", "no", "hold on", "the moon", "so what", "yeah but what about mars"),
     "right right right right right",
     *("停", "好的，停", "等一下", "是什么", "对不起我想问", "好的 现在几点", "等一下，別說", "別說了")],
)  # fmt: skip
def test_real_words(text: str) -> None:
    assert not is_backchannel(text)


def test_nothing_is_none() -> None:
    for text in ("", " … ", "?!"):
        assert not is_backchannel(text)


def test_a_long_hum_is_judged_at_once() -> None:
    assert is_backchannel("m" * 10_000)
    assert not is_backchannel("mh" * 5_000 + "x")


def test_a_few_words_with_one_to_stop_ask_for_silence_and_a_question_does_not() -> None:
    assert asks_for_silence("Please stop now!") and asks_for_silence("别说了")
    assert not asks_for_silence("where does the bus to the station stop") and not asks_for_silence("go on")
