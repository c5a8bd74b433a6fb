"""A detector by loudness alone: deterministic and without libraries, for tests and demonstrations."""

from __future__ import annotations

from voice.audio.frames import Pcm, level_dbfs


class EnergyDetector:
    """Says 1 for frames louder than `threshold_dbfs`, else 0; it has neither memory nor hangover."""

    name = "energy"
    hangover_s = 0.0

    def __init__(self, threshold_dbfs: float = -45.0) -> None:
        self._threshold_dbfs = threshold_dbfs

    def probability(self, pcm: Pcm) -> float:
        """1.0 where the frame is loud, else 0.0."""
        return float(level_dbfs(pcm) > self._threshold_dbfs)

    def reset(self) -> None:
        """Nothing is remembered."""
