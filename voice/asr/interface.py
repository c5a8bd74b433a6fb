"""What every recognizer offers: an utterance that is fed while the person speaks and can be read at any time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from voice.audio.frames import Pcm


@dataclass(frozen=True, slots=True)
class Transcript:
    """Recognized words.

    `text` is empty when there was no speech. `language` is a BCP 47 tag or empty. `stable` counts the leading
    code points of `text` that are final. `notes` carries engine facts for the trace, for example
    {"window": "auto"}. `doubted` is what a first reading took the words for where a second one says otherwise, or
    nothing: good enough for "stop" while something is being said, for nothing else. `newest` is how a partial reads
    by itself, where `text` keeps the case and marks of words that are settled; empty: the same.
    """

    text: str
    language: str = ""
    stable: int = 0
    notes: dict[str, object] = field(default_factory=dict)
    doubted: str = ""
    newest: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """A word with the space before it, if there is one; `start` and `end` in seconds from the clip's beginning."""

    text: str
    start: float
    end: float


class Utterance(Protocol):
    """One turn's audio inside a recognizer. Methods may block; all are called from its one worker thread."""

    def add_audio(self, pcm: Pcm) -> Transcript | None:
        """Take more audio (16 kHz, any length); returns a new partial when the words have changed, else None."""
        ...

    def result(self) -> Transcript:
        """The best words for all audio fed so far; may be called again after more audio, since a turn can grow.

        Raises EngineError when the engine fails.
        """
        ...

    def close(self) -> None:
        """Free the utterance; nothing is read from it afterwards."""
        ...


class Recognizer(Protocol):
    """Turns speech into words. Made once; its methods may block and are called from one worker thread."""

    name: str

    def warm(self) -> None:
        """Load and run once, so that the first real utterance is as fast as the later ones."""
        ...

    def open(self) -> Utterance:
        """Begin an utterance."""
        ...


@runtime_checkable
class Multilingual(Protocol):
    """A recognizer that can be told about a single utterance beforehand."""

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages that it recognizes, such as en and zh."""
        ...

    def with_hints(self, language: str = "", prompt: str = "", *, translate: bool = False) -> Recognizer:
        """The same model, told the language and a text in the style of what will be said.

        With `translate` the words come in English.
        """
        ...


@runtime_checkable
class Interruptible(Protocol):
    """A recognizer that hears a lone word to stop better when it knows that a reply is being spoken."""

    def over_reply(self) -> Recognizer:
        """The same model for what is said over a reply."""
        ...


@runtime_checkable
class Aligner(Protocol):
    """A recognizer that also knows when each word was said."""

    def align(self, pcm: Pcm, transcript: Transcript) -> list[Word]:
        """The words of a transcript of this clip of at most 28 s, in the order of time, none overlapping.

        Raises EngineError when the engine fails.
        """
        ...
