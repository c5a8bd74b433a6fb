"""Speech in every format is what it was when it is decoded again."""

from __future__ import annotations

import io

import numpy as np
import pytest

from voice.audio.encoder import FORMATS, AudioEncoder
from voice.audio.frames import RATE, Pcm
from voice.audio.reader import AudioReader


def tone(rate: int, seconds: float = 1.0) -> Pcm:
    wave: Pcm = np.rint(12_000 * np.sin(2 * np.pi * 440 * np.arange(round(rate * seconds)) / rate)).astype(np.int16)
    return wave


def encoded(name: str, rate: int, pcm: Pcm, step: int) -> tuple[bytes, bytes]:
    """What was out before the end, and what came then."""
    encoder = AudioEncoder(name, rate)
    before = b"".join(encoder.encode(pcm[start : start + step]) for start in range(0, len(pcm), step))
    return before, encoder.finish()


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000])
@pytest.mark.parametrize("name", [name for name in FORMATS if name != "pcm"])
def test_a_tone_survives_every_format(name: str, rate: int) -> None:
    before, rest = encoded(name, rate, tone(rate), rate // 50)
    assert len(before) > len(rest) > -1, "it leaves while it is made"
    with AudioReader(io.BytesIO(before + rest)) as reader:
        heard = np.concatenate(list(reader.blocks()))
        assert not reader.truncated
    assert len(heard) / RATE == pytest.approx(1.0, abs=0.12)
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard)), 1 << 17))
    assert float(np.argmax(spectrum)) * RATE / (1 << 17) == pytest.approx(440, abs=3)
    assert np.abs(heard[RATE // 4 : RATE // 2]).max() == pytest.approx(12_000, rel=0.15)


def test_raw_audio_has_24_khz() -> None:
    before, rest = encoded("pcm", 22_050, tone(22_050), 1000)
    assert len(before + rest) == pytest.approx(2 * 24_000, abs=4)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "opus"])  # its streams have a random number
def test_how_the_audio_was_cut_does_not_matter(name: str) -> None:
    pcm = tone(22_050, 0.3)
    assert b"".join(encoded(name, 22_050, pcm, 7000)) == b"".join(encoded(name, 22_050, pcm, 441))
