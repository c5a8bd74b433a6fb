"""What every synthesizer offers: a clause in, chunks of audio out as they are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from voice.audio.frames import Pcm


@dataclass(frozen=True, slots=True)
class WordMark:
    """Where a word begins: `sample` within the clause's audio, `char` as code point offset within the clause's text."""

    sample: int
    char: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some audio of a clause at the synthesizer's `rate`; `marks` are the words that begin in it, where known."""

    pcm: Pcm
    marks: tuple[WordMark, ...] = ()


Emit = Callable[[Chunk], bool]
"""Receives audio as it is made; returns False when the rest of this clause is not wanted."""


class Synthesizer(Protocol):
    """Turns clauses into audio. Its methods block and are called from one worker thread, except `cancel`."""

    name: str
    rate: int

    def warm(self) -> None:
        """Load and run once, so that the first real clause is as fast as the later ones."""
        ...

    def speak(self, text: str, emit: Emit) -> None:
        """Synthesize plain speakable text and emit it chunk by chunk; returns when done or told to stop.

        Raises EngineError when the engine fails.
        """
        ...

    def cancel(self) -> None:
        """Make a running `speak` return soon, even within a word; callable from any thread, harmless when idle."""
        ...
