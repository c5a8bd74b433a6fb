from __future__ import annotations

import numpy as np
import pytest

from tests.support.speech import command, white_noise
from voice.asr.loudness import Loudness
from voice.audio.frames import Pcm, silence


def quieter(pcm: Pcm, db: float) -> Pcm:
    changed: Pcm = np.rint(pcm * 10 ** (-db / 20)).astype(np.int16)
    return changed


def loud(*pieces: Pcm) -> list[bool]:
    loudness = Loudness()
    return [loudness.loud(piece) for piece in pieces]


@pytest.mark.parametrize("db", [0, 20, 40, 50])
def test_speech_is_loud_however_quiet_the_microphone(db: float) -> None:
    assert loud(quieter(command("moon"), db)) == [True]
    assert loud(quieter(white_noise(0.3, -60.0), db), quieter(command("moon"), db))[1]


@pytest.mark.parametrize("dbfs", [-100.0, -82.0, -75.0, -65.0])
def test_steady_noise_of_a_quiet_room_is_not(dbfs: float) -> None:
    assert loud(*[white_noise(0.02, dbfs)] * 50) == [False] * 50


def test_nothing_and_digital_silence_are_not() -> None:
    assert loud(silence(0.0), silence(1.0)) == [False, False]


def test_what_follows_loud_speech_at_a_distance_is_not() -> None:
    assert loud(command("moon"), white_noise(0.5, -55.0)) == [True, False]


def test_noise_that_is_plainly_there_may_be_speech() -> None:
    assert loud(white_noise(0.5, -45.0)) == [True]
