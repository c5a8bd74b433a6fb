"""From a probability per frame to the edges of speech, with both edges placed where a person would hear them."""

from __future__ import annotations

from dataclasses import dataclass

from voice.vad.near_speaker import SETTLED_S, SYLLABLE_S, NearSpeaker, Whose

STOP_S = 0.06
"""Silence that closes a stretch of speech; shorter dips, as in a stop consonant, are inside it."""

ALONE_S = 0.8
"""A person who speaks to us is silent before and after it; a television goes on."""

LONGEST_S = 8.0
"""A soft voice that goes on longer without a pause, before anyone has spoken, is a television."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Speech began (`speech=True`) at its first sample, or stopped at its last; `at` in seconds on the loop's clock.

    `nearer`: a much louder voice began, so that earlier speech was background.
    """

    speech: bool
    at: float
    nearer: bool = False


@dataclass(slots=True)
class _Soft:
    """A soft voice that may be the person's; `after_silence`: no other was heard just before."""

    since: float
    last: float
    after_silence: bool
    voiced_s: float = 0.0


class SpeechGate:
    """Debounces a detector: speech starts after `start_s` of voiced audio and stops after `STOP_S` without any.

    `hangover_s` is how long the detector stays on after true speech; it is taken off the stopping edge. A voice softer
    than the person's own by `background_db` is no speech; 0 hears all alike. Where no one has spoken yet, a soft voice
    is speech only if it stands alone, and then both edges come after it; with `afar` it is speech at once.
    `background` says of the latest frame that it is not known to be the person's.
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
        self.holds_s = LONGEST_S + ALONE_S if background_db and not afar else 0.0
        """How much later than its first sample speech may be noticed."""
        self.reset()

    def reset(self) -> None:
        """Forget what was heard; the next edge can only be a start."""
        self.speaking = self.background = False
        self._soft: _Soft | None = None
        self._near.drop()
        self._voice_at = float("-inf")
        self._voiced_s = 0.0
        self._since = 0.0
        self._last_voiced = 0.0

    @property
    def stirring(self) -> bool:
        """Voiced audio is arriving that may become speech: too early to decide that the turn has ended."""
        return self.speaking or self._voiced_s > 0.0

    @property
    def undecided(self) -> bool:
        """A soft voice was heard that may turn out to be speech."""
        return self._soft is not None

    def update(self, probability: float, at: float, duration_s: float, level_dbfs: float = 0.0) -> Edge | None:
        """Take one frame that ends at `at`; returns the edge it completes, if any."""
        voice = None
        if probability >= self._threshold:
            voice = self._near.update(level_dbfs, at, duration_s, speaking=self.speaking)
            if voice is Whose.UNSURE and self._soft is None:
                self._soft = _Soft(at - duration_s, at, at - self._voice_at > ALONE_S)
            self._voice_at = at
        if voice is not None:
            self.background = voice in (Whose.BACKGROUND, Whose.UNSURE) or self._near.fades(at)
        else:
            self.background = self.background and self._near.is_background(at)
        if voice is Whose.NEARER:
            self._since = self._last_voiced = at
            return Edge(True, at - duration_s, nearer=True)
        if voice is Whose.PERSON:
            return self._voiced(at, duration_s)
        if self._soft is not None and (edge := self._decide_soft(self._soft, voice, at, duration_s)) is not None:
            return edge
        return self._unvoiced(at, duration_s)

    def _voiced(self, at: float, duration_s: float) -> Edge | None:
        if self._voiced_s <= 0.0:
            self._since = at - duration_s
        self._voiced_s += duration_s
        self._last_voiced = at
        soft = self._soft
        long = soft is not None and at - soft.since > SETTLED_S
        if self.speaking or self._voiced_s < (SYLLABLE_S if long else self._start_s) - 1e-9:
            return None
        self.speaking = True
        if soft is not None:
            if self._near.is_another():
                self._near.reject(soft.last)
            else:
                self._since = soft.since
                self._near.drop()
            self._soft = None
        return Edge(True, self._since)

    def _unvoiced(self, at: float, duration_s: float) -> Edge | None:
        if not self.speaking:
            self._voiced_s = max(0.0, self._voiced_s - duration_s)
        elif at - self._last_voiced >= STOP_S - 1e-9:
            self.speaking, self._voiced_s = False, 0.0
            self._near.pause()
            return Edge(False, max(self._since, self._last_voiced - self._hangover_s))
        return None

    def _decide_soft(self, soft: _Soft, voice: Whose | None, at: float, duration_s: float) -> Edge | None:
        """A soft voice is for us if it stands alone, with silence before and after it."""
        if voice is not None:
            soft.last, soft.voiced_s = at, soft.voiced_s + duration_s
            if at - soft.since > LONGEST_S or not soft.after_silence:
                self._near.reject(at)
                self._soft = None
            return None
        if at - soft.last < ALONE_S:
            return None
        self._soft = None
        if soft.voiced_s < self._start_s - 1e-9:
            self._near.drop()
            return None
        self._near.accept(at)
        self.speaking, self._since, self._last_voiced = True, soft.since, soft.last
        return Edge(True, soft.since)
