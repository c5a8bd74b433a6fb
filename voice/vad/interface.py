"""What every voice activity detector offers: one probability per frame."""

from __future__ import annotations

from typing import Protocol

from voice.audio.frames import Pcm


class Detector(Protocol):
    """Tells speech from everything else, frame by frame.

    `hangover_s` is how long it goes on reporting speech after the last true speech sample (measured); the endpointer
    subtracts it, so that silence counts from the sample a person would name.
    """

    name: str
    hangover_s: float

    def probability(self, pcm: Pcm) -> float:
        """Chance in 0…1 that these 10, 20 or 30 ms at 16 kHz hold speech; keeps state from frame to frame."""
        ...

    def reset(self) -> None:
        """Forget what was heard, as after a device change."""
        ...
