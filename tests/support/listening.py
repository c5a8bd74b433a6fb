"""Someone who listens to a synthesizer: keeps the chunks, and may have heard enough."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from voice.audio.frames import Pcm
from voice.tts.interface import Chunk, Synthesizer, WordMark


class Listener:
    """An `Emit` that wants at most `enough` chunks and calls `on_chunk` with the number heard so far."""

    def __init__(self, enough: int = 1_000_000, on_chunk: Callable[[int], None] | None = None) -> None:
        self.chunks: list[Chunk] = []
        self._enough = enough
        self._on_chunk = on_chunk

    def __call__(self, chunk: Chunk) -> bool:
        self.chunks.append(chunk)
        if self._on_chunk is not None:
            self._on_chunk(len(self.chunks))
        return len(self.chunks) < self._enough

    @property
    def pcm(self) -> Pcm:
        return np.concatenate([np.zeros(0, np.int16), *(chunk.pcm for chunk in self.chunks)])

    @property
    def marks(self) -> list[WordMark]:
        return [mark for chunk in self.chunks for mark in chunk.marks]

    def words(self, text: str) -> list[str]:
        """`text` cut at the marks."""
        cuts = [*(mark.char for mark in self.marks), len(text)]
        return [text[start:end].strip() for start, end in pairwise(cuts)]


def listen(engine: Synthesizer, text: str, enough: int = 1_000_000) -> Listener:
    """Have `text` spoken and return who listened."""
    listener = Listener(enough)
    engine.speak(text, listener)
    return listener
