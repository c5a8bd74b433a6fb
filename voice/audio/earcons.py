"""The few sounds that are not speech: a soft tone while a reply is on its way, and the bell of a timer."""

from __future__ import annotations

import numpy as np

from voice.audio.frames import Pcm, from_float


def _tone(rate: int, hertz: float, duration_s: float, level: float, decay: float) -> Pcm:
    """A sine that fades in over 5 ms and dies away by `decay` per second (natural logarithm)."""
    time = np.arange(round(rate * duration_s)) / rate
    attack = np.minimum(1.0, time / 0.005)
    release = np.minimum(1.0, (duration_s - time) / 0.01)
    tone = level * attack * release * np.exp(-decay * time) * np.sin(2 * np.pi * hertz * time)
    return from_float(tone.astype(np.float32))


def filler(rate: int) -> Pcm:
    """A soft tone of 0.25 s: it is coming."""
    return _tone(rate, 392.0, 0.25, 0.08, 8.0)


def bell(rate: int) -> Pcm:
    """Three strokes of a bell, 1.2 s."""
    stroke = _tone(rate, 880.0, 0.4, 0.35, 7.0)
    return np.concatenate((stroke, stroke, stroke))
