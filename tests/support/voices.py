"""A voice encoder for tests: a person's voice is the constant value of their samples."""

from __future__ import annotations

import numpy as np

from voice.audio.frames import Pcm
from voice.speakers.interface import Embedding

ANN, BEN, EVA = 1000, 2000, 3000
"""Samples of these values are their voices."""


def voice_of(person: int) -> Embedding:
    return np.asarray(np.eye(4)[person // 1000], dtype=np.float32)


class ConstantEncoder:
    """Hears who said most of a piece."""

    name = "constant"

    def __init__(self) -> None:
        self.calls = 0

    def embed(self, pcm: Pcm) -> Embedding:
        self.calls += 1
        values, counts = np.unique(pcm, return_counts=True)
        return voice_of(int(values[counts.argmax()]))
