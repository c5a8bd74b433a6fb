"""The fake synthesizer: one tone per word, the same every time; for tests and for the demo of the loop."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from voice.audio.frames import RATE, Pcm, from_float, silence
from voice.errors import EngineError
from voice.text.patterns import pattern_of
from voice.text.speakable import HAN
from voice.tts.interface import Chunk, Emit, WordMark

WORD = pattern_of(rf"[{HAN}]|[^\W{HAN}]+(?:['’.,:-][^\W{HAN}]+)*")


class ToneSynthesizer:
    """Speaks a tone of `word_ms` and a gap of `gap_ms` per word (per character in Chinese), one chunk per word.

    `fail_on` is text whose presence in a clause raises EngineError; `before_chunk` is called with the
    index of each chunk before it, so that a test can hold or slow the worker thread.
    """

    name = "tone"

    def __init__(
        self,
        rate: int = RATE,
        word_ms: int = 120,
        gap_ms: int = 40,
        fail_on: str = "",
        before_chunk: Callable[[int], object] | None = None,
    ) -> None:
        self.rate = rate
        self._word = round(rate * word_ms / 1000)
        self._gap = silence(gap_ms / 1000, rate)
        self._fail_on = fail_on
        self._before_chunk = before_chunk
        self._cancelled = False

    def warm(self) -> None:
        """Nothing to load."""

    def speak(self, text: str, emit: Emit) -> None:
        """Emit one chunk per word of `text`, each beginning with its mark; nothing for text without words."""
        self._cancelled = False
        if self._fail_on and self._fail_on in text:
            raise EngineError(f"cannot speak {self._fail_on!r}", where=self.name)
        sample = 0
        for index, word in enumerate(WORD.finditer(text)):
            if self._before_chunk is not None:
                self._before_chunk(index)
            pcm = np.concatenate([self._tone(word.group()), self._gap])
            if self._cancelled or not emit(Chunk(pcm, (WordMark(sample, word.start()),))):
                return
            sample += len(pcm)

    def cancel(self) -> None:
        """End a running `speak` at its next word."""
        self._cancelled = True

    def _tone(self, word: str) -> Pcm:
        """A sine of 200–799 Hz chosen by the word, at −12 dBFS, faded in and out over a tenth of its length."""
        hertz = 200 + zlib.crc32(word.lower().encode()) % 600
        time = np.arange(self._word, dtype=np.float32) / self.rate
        edge = np.minimum(
            1.0, np.minimum(np.arange(self._word), np.arange(self._word)[::-1]) / max(1, self._word // 10)
        )
        return from_float((0.25 * edge * np.sin(2 * np.pi * hertz * time)).astype(np.float32))
