"""Mel bands of speech as the GE2E voice encoder was trained on: power, not its logarithm, in 40 bands at 16 kHz."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from voice.audio.frames import RATE

Floats = NDArray[np.float32]

BANDS = 40
WINDOW = RATE // 40
"""Samples of a spectrum: 25 ms, which is also the length of its transform."""
STEP = RATE // 100
"""Samples from one spectrum to the next: 10 ms."""

_LINEAR_HZ = 200.0 / 3
"""Below 1 kHz, Slaney's mel scale is linear with this many Hz each; above it, it is logarithmic."""
_BREAK_HZ = 1000.0
_LOG_STEP = np.log(6.4) / 27.0


def mel_bands(audio: Floats) -> Floats:
    """Power in mel bands, (frames, 40), of samples within ±1: frame n is centred on sample 160 n, zeros around all.

    The same as `librosa.feature.melspectrogram` with a transform of 400 and a hop of 160.
    """
    padded = np.pad(audio, WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::STEP]
    spectrum = np.fft.rfft(frames * _hann(), axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    return (power.astype(np.float32) @ _filters()).astype(np.float32)


@cache
def _hann() -> Floats:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)


@cache
def _filters() -> Floats:
    """Triangles of equal area between neighbouring mel points from 0 to 8 kHz, (201, 40)."""
    points = _hz(np.linspace(0.0, _mel(RATE / 2), BANDS + 2))
    bins = np.linspace(0.0, RATE / 2, WINDOW // 2 + 1)[:, np.newaxis]
    rising = (bins - points[:-2]) / (points[1:-1] - points[:-2])
    falling = (points[2:] - bins) / (points[2:] - points[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * 2.0 / (points[2:] - points[:-2])).astype(np.float32)


def _mel(hz: float) -> float:
    return float(_BREAK_HZ / _LINEAR_HZ + np.log(hz / _BREAK_HZ) / _LOG_STEP)


def _hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    bend = _BREAK_HZ / _LINEAR_HZ
    return np.where(mels < bend, mels * _LINEAR_HZ, _BREAK_HZ * np.exp(_LOG_STEP * (mels - bend)))
