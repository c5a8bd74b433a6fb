"""A model that hears from the sound of a turn whether it is complete. Optional; none is shipped."""

from __future__ import annotations

from typing import Protocol

from voice.audio.frames import Pcm

HEARD_S = 8.0
"""The most of a turn's end that is given to a turn model, seconds."""


class TurnModel(Protocol):
    """Used from one thread only."""

    def warm(self) -> None:
        """Run once, so that the first turn is as fast as the others."""
        ...

    def probability(self, pcm: Pcm) -> float:
        """Chance in 0…1 that the turn is complete.

        `pcm` is the turn so far at 16 kHz, at most its last `HEARD_S`, up to now, silence included.
        Raises EngineError.
        """
        ...
