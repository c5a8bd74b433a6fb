"""The reply coming back through the microphone is recognized by its words."""

from __future__ import annotations

import pytest

from voice.turn.overlap import SURELY, echo_score, is_echo

SPOKEN = "The moon is about 384,400 kilometers away from the earth. 月亮离地球大约三十八万公里。"


@pytest.mark.parametrize(
    "heard",
    [
        "the moon is about three hundred eighty four thousand four hundred kilometers",
        "the moons about kilometer away from earth",
        "away from the earth",
        "moon",
        "月亮离地球大约",
    ],
)
def test_echo(heard: str) -> None:
    assert is_echo(heard, SPOKEN)


@pytest.mark.parametrize(
    "heard",
    ["yes", "stop please", "what about mars", "how far is the sun", "现在几点了", "stop the moon please now", ""],
)
def test_a_person(heard: str) -> None:
    assert not is_echo(heard, SPOKEN)


def test_nothing_spoken_is_no_echo() -> None:
    assert echo_score("hello", "") == 0.0


def test_the_score_falls_with_each_foreign_word() -> None:
    scores = [echo_score(heard, SPOKEN) for heard in ("the moon is about", "the moon is good", "my dog is good")]
    assert scores == sorted(scores, reverse=True) and scores[0] == 1.0


@pytest.mark.parametrize("heard", ["what can you do", "what is it that you say"])
def test_where_there_is_hardly_an_echo_words_that_are_only_alike_are_a_persons(heard: str) -> None:
    spoken = "Yes, all of it stays here. What you say is heard and answered on this machine."
    assert is_echo(heard, spoken), "else an echo that is half misheard would interrupt"
    assert not is_echo(heard, spoken, least=SURELY)
    assert is_echo("what you say is hurt and", spoken, least=SURELY)
