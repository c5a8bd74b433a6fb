"""The wake phrase comes off the head of the words, however it is spelled, and nothing else does."""

from __future__ import annotations

import pytest

from voice.wake.strip_wake_phrase import without_phrase

PHRASES = ("hey jarvis", "okay nabu")


@pytest.mark.parametrize(
    ("heard", "asked"),
    [
        ("hey jarvis what time is it", "what time is it"),
        ("Hey, Jarvis! What time is it?", "What time is it?"),
        ("Hey Jarves, what time is it?", "what time is it?"),
        ("A Jarvis, what time is it?", "what time is it?"),
        ("Jarvis, what time is it?", "what time is it?"),
        ("Okay Nabu set a timer", "set a timer"),
        ("OK, Naboo, set a timer", "set a timer"),
        ("Hey Jarvis.", ""),
        ("hey jarvis，现在几点", "现在几点"),
    ],
)
def test_the_phrase_is_taken_off(heard: str, asked: str) -> None:
    assert without_phrase(heard, PHRASES) == asked


@pytest.mark.parametrize(
    "words",
    ["what time is it", "hey what is a jar", "okay", "who is jarvis", "", "…", "okay now set a timer", "现在几点"],
)
def test_other_words_stay_as_they_are(words: str) -> None:
    assert without_phrase(words, PHRASES) == words


def test_without_phrases_nothing_is_looked_for() -> None:
    assert without_phrase("Hey Jarvis", ()) == "Hey Jarvis"
