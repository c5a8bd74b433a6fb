"""A voice encoder as others see it: speech in, a vector out that is alike for the same person."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from voice.audio.frames import Pcm

Embedding = NDArray[np.float32]
"""A voice as a vector of length 1; the scalar product of two says how alike they are."""

PIECE_S = 1.6
"""Seconds of speech that an encoder takes at once."""


class VoiceEncoder(Protocol):
    """Runs on one thread. `name` is that of the weights: vectors of others cannot be compared with its own."""

    name: str

    def embed(self, pcm: Pcm) -> Embedding:
        """The voice in one piece of speech at 16 kHz, at most `PIECE_S`. Raises EngineError."""
        ...
