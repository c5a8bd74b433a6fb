"""Breath or end of turn: how much silence ends this turn, by its words, its sound and this person's own pauses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from voice.turn.completeness import UNKNOWN, Completeness, Verdict, without_marks

Sounds = Literal["done", "going on", "unheard"]
Wait = Literal["short", "usual", "long"]

WAITS: dict[tuple[Verdict, Sounds], Wait] = {
    ("unfinished", "done"): "long", ("unfinished", "going on"): "long", ("unfinished", "unheard"): "long",
    ("unclosed", "done"): "usual", ("unclosed", "going on"): "long", ("unclosed", "unheard"): "usual",
    ("unknown", "done"): "short", ("unknown", "going on"): "long", ("unknown", "unheard"): "usual",
    ("complete", "done"): "short", ("complete", "going on"): "usual", ("complete", "unheard"): "short",
}  # fmt: skip
"""The decision, from what the words say and how the turn sounds. Unfinished words outweigh all else."""

DONE = 0.5
"""The turn model's chance from which a turn sounds done."""


@dataclass(frozen=True, slots=True)
class EndpointRule:
    """How much silence ends the turn, seconds from the last speech sample, and why, for the trace."""

    silence_s: float
    why: str


class Endpointer:
    """Decides how long to wait.

    Fixed: always `silence_s`. Adaptive: within `min_s`…`max_s` by `WAITS`, from what `judge(words)` makes of the words
    and a turn model of the sound. The usual wait is this person's own pause, an exponential average of the hesitations
    they spoke on after, with a margin, never below `silence_s`; the short one is at most half of that, the long one
    `max_s`.
    """

    SHARE = 0.25
    """Weight of the newest pause in the average."""

    MARGIN = 1.6
    """The silence waited for is this many times the usual pause, so that a usual pause does not end the turn."""

    HESITATION_S = 0.2
    """Shorter pauses are part of speaking: no wait is so short that they matter."""

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
        self.usual_pause_s = self._expected_s = silence_s / self.MARGIN

    def spoke_on_after(self, pause_s: float, words: str = "", complete: float | None = None) -> None:
        """Record how long this person paused after these words of a turn.

        What looks unfinished teaches nothing: it is waited for anyway, and would make every other wait longer.
        """
        if pause_s >= self.HESITATION_S and self._weigh(words, complete, final=True)[0] != "long":
            self.usual_pause_s += self.SHARE * (min(pause_s, self._max_s) - self.usual_pause_s)

    def ended(self) -> None:
        """Learn that a turn was over where it was taken to be: without new hesitations, old ones are forgotten."""
        if self.usual_pause_s > self._expected_s:
            self.usual_pause_s += self.SHARE * (self._expected_s - self.usual_pause_s)

    def rule(self, words: str, complete: float | None = None, *, final: bool = True) -> EndpointRule:
        """The silence that ends a turn with these words so far and this chance, by a turn model, to be complete.

        Words that are not `final` are older than the pause: they may make the wait longer, never shorter.
        """
        if not self._adaptive:
            return EndpointRule(self._silence_s, "fixed")
        wait, why = self._weigh(words, complete, final=final)
        if wait == "long":
            return EndpointRule(self._max_s, f"unfinished: {why}")
        own_s = self.usual_pause_s * self.MARGIN
        if wait == "short":
            return EndpointRule(self._within(min(own_s, self._silence_s) / 2), f"complete: {why}")
        own = own_s > self._silence_s + 1e-9
        return EndpointRule(
            self._within(max(own_s, self._silence_s)), "own pauses" if own else f"default{why and f': {why}'}"
        )

    def may_be_over(self, words: str, complete: float | None = None) -> bool:
        """Whether words that are older than the pause, and the sound, do not look unfinished."""
        return not self._adaptive or self._weigh(words, complete, final=False)[0] != "long"

    def _weigh(self, words: str, complete: float | None, *, final: bool) -> tuple[Wait, str]:
        looks = self._judge(words if final else without_marks(words)) if words else UNKNOWN
        sounds: Sounds = "unheard" if complete is None else "done" if complete >= DONE else "going on"
        wait = WAITS[looks.verdict, sounds]
        signs = (looks.rule, f"model {complete:.2f}" if complete is not None else "")
        return "usual" if wait == "short" and not final else wait, ", ".join(sign for sign in signs if sign)

    def _within(self, silence_s: float) -> float:
        return min(max(silence_s, self._min_s), self._max_s)
