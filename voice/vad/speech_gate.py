"""From a probability per frame to the edges of speech, with both edges placed where a person would hear them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

STOP_S = 0.06
"""Silence that closes a stretch of speech; shorter dips, as in a stop consonant, are inside it."""

SYLLABLE_S = 0.2
"""How loud a voice is, is the loudest of its last frames, over about a syllable."""

SLACK_DB = 1.5
"""A voice varies; it is not yet background so little below the limit."""

SETTLED_S = 1.0
"""This much speech must have been heard before a much louder voice turns it into background."""

ANOTHER_S = 1.0
"""Speech this long after the last word may be another person's, whose level is learned again."""

BACKGROUND_S = 10.0
"""Where a voice of the background was heard, it is expected for so long in the pauses of the person, too."""

RISES, FALLS_DB = 0.06, 0.01
"""How fast a person's level follows louder syllables, share per frame, and softer ones, dB per frame."""

REMEMBERED_S = 120.0
"""How long after they last spoke a person's level keeps softer voices from starting a turn."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Speech began (`speech=True`) at its first sample, or stopped at its last; `at` in seconds on the loop's clock.

    `nearer`: a much louder voice began, so that earlier speech was background.
    """

    speech: bool
    at: float
    nearer: bool = False


class _Near:
    """How loud the person speaks; softer voices by `background_db` are background, as a television."""

    def __init__(self, background_db: float) -> None:
        self._limit_db = background_db + SLACK_DB if background_db else float("inf")
        self._syllable: deque[tuple[float, float]] = deque()
        self._level_dbfs: float | None = None
        self._loudest_dbfs = 0.0
        self._heard_s = 0.0
        self._last = 0.0

    def pause(self) -> None:
        """The stretch of speech is over: the next syllable is another."""
        self._syllable.clear()

    def update(self, level_dbfs: float, at: float, duration_s: float, *, speaking: bool) -> tuple[bool, bool]:
        """Take a frame with a voice in it: is it the person's, and one so near that the former was background?"""
        while self._syllable and self._syllable[0][0] <= at - SYLLABLE_S:
            self._syllable.popleft()
        self._syllable.append((at, level_dbfs))
        loudest = max(level for _, level in self._syllable)
        if self._level_dbfs is None or (not speaking and at - self._last > REMEMBERED_S):
            self._level_dbfs, self._loudest_dbfs, self._heard_s = loudest, loudest, 0.0
        if loudest < self._level_dbfs - self._limit_db:
            return False, False
        if not speaking and at - self._last > ANOTHER_S:
            self._level_dbfs, self._loudest_dbfs, self._heard_s = loudest, loudest, 0.0
        clear_db = self._limit_db - 2 * SLACK_DB
        nearer = speaking and self._heard_s >= SETTLED_S and loudest > self._loudest_dbfs + clear_db
        if nearer:
            self._level_dbfs, self._loudest_dbfs, self._heard_s = loudest, loudest, 0.0
        elif loudest > self._level_dbfs:
            self._level_dbfs += RISES * (loudest - self._level_dbfs)
        else:
            self._level_dbfs -= FALLS_DB
        self._loudest_dbfs = max(self._loudest_dbfs, loudest)  # who becomes loud by and by is not another one
        self._heard_s += duration_s
        self._last = at
        return True, nearer


class SpeechGate:
    """Debounces a detector: speech starts after `start_s` of voiced audio and stops after `STOP_S` without any.

    `hangover_s` is how long the detector stays on after true speech; it is taken off the stopping edge. A voice softer
    than the person's own by `background_db` is no speech; 0 hears all alike. `background` says of the latest frame that
    none of it is the person's.
    """

    def __init__(
        self, *, start_s: float, hangover_s: float, threshold: float = 0.5, background_db: float = 0.0
    ) -> None:
        self._start_s, self._hangover_s, self._threshold = start_s, hangover_s, threshold
        self._near = _Near(background_db)
        self.reset()

    def reset(self) -> None:
        """Forget what was heard; the next edge can only be a start."""
        self.speaking = self.background = False
        self._background_until = float("-inf")
        self._voiced_s = 0.0
        self._since = 0.0
        self._last_voiced = 0.0

    @property
    def stirring(self) -> bool:
        """Voiced audio is arriving that may become speech: too early to decide that the turn has ended."""
        return self.speaking or self._voiced_s > 0.0

    def update(self, probability: float, at: float, duration_s: float, level_dbfs: float = 0.0) -> Edge | None:
        """Take one frame that ends at `at`; returns the edge it completes, if any."""
        voiced = probability >= self._threshold
        self.background = not self.speaking and at < self._background_until
        if voiced:
            voiced, nearer = self._near.update(level_dbfs, at, duration_s, speaking=self.speaking)
            self.background = not voiced
            if nearer or self.background:
                self._background_until = at + BACKGROUND_S
            if nearer:
                self._since = self._last_voiced = at
                return Edge(True, at - duration_s, nearer=True)
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
                self._near.pause()
                return Edge(False, max(self._since, self._last_voiced - self._hangover_s))
        else:
            self._voiced_s = max(0.0, self._voiced_s - duration_s)
        return None
