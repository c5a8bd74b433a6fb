"""The engine and model that `auto` selects from what is available, and the reason in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voice.errors import ConfigError, MissingError
from voice.models.registry import PIPER, TURN, WHISPER, Model
from voice.text.language_tags import base_language

REMOTE = "remote"

SUGGESTED = {
    WHISPER: {"": "tiny.en", "en": "tiny.en", "*": "base"},
    PIPER: {"": "en_US-joe-medium", "en": "en_US-joe-medium"},
}
"""What to download for a language, `*` for any other; else the highest rank that speaks it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine and its model: a registry name, the user's file or folder, or empty for the engine's own.

    `why` explains the choice, `better` is the command that installs a better one (empty if there is none).
    """

    engine: str
    model: str
    why: str
    better: str = ""

    def __str__(self) -> str:
        return f"{self.engine} {self.model} ({self.why})" if self.model else f"{self.engine} ({self.why})"


def choose_recognizer(
    engine: str, model: str, language: str, present: Sequence[Model], registry: Sequence[Model] = (), url: str = ""
) -> Choice:
    """The recognizer for the settings asr.engine, asr.model, asr.language and asr.url.

    `present` are the models on this disk, of any kind. Raises MissingError where what was asked for is not there.
    """
    if engine == REMOTE or (engine == "auto" and url):
        return _remote("asr.url", url, model)
    if engine not in ("auto", WHISPER):
        return Choice(engine, model, "asked for")
    if model:
        return Choice(WHISPER, _named(model, present, registry), "asked for")
    best = best_present(WHISPER, language, present)
    if best is not None:
        return Choice(WHISPER, best.name, "best present", _upgrade(WHISPER, language, registry, best))
    better = _upgrade(WHISPER, language, registry, None)
    if engine == WHISPER:
        raise MissingError(
            "no Whisper model is downloaded" + (f" for {language}" if language else ""),
            where="asr.engine",
            remedy=better,
        )
    if not language or language.lower().startswith("en"):
        return Choice("pocketsphinx", "", "no Whisper model downloaded; English only", better)
    return Choice("pocketsphinx", "", f"no Whisper model downloaded; English only, not {language}", better)


def choose_synthesizer(
    engine: str, voice: str, language: str, present: Sequence[Model], registry: Sequence[Model] = (), url: str = ""
) -> Choice:
    """The synthesizer for the settings tts.engine, tts.voice, tts.url and the language to speak (empty is English).

    `present` are the models on this disk, of any kind. Raises MissingError where what was asked for is not there.
    """
    if engine == REMOTE or (engine == "auto" and url):
        return _remote("tts.url", url, voice)
    if engine not in ("auto", PIPER):
        return Choice(engine, voice, "asked for")
    known = any(model.name == voice and model.kind == PIPER for model in (*present, *registry))
    if voice and (engine == PIPER or known or voice.endswith(".onnx")):
        return Choice(PIPER, _named(voice, present, registry), "asked for")
    if voice:
        return Choice("espeak", voice, "no downloaded Piper voice has this name")
    language = language or "en"
    best = best_present(PIPER, language, present)
    if best is not None:
        return Choice(PIPER, best.name, "best present", _upgrade(PIPER, language, registry, best))
    better = _upgrade(PIPER, language, registry, None)
    if engine == PIPER:
        raise MissingError(f"no Piper voice for {language} is downloaded", where="tts.engine", remedy=better)
    return Choice("espeak", "", f"no Piper voice for {language} downloaded", better)


def choose_turn_model(model: str, present: Sequence[Model], registry: Sequence[Model] = ()) -> str:
    """The turn model for the setting turn.model: a registry name, a file as the user gave it, or empty for none.

    `present` are the models on this disk, of any kind. Raises MissingError where the one named is not there.
    """
    if model == "auto":
        best = best_present(TURN, "", present)
        return best.name if best else ""
    return "" if model in ("", "off") else _named(model, present, registry)


def _remote(key: str, url: str, model: str) -> Choice:
    if not url:
        raise ConfigError("no server is set", where=key, expected="a URL such as http://HOST:PORT/v1")
    return Choice(REMOTE, model, f"at {url}")


def best_present(kind: str, language: str, models: Sequence[Model]) -> Model | None:
    """The one of highest rank among the models that serve the language; None where none does."""
    fitting = [model for model in models if model.kind == kind and model.speaks(language)]
    return max(fitting, key=lambda model: model.rank, default=None)


def suggested(kind: str, language: str, registry: Sequence[Model]) -> Model | None:
    """The model of the registry to download for a language; None where none serves it."""
    names = SUGGESTED[kind]
    name = names.get(base_language(language), names.get("*"))
    wanted = next((model for model in registry if model.name == name), None)
    return wanted or best_present(kind, language, registry)


def _named(name: str, present: Sequence[Model], registry: Sequence[Model]) -> str:
    """The name or path as given; raises MissingError for a registry model that is not downloaded."""
    if any(model.name == name for model in registry) and all(model.name != name for model in present):
        raise MissingError("the model is not downloaded", where=name, remedy=f"download it: voice models pull {name}")
    return name


def _upgrade(kind: str, language: str, registry: Sequence[Model], best: Model | None) -> str:
    wanted = suggested(kind, language, registry)
    if wanted is None or (best is not None and best.rank >= wanted.rank):
        return ""
    return f"for better {'words' if kind == WHISPER else 'speech'}: voice models pull {wanted.name}"
