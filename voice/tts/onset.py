"""The quiet that a voice begins with, 40 to 70 ms in Piper's: before a reply it is nothing but waiting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from voice.tts.interface import Chunk

BLOCK_S = 0.005
QUIET_DBFS = -55.0
"""A breath or a soft consonant is louder, block by block."""
KEPT_S = 0.01
"""Sound before the first block that is louder."""
MOST_S = 0.2


class Onset:
    """Takes the quiet off the beginning of one clause's audio, at most `MOST_S`; word marks move with it."""

    def __init__(self, rate: int) -> None:
        self._block, self._kept = round(BLOCK_S * rate), round(KEPT_S * rate)
        self._left = round(MOST_S * rate)
        self._taken = 0

    def without_quiet(self, chunk: Chunk) -> Chunk:
        """The clause's next chunk without what is quiet before its first sound; it may be empty."""
        if self._left:
            size = len(chunk.pcm) // self._block * self._block
            blocks = chunk.pcm[:size].reshape(-1, self._block).astype(np.float32)
            loud = np.flatnonzero(np.mean(np.square(blocks), axis=1) > (32768 * 10 ** (QUIET_DBFS / 20)) ** 2)
            quiet = max(0, int(loud[0]) * self._block - self._kept) if len(loud) else len(chunk.pcm)
            taken = min(quiet, self._left)
            self._left = 0 if len(loud) else self._left - taken
            self._taken += taken
            chunk = replace(chunk, pcm=chunk.pcm[taken:])
        marks = tuple(replace(mark, sample=max(0, mark.sample - self._taken)) for mark in chunk.marks)
        return replace(chunk, marks=marks)
