"""Whether audio is loud enough to hold speech, measured against what the same microphone gave before."""

from __future__ import annotations

from voice.audio.frames import RATE, Pcm, level_dbfs

STEP = RATE // 50
PLAIN_DBFS = -60.0
"""Audio of a healthy microphone whose loudest 20 ms stay below this holds no speech."""
ABOVE_NOISE_DB = 10.0
"""Quieter than that may be speech at a badly set microphone, if it stands out of the quietest 20 ms so far."""
LEAST_DBFS = -85.0
"""Two steps of int16: nothing can be made out below."""
BELOW_PEAK_DB = 30.0


class Loudness:
    """Takes an utterance's audio in order, in pieces of any length."""

    def __init__(self) -> None:
        self._peak_dbfs = LEAST_DBFS
        self._floor_dbfs = 0.0

    def loud(self, pcm: Pcm) -> bool:
        """Whether this piece may hold speech: near the loudest so far, and above the noise."""
        levels = [level_dbfs(pcm[at : at + STEP]) for at in range(0, len(pcm), STEP)]
        if not levels:
            return False
        self._peak_dbfs = max(self._peak_dbfs, *levels)
        self._floor_dbfs = max(LEAST_DBFS, min(self._floor_dbfs, *levels))
        least = min(PLAIN_DBFS, self._floor_dbfs + ABOVE_NOISE_DB)
        return max(levels) > max(least, self._peak_dbfs - BELOW_PEAK_DB)
