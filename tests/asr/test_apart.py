"""The recognizer in a process of its own: the same words, and a new process for one that died."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.speech import command, stream
from voice.asr.apart import ApartRecognizer, _nursery
from voice.errors import EngineError


def test_words_come_from_the_other_process() -> None:
    recognizer = ApartRecognizer()
    recognizer.warm()
    utterance = recognizer.open()
    assert stream(utterance, command("times"), frame_ms=100)
    assert utterance.result().text == "what is twelve times seven"
    utterance.close()
    utterance.close()
    with pytest.raises(EngineError, match="AttributeError"):
        recognizer.open().feed("no audio")  # type: ignore[arg-type]
    recognizer.forget()


def test_a_process_that_died_is_replaced_and_so_is_the_one_they_come_from() -> None:
    recognizer = ApartRecognizer()
    late = recognizer.open()
    assert recognizer._line is not None
    recognizer._line.write(b"\0\0\0\1?")  # which is no call, so it ends
    with pytest.raises(EngineError, match="process ended"):
        late.feed(np.zeros(1600, np.int16))
    _nursery()._process.kill()
    _nursery()._process.wait()
    again = recognizer.open()
    stream(again, command("times"), frame_ms=100)
    assert again.result().text == "what is twelve times seven"
