"""The internal audio format: int16 mono, in short frames with the time they were captured."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]
"""Mono samples, int16, full scale ±32768, shape (n,)."""

RATE = 16_000
"""Samples per second between microphone and recognizer."""

SILENT_DBFS = -100.0
"""Level reported for digital silence."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A short run of microphone samples at `RATE`; `at` is the time of its last sample, seconds on the loop's clock."""

    pcm: Pcm
    at: float

    @property
    def duration_s(self) -> float:
        return len(self.pcm) / RATE


def silence(duration_s: float, rate: int = RATE) -> Pcm:
    """Silence of the given length in seconds."""
    return np.zeros(round(duration_s * rate), dtype=np.int16)


def level_dbfs(pcm: Pcm) -> float:
    """Root mean square level in dB below full scale; `SILENT_DBFS` for silence."""
    samples = pcm.astype(np.float32)
    energy = float(np.dot(samples, samples)) / 32768.0**2
    return max(SILENT_DBFS, 10.0 * math.log10(energy / len(pcm))) if energy > 0.0 else SILENT_DBFS


def from_float(samples: NDArray[np.float32]) -> Pcm:
    """Float samples in −1…1 to int16, clipped, never wrapped."""
    pcm: Pcm = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype(np.int16)
    return pcm


def to_float(pcm: Pcm) -> NDArray[np.float32]:
    """int16 samples to float32 in −1…1."""
    return pcm.astype(np.float32) / np.float32(32768.0)
