"""From a probability per frame to the edges of speech, with both edges placed where a person would hear them."""

from __future__ import annotations

from dataclasses import dataclass

STOP_S = 0.06
"""Silence that closes a stretch of speech; shorter dips, as in a stop consonant, are inside it."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Speech began (`speech=True`) at its first sample, or stopped at its last; `at` in seconds on the loop's clock."""

    speech: bool
    at: float


class SpeechGate:
    """Debounces a detector: speech starts after `start_s` of voiced audio and stops after `STOP_S` without any.

    `hangover_s` is how long the detector stays on after true speech; it is taken off the stopping edge.
    """

    def __init__(self, *, start_s: float, hangover_s: float, threshold: float = 0.5) -> None:
        self._start_s, self._hangover_s, self._threshold = start_s, hangover_s, threshold
        self.reset()

    def reset(self) -> None:
        """Forget what was heard; the next edge can only be a start."""
        self.speaking = False
        self._voiced_s = 0.0
        self._since = 0.0
        self._last_voiced = 0.0

    @property
    def stirring(self) -> bool:
        """Voiced audio is arriving that may become speech: no time to decide that somebody has finished."""
        return self.speaking or self._voiced_s > 0.0

    def hear(self, probability: float, at: float, duration_s: float) -> Edge | None:
        """Take one frame that ends at `at`; returns the edge it completes, if any."""
        voiced = probability >= self._threshold
        if voiced:
            if self._voiced_s <= 0.0:
                self._since = at - duration_s
            self._voiced_s += duration_s
            self._last_voiced = at
            if not self.speaking and self._voiced_s >= self._start_s - 1e-9:
                self.speaking = True
                return Edge(True, self._since)
            return None
        if self.speaking:
            if at - self._last_voiced >= STOP_S - 1e-9:
                self.speaking, self._voiced_s = False, 0.0
                return Edge(False, max(self._since, self._last_voiced - self._hangover_s))
        else:
            self._voiced_s = max(0.0, self._voiced_s - duration_s)
        return None
