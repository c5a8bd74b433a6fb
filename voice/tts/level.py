"""How loud a voice is: one gain for all it says, since what is spoken piece by piece cannot be scaled by its peak."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]

SPEECH_DBFS = -20.0
"""Level of a spoken sentence: what the published Piper voices have when each sentence is scaled to full scale."""
MOST_GAIN = 4.0
KNEE = 0.8
"""Above this a sample is bent, not cut: a peak of the loudest sentence is no click."""


def gain_of(sentence: Audio) -> float:
    """The factor that brings this sentence (full scale 1) to `SPEECH_DBFS`, at most `MOST_GAIN`; 1 for silence."""
    energy = float(np.mean(np.square(sentence, dtype=np.float64))) if sentence.size else 0.0
    return min(MOST_GAIN, 10 ** (SPEECH_DBFS / 20) / energy**0.5) if energy > 0.0 else 1.0


def louder(audio: Audio, gain: float) -> Audio:
    """The audio times the gain, within full scale; samples up to `KNEE` keep their shape."""
    scaled = audio * np.float32(gain)
    size = np.abs(scaled)
    over = size > KNEE
    if over.any():
        bent = KNEE + (1 - KNEE) * np.tanh((size[over] - KNEE) / (1 - KNEE))
        scaled[over] = np.copysign(bent, scaled[over])
    return scaled
