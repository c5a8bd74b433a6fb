"""From a probability per frame to the edges of speech, with both edges placed where a person would hear them."""

from __future__ import annotations

from dataclasses import dataclass

from voice.vad.near_speaker import ALONE_S, BEGINS_S, LONGEST_S, SETTLED_S, NearSpeaker, Whose

STOP_S = 0.06
"""Silence that closes a stretch of speech; shorter dips, as in a stop consonant, are inside it."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Speech began (`speech=True`) at its first sample, or stopped at its last; `at` in seconds on the loop's clock.

    `nearer`: a much louder voice began, so that earlier speech was background.
    """

    speech: bool
    at: float
    nearer: bool = False


class SpeechGate:
    """Debounces a detector: speech starts after `start_s` of voiced audio and stops after `STOP_S` without any.

    `hangover_s` is how long the detector stays on after true speech; it is taken off the stopping edge. What
    `NearSpeaker` takes for background is no speech. Where no one has spoken yet, a soft voice that does not begin in a
    quiet room is speech only if it stands alone, and then both edges come after it; with `afar` it is speech at once.
    Of the latest frame `background` says that it is not known to be the person's, `mistaken_since` since when it shows
    that what was taken for their soft words was another voice.
    """

    def __init__(
        self,
        *,
        start_s: float,
        hangover_s: float,
        threshold: float = 0.5,
        background_db: float = 0.0,
        afar: bool = False,
    ) -> None:
        self._start_s, self._hangover_s, self._threshold = start_s, hangover_s, threshold
        self._near = NearSpeaker(background_db, afar=afar)
        self.holds_s = (SETTLED_S + BEGINS_S if afar else LONGEST_S + ALONE_S) if background_db else 0.0
        """How much later than its first sample speech may be noticed."""
        self.reset()

    def reset(self) -> None:
        """Forget what was heard; the next edge can only be a start."""
        self.speaking = self.background = False
        self.mistaken_since: float | None = None
        self._near.drop()
        self._voiced_s = 0.0
        self._since = self._last_voiced = self._at = 0.0
        self._stopped = float("-inf")

    @property
    def stirring(self) -> bool:
        """Voiced audio is arriving that may become speech: too early to decide that the turn has ended."""
        return self.speaking or self._voiced_s > 0.0

    @property
    def quiet(self) -> bool:
        """Nothing stirs, and no soft voice was heard just now that may be the person's or not: a turn may end."""
        return not (self.stirring or self._near.undecided(self._at))

    def update(self, probability: float, at: float, duration_s: float, level_dbfs: float = 0.0) -> Edge | None:
        """Take one frame that ends at `at`; returns the edge it completes, if any."""
        whose, self._at, self.mistaken_since = None, at, None
        self._near.listen(at - duration_s)
        if probability >= self._threshold:
            whose = self._near.update(level_dbfs, at, duration_s, speaking=self.speaking)
            self.mistaken_since = self._near.mistaken_since
            self.background = whose in (Whose.BACKGROUND, Whose.UNSURE) or self._near.fades(at)
        else:
            self.background = self.background and self._near.is_background(at)
        if whose is Whose.NEARER:
            self._since = self._last_voiced = at
            return Edge(True, at - duration_s, nearer=True)
        if whose in (Whose.PERSON, Whose.SOFT):
            return self._voiced(at, duration_s)
        if whose is None and (stood := self._near.stood_alone(at, self._start_s)) is not None:
            self.speaking, (self._since, self._last_voiced) = True, stood
            return Edge(True, self._since)
        return self._unvoiced(at, duration_s)

    def _voiced(self, at: float, duration_s: float) -> Edge | None:
        if self._voiced_s <= 0.0:
            self._since = at - duration_s
        self._voiced_s += duration_s
        self._last_voiced = at
        start_s = max(self._start_s, BEGINS_S if self._near.contested(at) else 0.0)
        if self.speaking or self._voiced_s < start_s - 1e-9:
            return None
        self.speaking = True
        self._since = max(self._near.begin(self._since), self._stopped)
        return Edge(True, self._since)

    def _unvoiced(self, at: float, duration_s: float) -> Edge | None:
        if not self.speaking:
            self._voiced_s = max(0.0, self._voiced_s - duration_s)
        elif at - self._last_voiced >= STOP_S - 1e-9:
            self.speaking, self._voiced_s = False, 0.0
            self._near.pause()
            self._stopped = max(self._since, self._last_voiced - self._hangover_s)
            return Edge(False, self._stopped)
        return None
