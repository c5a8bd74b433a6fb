"""Streaming conversion between rates: pitch and length hold, chunk borders leave no trace."""

from __future__ import annotations

import numpy as np
import pytest

from voice.audio.frames import Pcm
from voice.audio.resample import Resampler, mono, resample


def sine(hertz: float, rate: int, duration_s: float = 1.0) -> Pcm:
    time = np.arange(round(rate * duration_s)) / rate
    wave: Pcm = np.rint(8000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16)
    return wave


@pytest.mark.parametrize("from_rate", [8_000, 11_025, 22_050, 44_100, 48_000, 192_000])
def test_pitch_and_length_hold(from_rate: int) -> None:
    converted = resample(sine(440, from_rate), from_rate, 16_000)
    assert abs(len(converted) - 16_000) <= 1
    wanted = sine(440, 16_000)[400:-400]
    assert np.abs(converted[400 : 400 + len(wanted)].astype(int) - wanted).max() < 40


def test_chunks_make_the_same_as_the_whole() -> None:
    clip = np.random.default_rng(1).integers(-9000, 9000, 44_100).astype(np.int16)
    stream = Resampler(44_100, 16_000)
    parts = [stream.convert(clip[start : start + 441]) for start in range(0, len(clip), 441)]
    pending = stream.delay_s
    parts.append(stream.flush())
    assert abs(pending - len(parts[-1]) / 16_000) < 0.001
    whole = resample(clip, 44_100, 16_000)
    assert np.abs(np.concatenate(parts).astype(int) - whole).max() <= 2


def test_equal_rates_pass_through() -> None:
    clip = sine(100, 16_000)
    stream = Resampler(16_000, 16_000)
    assert stream.convert(clip) is clip
    assert stream.delay_s == 0.0
    assert len(stream.flush()) == 0


def test_channels_are_averaged() -> None:
    both = np.stack((sine(440, 16_000), np.zeros(16_000, dtype=np.int16)), axis=1)
    assert np.abs(mono(both).astype(int) * 2 - sine(440, 16_000)).max() <= 1
    assert mono(both[:, :1]).shape == (16_000,)
    assert mono(both[:, 0]).shape == (16_000,)
