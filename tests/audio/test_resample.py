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


@pytest.mark.parametrize("from_rate", [8_000, 11_025, 22_050, 44_100, 44_101, 48_000, 191_999, 192_000])
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


@pytest.mark.parametrize(
    ("from_rate", "to_rate"), [(24_000, 16_000), (48_000, 16_000), (44_100, 16_000), (8_000, 16_000)]
)
def test_at_once_a_chunk_gives_all_it_lasts_a_constant_moment_later(from_rate: int, to_rate: int) -> None:
    clip = np.random.default_rng(1).integers(-9000, 9000, from_rate).astype(np.int16)
    stream = Resampler(from_rate, to_rate, at_once=True)
    delay_s = stream.delay_s
    parts = []
    for start in range(0, len(clip), from_rate // 50):
        parts.append(stream.convert(clip[start : start + from_rate // 50]))
        assert len(parts[-1]) == to_rate // 50
        assert stream.delay_s == pytest.approx(delay_s)
    assert 0.001 < delay_s < 0.005
    late = round(delay_s * to_rate)
    heard, exact = np.concatenate([*parts, stream.flush()]), resample(clip, from_rate, to_rate)
    assert abs(len(heard) - late - len(exact)) <= 1
    if delay_s * to_rate == pytest.approx(late):
        assert np.abs(heard[late : late + len(exact)].astype(int) - exact[: len(heard) - late]).max() <= 1


@pytest.mark.parametrize(
    ("from_rate", "to_rate"), [(24_000, 16_000), (48_000, 16_000), (22_050, 16_000), (16_000, 48_000)]
)
def test_what_both_rates_can_carry_is_level_and_nothing_else_comes(from_rate: int, to_rate: int) -> None:
    for hertz in (200, 1_000, 3_000, 5_000, 7_000):
        level = resample(sine(hertz, from_rate), from_rate, to_rate)[400:-400].astype(float).std() / (8000 / np.sqrt(2))
        assert abs(20 * np.log10(level)) < 0.2, hertz
    for hertz in (hertz for hertz in (8_500, 9_500, 10_800) if hertz < from_rate / 2 and hertz > to_rate / 2):
        assert np.abs(resample(sine(hertz, from_rate), from_rate, to_rate)[400:-400]).max() <= 2, hertz
    heard = resample(sine(1_000, from_rate), from_rate, to_rate)[480:-480]  # whole waves of it
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard)))) / (8000 * len(heard) / 4)
    tone = round(1_000 * len(heard) / to_rate)
    assert spectrum.argmax() == tone
    spectrum[tone - 20 : tone + 21] = 0
    assert spectrum.max() < 2e-4


def test_little_by_little_it_holds_back_only_half_of_the_filter() -> None:
    stream = Resampler(8_000, 16_000)
    assert [len(stream.convert(np.ones(10, np.int16))) for _ in range(5)] == [0, 0, 0, 12, 20]


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
