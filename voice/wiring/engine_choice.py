"""Which engines the settings come to on this machine: the one place that resolves them, for every face."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from voice.models.registry import SPEAKER, WHISPER
from voice.models.selection import (
    REMOTE,
    Choice,
    best_present,
    choose_recognizer,
    choose_synthesizer,
    choose_turn_model,
)
from voice.models.store import ModelStore, shipped_registry
from voice.settings.schema import ChatSettings, Settings
from voice.wiring.memory import in_redis


@dataclass(frozen=True, slots=True)
class EngineChoices:
    """The engines that will be used. `turn_model` is the file of the turn model, None for none."""

    recognizer: Choice
    synthesizer: Choice
    detector: str
    turn_model: Path | None
    recognizer_hears: bool
    """Whether the recognizer knows the language; a model or server of the owner's own is assumed to."""

    def short(self, chat: ChatSettings, *, typed: bool) -> str:
        """The engines that a person meets, in a few words."""
        heard = [] if typed else [self.recognizer]
        names = [f"{one.engine} {Path(one.model).name}".strip() for one in (*heard, self.synthesizer)]
        return " · ".join([*names, (chat.model or self.mind(chat)) if chat.llm != "builtin" else self.mind(chat)])

    @staticmethod
    def mind(chat: ChatSettings) -> str:
        """What answers."""
        return chat.server or (f"{chat.llm} {chat.model}".strip() if chat.llm != "builtin" else "builtin responder")

    def lines(self, chat: ChatSettings) -> list[str]:
        """The selected engines, and the commands that install better ones."""
        mind = self.mind(chat)
        better = [choice.better for choice in (self.recognizer, self.synthesizer) if choice.better]
        if mind == "builtin responder":
            better.append("for a language model: --llm http://localhost:11434/v1 --model NAME")
        return [f"words: {self.recognizer} · speech: {self.synthesizer} · answers: {mind}", *better]


def spoken_language(settings: Settings) -> str:
    """The language spoken by the assistant."""
    return settings.tts.language or settings.asr.language or "en"


def recognizer_choice(settings: Settings, language: str = "") -> Choice:
    """The recognizer for `language`, or for asr.language. Raises MissingError, ConfigError."""
    asr, registry = settings.asr, shipped_registry()
    present = ModelStore(settings.models.folder).present(registry)
    return choose_recognizer(asr.engine, asr.model, language or asr.language, present, registry, asr.url)


def synthesizer_choice(settings: Settings, language: str = "") -> Choice:
    """The synthesizer for `language`, or for the configured one. Raises MissingError, ConfigError."""
    tts, registry = settings.tts, shipped_registry()
    present = ModelStore(settings.models.folder).present(registry)
    return choose_synthesizer(tts.engine, tts.voice, language or spoken_language(settings), present, registry, tts.url)


def turn_model_file(settings: Settings) -> Path | None:
    """The file of the turn model, None for none. Raises MissingError."""
    registry = shipped_registry()
    name = choose_turn_model(settings.turn.model, ModelStore(settings.models.folder).present(registry), registry)
    return model_file(settings, name) if name else None


def voice_encoder_file(settings: Settings) -> Path | None:
    """The file of the voice encoder, None where none is downloaded or no voice is to be known."""
    best = best_present(SPEAKER, "", ModelStore(settings.models.folder).present(shipped_registry()))
    return model_file(settings, best.name) if best is not None and not why_no_voices(settings) else None


def why_no_voices(settings: Settings) -> str:
    """The setting by which no one is known by their voice; empty where people may be."""
    if not settings.memory.enabled:
        return "memory.enabled = false"
    if not settings.memory.voices:
        return "memory.voices = false"
    return "chat.store = redis, and voices do not leave this machine" if in_redis(settings) else ""


def engine_choices(settings: Settings, language: str = "") -> EngineChoices:
    """All engines that the settings select, for `language` in place of the configured one if it is given.

    Raises MissingError if a model that is named is not here, ConfigError if a server that is needed is not named.
    """
    recognizer = recognizer_choice(settings, language)
    return EngineChoices(
        recognizer,
        synthesizer_choice(settings, language),
        settings.vad.engine,
        turn_model_file(settings),
        _hears(recognizer, language or settings.asr.language),
    )


def model_file(settings: Settings, name: str) -> Path:
    """The model for an engine: from the store if the registry knows its name, else the path as given."""
    known = next((model for model in shipped_registry() if model.name == name), None)
    return ModelStore(settings.models.folder).given(known) if known else Path(name).expanduser()


def _hears(choice: Choice, language: str) -> bool:
    if choice.engine == REMOTE:
        return True
    if choice.engine != WHISPER:
        return not language or language.lower().startswith("en")
    known = next((model for model in shipped_registry() if model.name == choice.model), None)
    return known is None or known.speaks(language)
