"""Two detectors, one after the other: a cheap one finds sound that may be speech, a good one says whether it is."""

from __future__ import annotations

from collections import deque

from voice.audio.frames import RATE, Pcm
from voice.vad.interface import Detector

BEFORE_S = 0.3
"""The good detector also hears this much from before the cheap one noticed anything; it needs to hear a beginning."""

AFTER_S = 0.3
"""It continues this long after the cheap detector has stopped reporting speech."""


class TwoStageDetector:
    """Says what `good` says of frames that `cheap` lets through, and of those around them; 0 of all others.

    `cheap` should miss no speech; how much noise it lets through only costs time.
    """

    def __init__(self, cheap: Detector, good: Detector) -> None:
        self.name = f"{cheap.name}, {good.name}"
        self.hangover_s = good.hangover_s
        self._cheap, self._good = cheap, good
        self._before: deque[Pcm] = deque()
        self._left_s = 0.0

    def probability(self, pcm: Pcm) -> float:
        """Chance in 0…1 that the latest frame holds speech."""
        duration_s = len(pcm) / RATE
        self._left_s = AFTER_S if self._cheap.probability(pcm) >= 0.5 else self._left_s - duration_s
        if self._left_s <= 0.0:
            self._before.append(pcm)
            while sum(map(len, self._before)) > BEFORE_S * RATE:
                self._before.popleft()
            return 0.0
        if self._before:
            self._good.reset()
            for earlier in self._before:
                self._good.probability(earlier)
            self._before.clear()
        return self._good.probability(pcm)

    def reset(self) -> None:
        """Forget what was heard."""
        self._cheap.reset()
        self._good.reset()
        self._before.clear()
        self._left_s = 0.0
