from __future__ import annotations

import pytest

from tests.support.scripted_asr import ScriptedRecognizer
from tests.support.speech import stream
from voice.audio.frames import silence
from voice.errors import EngineError


def test_each_utterance_says_the_next_text_word_by_word() -> None:
    recognizer = ScriptedRecognizer(["what time is it", "stop"], word_s=0.1)
    first = recognizer.open()
    partials = stream(first, silence(1.0))
    assert [partial.text for partial in partials] == ["what", "what time", "what time is", "what time is it"]
    assert first.result().text == "what time is it"
    first.close()
    second = recognizer.open()
    stream(second, silence(0.04))
    assert second.result().text == "stop"


def test_an_utterance_that_got_no_audio_takes_no_text() -> None:
    recognizer = ScriptedRecognizer(["stop"])
    assert recognizer.open().result().text == ""
    utterance = recognizer.open()
    stream(utterance, silence(0.1))
    assert utterance.result().text == "stop"


def test_after_the_last_text_nothing_is_heard() -> None:
    utterance = ScriptedRecognizer([]).open()
    assert stream(utterance, silence(1.0)) == []
    assert utterance.result().text == ""


def test_an_utterance_told_to_fail_fails_and_the_next_does_not() -> None:
    recognizer = ScriptedRecognizer(["lost", "stop"], failures=[0])
    first = recognizer.open()
    stream(first, silence(0.1))
    with pytest.raises(EngineError, match="told to fail"):
        first.result()
    second = recognizer.open()
    stream(second, silence(0.1))
    assert second.result().text == "stop"
