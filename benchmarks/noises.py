"""Sounds of a household that are not recorded: made of tones and noise, the same on every machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from voice.audio.frames import RATE

Samples = NDArray[np.float64]


def _time(duration_s: float) -> Samples:
    return np.arange(round(duration_s * RATE)) / RATE


def _noise(duration_s: float, low_hz: float, high_hz: float, seed: int) -> Samples:
    """Noise of one band."""
    white = np.random.default_rng(seed).normal(size=round(duration_s * RATE))
    spectrum, hz = np.fft.rfft(white), np.fft.rfftfreq(len(white), 1 / RATE)
    found: Samples = np.fft.irfft(np.where((hz >= low_hz) & (hz <= high_hz), spectrum, 0.0), len(white))
    found /= np.abs(found).max()
    return found


def _hits(sound: Samples, *times_s: float) -> Samples:
    """The same sound at these times."""
    out = np.zeros(round(times_s[-1] * RATE) + len(sound))
    for at in times_s:
        first = round(at * RATE)
        out[first : first + len(sound)] += sound
    return out


def _dying(sound: Samples, after_s: float) -> Samples:
    """Falling to a third in `after_s`."""
    return sound * np.exp(-np.arange(len(sound)) / (after_s * RATE))


def _tones(*notes: tuple[float, float]) -> Samples:
    """Notes with overtones, (Hz, seconds), one after the other."""
    return np.concatenate([
        _dying(sum((np.sin(2 * np.pi * hz * k * _time(lasts)) / k for k in (1, 2, 3)), np.zeros(1)), lasts)
        for hz, lasts in notes
    ])  # fmt: skip


def _voiced(f0: Samples, formants: tuple[float, ...], seed: int) -> Samples:
    """A throat without words: pulses at `f0`, Hz per sample, through a few resonances, a little hoarse."""
    phase = np.cumsum(f0) / RATE
    pulses = np.diff(np.floor(phase), prepend=0.0) + 0.05 * np.random.default_rng(seed).normal(size=len(f0))
    spectrum, hz = np.fft.rfft(pulses), np.fft.rfftfreq(len(pulses), 1 / RATE)
    shape = sum((1 / (1 + ((hz - formant) / 120) ** 2) for formant in formants), np.zeros(len(hz)))
    found: Samples = np.fft.irfft(spectrum * shape, len(pulses))
    found /= np.abs(found).max()
    return found


def _melody(lasts_s: float) -> Samples:
    notes = (262.0, 330.0, 392.0, 523.0, 440.0, 349.0, 294.0, 392.0)
    return _tones(*((notes[index % len(notes)], 0.35) for index in range(round(lasts_s / 0.35))))


def _cough() -> Samples:
    burst = _dying(_noise(0.25, 300, 3500, 3), 0.07)
    tail = _dying(_voiced(np.linspace(220, 140, round(0.2 * RATE)), (600, 1200), 4), 0.1)
    return _hits(np.concatenate((burst, 0.6 * tail)), 0.0, 0.5)


def _sneeze() -> Samples:
    breath = np.linspace(0, 0.3, round(0.4 * RATE)) * _noise(0.4, 800, 3000, 5)
    return np.concatenate((breath, _dying(_noise(0.5, 1000, 7000, 6), 0.12)))


def _laugh() -> Samples:
    return _hits(_dying(_voiced(np.linspace(260, 200, round(0.15 * RATE)), (800, 1300), 7), 0.06),
                 0.0, 0.2, 0.4, 0.6, 0.8, 1.0)  # fmt: skip


def _bark() -> Samples:
    return _hits(_dying(_voiced(np.linspace(500, 300, round(0.2 * RATE)), (700, 1500), 8), 0.07), 0.0, 0.45, 1.1)


NOISES: dict[str, Callable[[], Samples]] = {
    "keys": lambda: _hits(_dying(_noise(0.03, 2000, 7000, 9), 0.006), *np.arange(0.0, 1.5, 0.13)),
    "knock": lambda: _hits(_dying(_noise(0.1, 80, 600, 10), 0.02), 0.0, 0.25, 0.5),
    "clap": lambda: _hits(_dying(_noise(0.1, 500, 5000, 11), 0.015), 0.0, 0.4, 0.8, 1.2),
    "plates": lambda: _hits(_dying(_noise(0.2, 2500, 7500, 12), 0.04), 0.0, 0.15, 0.5, 0.6, 1.0),
    "rustle": lambda: _noise(1.5, 3000, 7500, 13) * np.abs(_noise(1.5, 0.5, 8, 14)),
    "vacuum": lambda: _noise(3.0, 100, 6000, 15) + 0.3 * np.sin(2 * np.pi * 240 * _time(3.0)),
    "whistle": lambda: np.sin(2 * np.pi * np.cumsum(1200 + 500 * np.sin(2 * np.pi * 0.8 * _time(1.6))) / RATE),
    "doorbell": lambda: _tones((660.0, 0.6), (523.0, 1.0)),
    "ringtone": lambda: _tones(*((880.0, 0.12), (988.0, 0.12), (784.0, 0.12), (1047.0, 0.3)) * 3),
    "bark": _bark, "cough": _cough, "sneeze": _sneeze, "laugh": _laugh,
    "music": lambda: _melody(12.0),
    "fan": lambda: _noise(12.0, 60, 3000, 16),
}  # fmt: skip

SOFTER_DB = {"fan": 10.0, "music": 15.0}
"""What goes on all the time, so much below a person; the rest are as loud as one."""
