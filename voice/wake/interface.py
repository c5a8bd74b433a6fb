"""The interface of wake word engines: they receive all audio and report the wake word."""

from __future__ import annotations

from typing import Protocol

from voice.audio.frames import Pcm


class WakeWord(Protocol):
    """Listens for one or more phrases; all phrases share one pass over the audio.

    `lead_s` is the silence or noise it wants to have heard before a phrase, `lag_s` how long after the last sample of
    a phrase it may still answer (both measured).
    """

    phrases: tuple[str, ...]
    lead_s: float
    lag_s: float

    def detect(self, pcm: Pcm) -> str | None:
        """Take audio at 16 kHz, in any lengths; returns the phrase that was said in it, else None."""
        ...

    def reset(self) -> None:
        """Forget earlier audio."""
        ...
