"""Breath or end of turn: how much silence ends this turn, given its words and this person's own pauses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from voice.turn.completeness import UNKNOWN, Completeness


@dataclass(frozen=True, slots=True)
class EndpointRule:
    """How much silence ends the turn, seconds from the last speech sample, and why, for the trace."""

    silence_s: float
    why: str


class Endpointer:
    """Decides how long to wait.

    Fixed: always `silence_s`. Adaptive: within `min_s`…`max_s`, longest when `judge(words)` says they are unfinished
    or a turn model that the turn is, else shorter when either says complete, otherwise from the person's own pauses:
    an exponential average of the pauses they spoke on after, with a margin, never below `silence_s`.
    """

    SHARE = 0.25
    """Weight of the newest pause in the average."""

    MARGIN = 1.6
    """The silence waited for is this many times the usual pause, so that a usual pause does not end the turn."""

    def __init__(
        self,
        *,
        silence_s: float,
        min_s: float,
        max_s: float,
        adaptive: bool,
        judge: Callable[[str], Completeness] = lambda words: UNKNOWN,
    ) -> None:
        self._silence_s, self._min_s, self._max_s = silence_s, min_s, max_s
        self._adaptive, self._judge = adaptive, judge
        self.usual_pause_s = silence_s / self.MARGIN

    def spoke_on_after(self, pause_s: float, words: str = "", complete: float | None = None) -> None:
        """Learn that this person paused for so long after these words of a turn.

        What looks unfinished teaches nothing: it is waited for anyway, and would make every other wait longer.
        """
        if self._looks(words, complete).verdict != "unfinished":
            self.usual_pause_s += self.SHARE * (pause_s - self.usual_pause_s)

    def rule(self, words: str, complete: float | None = None) -> EndpointRule:
        """The silence that ends a turn with these words so far and this chance, by a turn model, to be complete."""
        if not self._adaptive:
            return EndpointRule(self._silence_s, "fixed")
        looks = self._looks(words, complete)
        if looks.verdict == "unfinished":
            return EndpointRule(self._max_s, f"unfinished: {looks.rule}")
        own_s = self.usual_pause_s * self.MARGIN
        if looks.verdict == "complete":
            return EndpointRule(self._within(min(self._silence_s, own_s) / 2), f"complete: {looks.rule}")
        why = "default" if own_s <= self._silence_s + 1e-9 else "own pauses"
        return EndpointRule(self._within(max(own_s, self._silence_s)), why)

    def _looks(self, words: str, complete: float | None) -> Completeness:
        """What the words and the turn model come to: unfinished, whichever says so; else the model where it speaks."""
        looks = self._judge(words) if words else UNKNOWN
        if complete is None or looks.verdict == "unfinished":
            return looks
        return Completeness("complete" if complete >= 0.5 else "unfinished", f"model {complete:.2f}")

    def _within(self, silence_s: float) -> float:
        return min(max(silence_s, self._min_s), self._max_s)
