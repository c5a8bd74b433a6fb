"""When each word was said, by real Whisper and by pocketsphinx."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.support.real_models import whisper_folder
from voice.asr.interface import Aligner, Recognizer, Word
from voice.asr.pocketsphinx import SphinxRecognizer
from voice.asr.whisper import WhisperRecognizer
from voice.asr.word_times import in_order
from voice.audio.frames import RATE, Pcm, silence
from voice.audio.wav import read_wav

SPEECH = Path(__file__).parents[1] / "fixtures" / "speech"
PAUSE_S = 2.0


def aligned(engine: Recognizer, pcm: Pcm) -> list[Word]:
    assert isinstance(engine, Aligner)
    utterance = engine.open()
    utterance.add_audio(pcm)
    heard = utterance.result()
    utterance.close()
    words = engine.align(pcm, heard)
    assert "".join(word.text for word in words).split() == heard.text.split()
    assert all(word.start <= word.end for word in words)
    assert all(before.end <= after.start for before, after in pairwise(words))
    return words


def test_whisper_leaves_the_pauses_out() -> None:
    speech, more = read_wav(SPEECH / "times.wav"), read_wav(SPEECH / "moon.wav")
    pcm = np.concatenate((silence(1.0), speech, silence(PAUSE_S), more))
    words = aligned(WhisperRecognizer(whisper_folder()), pcm)
    half = [word.text for word in words].index(" How")
    assert words[0].text == " What"
    assert words[0].end > 1.0
    second = 1.0 + len(speech) / RATE + PAUSE_S
    assert words[half].start == pytest.approx(second, abs=0.6)
    assert words[half - 1].end < second - 1.0


def test_pocketsphinx_knows_its_own_times() -> None:
    speech = read_wav(SPEECH / "times.wav")
    words = aligned(SphinxRecognizer(), speech)
    assert [word.text for word in words] == [" what", " is", " twelve", " times", " seven"]
    assert words[0].start < 0.5
    assert 0.5 * len(speech) / RATE < words[-1].start < words[-1].end <= len(speech) / RATE


def test_no_words_are_no_words() -> None:
    assert in_order([]) == []


def test_a_word_is_not_as_long_as_the_pause_beside_it() -> None:
    words = [
        Word(" So", 0.0, 3.0),
        Word(" we", 3.0, 3.2),
        Word(" go.", 3.2, 3.5),
        Word(" Yes", 3.4, 9.0),
        Word(" I", 9, 9.2),
    ]
    ordered = in_order(words)
    assert ordered[0] == Word(" So", 2.4, 3.0)
    assert ordered[3] == Word(" Yes", 8.4, 9.0)
    assert all(before.end <= after.start for before, after in pairwise(ordered))
