"""The mel bands, against numbers that librosa 0.11 gave for the same signal."""

from __future__ import annotations

import numpy as np

from voice.audio.frames import RATE, Pcm, to_float
from voice.speakers.mel import BANDS, mel_bands


def tones() -> Pcm:
    """1.6 s of a wavering tone and a steady one."""
    t = np.arange(round(1.6 * RATE)) / RATE
    low = 3000 * np.sin(2 * np.pi * (120 + 40 * np.sin(3 * t)) * t) * (1 + np.sin(5 * t))
    return np.asarray(low + 900 * np.sin(2 * np.pi * 1730 * t), dtype=np.int16)


# librosa.feature.melspectrogram(y=tones / 32768, sr=16000, n_fft=400, hop_length=160, n_mels=40),
# frames 0, 10, 80 and 159, bands 0, 5 and 20
GOLDEN = [
    [0.38903144, 0.00037624295, 0.026948342],
    [0.62646574, 2.76429e-06, 0.06640353],
    [0.07740419, 6.386944e-09, 0.066331387],
    [4.75018120, 0.00033600588, 0.066050775],
]


def test_the_bands_are_those_of_the_reference() -> None:
    bands = mel_bands(to_float(tones()))
    assert bands.shape == (161, BANDS)
    np.testing.assert_allclose(bands[[0, 10, 80, 159]][:, [0, 5, 20]], GOLDEN, rtol=1e-3, atol=1e-7)


def test_silence_has_no_power() -> None:
    assert not mel_bands(np.zeros(RATE, np.float32)).any()
