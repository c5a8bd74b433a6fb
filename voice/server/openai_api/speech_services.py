"""What the audio endpoints need from outside: a recognizer for recordings, and voices by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from voice.asr.interface import Recognizer
from voice.tts.interface import Synthesizer
from voice.worker import Worker


@dataclass(frozen=True, slots=True)
class InstalledVoice:
    """A voice that can be asked for by its name."""

    name: str
    languages: tuple[str, ...]
    about: str = ""


class SpeechServices(Protocol):
    """Engines that all clients share. They are not those of spoken conversations, which must not wait."""

    @property
    def recognizer(self) -> Worker[Recognizer]:
        """The recognizer."""
        ...

    @property
    def recognizer_name(self) -> str:
        """The model of the recognizer, or its engine."""
        ...

    def voices(self) -> Sequence[InstalledVoice]:
        """The configured voice first, then the others."""
        ...

    def voice(self, name: str = "", language: str = "", speed: float = 1.0) -> Worker[Synthesizer]:
        """The voice of this name, else one of the language, else the configured one; `speed` is a factor."""
        ...
