from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.tts.level import KNEE, MOST_GAIN, SPEECH_DBFS, Audio, gain_of, louder


def tone(peak: float) -> Audio:
    audio: Audio = (peak * np.sin(np.arange(22_050) * 0.05)).astype(np.float32)
    return audio


@pytest.mark.parametrize("peak", [0.06, 0.2, 0.9])
def test_a_voice_is_brought_to_the_level_of_speech(peak: float) -> None:
    heard = louder(tone(peak), gain_of(tone(peak)))
    assert 10 * np.log10(np.mean(heard.astype(float) ** 2)) == pytest.approx(SPEECH_DBFS, abs=0.1)


def test_silence_and_a_whisper_are_not_made_a_roar() -> None:
    assert gain_of(tone(0.0)) == 1.0
    assert gain_of(np.zeros(0, np.float32)) == 1.0
    assert gain_of(tone(0.001)) == MOST_GAIN


@given(st.floats(0.1, 8.0))
def test_nothing_is_wrapped_or_cut_and_louder_stays_louder(gain: float) -> None:
    ramp = np.linspace(-1, 1, 2001, dtype=np.float32)
    heard = louder(ramp, gain)
    assert np.abs(heard).max() <= 1.0
    assert (np.diff(heard) >= 0).all()
    small = np.abs(ramp * gain) <= KNEE
    assert np.allclose(heard[small], ramp[small] * gain, rtol=1e-5)
