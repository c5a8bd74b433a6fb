"""A recognizer that hears what it was told to hear: the public fake for tests, demos and other people's projects."""

from __future__ import annotations

from collections.abc import Iterable

from voice.asr.interface import Transcript
from voice.audio.frames import RATE, Pcm
from voice.errors import EngineError


class ScriptedRecognizer:
    """Returns the given texts, one per utterance that got audio, whatever the audio holds.

    One more word becomes a partial for every `word_s` seconds fed; `result()` gives the whole text. An utterance whose
    number (from 0) is in `failures` raises EngineError at `result()`. After the last text every utterance is empty.
    """

    name = "scripted"

    def __init__(self, texts: Iterable[str], *, word_s: float = 0.2, failures: Iterable[int] = ()) -> None:
        self._texts = list(texts)
        self._word_samples = max(1, round(word_s * RATE))
        self._failures = frozenset(failures)
        self.utterances = 0

    def warm(self) -> None:
        """Nothing to load."""

    def open(self) -> ScriptedUtterance:
        return ScriptedUtterance(self)

    def take(self) -> tuple[str, bool]:
        """The next utterance's text, and whether it is to fail."""
        number, self.utterances = self.utterances, self.utterances + 1
        text = self._texts[number] if number < len(self._texts) else ""
        return text, number in self._failures

    @property
    def word_samples(self) -> int:
        return self._word_samples


class ScriptedUtterance:
    """One utterance of a ScriptedRecognizer."""

    def __init__(self, recognizer: ScriptedRecognizer) -> None:
        self._recognizer = recognizer
        self._words: list[str] | None = None
        self._text = ""
        self._fails = False
        self._samples = 0
        self._shown = 0

    def add_audio(self, pcm: Pcm) -> Transcript | None:
        if self._words is None:
            self._text, self._fails = self._recognizer.take()
            self._words = self._text.split()
        self._samples += len(pcm)
        shown = min(len(self._words), self._samples // self._recognizer.word_samples)
        if shown == self._shown:
            return None
        self._shown = shown
        partial = " ".join(self._words[:shown])
        return Transcript(partial, stable=len(partial))

    def result(self) -> Transcript:
        if self._fails:
            raise EngineError("the scripted recognizer was told to fail", where="asr")
        return Transcript(self._text, stable=len(self._text))

    def close(self) -> None:
        self._words = []
