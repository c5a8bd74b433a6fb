"""What the server says about itself to Wyoming clients."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wyoming.info import (
    AsrModel,
    AsrProgram,
    Attribution,
    HandleModel,
    HandleProgram,
    Info,
    TtsProgram,
    TtsVoice,
    WakeModel,
    WakeProgram,
)

from voice import __version__

MAKER = Attribution("voice", "https://github.com/home-assistant/wyoming")
"""Clients require an address here; this one names the protocol."""


@dataclass(frozen=True, slots=True)
class Offering:
    """A model, a voice or a wake word; `phrase` is what a wake word's user says."""

    name: str
    languages: tuple[str, ...]
    description: str = ""
    phrase: str = ""


def catalogue(
    *, recognizer: Offering, voices: Iterable[Offering], wake_words: Iterable[Offering], assistant: Offering, home: bool
) -> Info:
    """The answer to `describe`; `home` says that the assistant can switch things of the home."""
    hears = AsrProgram(
        "voice-asr",
        MAKER,
        True,
        "Speech recognition",
        __version__,
        models=[AsrModel(*_artifact(recognizer), languages=list(recognizer.languages))],
        supports_transcript_streaming=True,
    )
    speaks = TtsProgram(
        "voice-tts",
        MAKER,
        True,
        "Speech synthesis",
        __version__,
        voices=[TtsVoice(*_artifact(voice), languages=list(voice.languages)) for voice in voices],
        supports_synthesize_streaming=True,
    )
    words = [WakeModel(*_artifact(word), languages=list(word.languages), phrase=word.phrase) for word in wake_words]
    wakes = WakeProgram("voice-wake", MAKER, True, "Wake words", __version__, models=words)
    answers = HandleProgram(
        "voice",
        MAKER,
        True,
        "Assistant",
        __version__,
        models=[HandleModel(*_artifact(assistant), languages=list(assistant.languages))],
        supports_handled_streaming=True,
        supports_home_control=home,
    )
    return Info(asr=[hears], tts=[speaks], wake=[wakes] if words else [], handle=[answers])


def _artifact(offer: Offering) -> tuple[str, Attribution, bool, str, str]:
    return offer.name, MAKER, True, offer.description or offer.name, __version__
