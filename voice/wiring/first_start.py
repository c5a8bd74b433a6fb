"""What a new machine should fetch: the recognizer that fits its speed, the language's voice, the turn model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voice.models.registry import PIPER, TURN, WHISPER, Model
from voice.models.selection import best_present, suggested
from voice.settings.schema import Settings
from voice.text.language_tags import base_language

FAST, GOOD = "tiny.en", "base"
"""Whisper models of the first start: the one any machine can read English with, and the one for ~100 languages."""

CLIP_S = 3.0
ENOUGH_MS = 250.0
"""A machine that reads a clip of CLIP_S within this keeps up with a conversation."""

TIMES = 2.5
"""How much longer GOOD takes than FAST: between 2.1 and 3.1 where both were measured."""

LEAST_BYTES = 900 * 2**20
"""With less memory the models leave no room for anything else: a conversation with FAST and a voice takes 380 MB."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The Whisper model that fits, and why, in words."""

    model: str
    why: str


@dataclass(frozen=True, slots=True)
class ModelsToFetch:
    """What a conversation needs from the registry.

    `measured` says that the recognizer is FAST or GOOD, whichever `fit` says; `models` are all the rest.
    """

    measured: bool
    models: tuple[Model, ...]


def fit(read_ms: Mapping[str, float], language: str = "") -> Fit:
    """The Whisper model that fits, by how long the clip takes, in ms, with the models that were measured.

    `language` is that of asr.language. FAST must have been measured, unless the language is another than English.
    """
    if base_language(language) not in ("", "en"):
        return Fit(GOOD, f"{FAST} knows English only, not {language}")
    fast = read_ms[FAST]
    good = read_ms.get(GOOD)
    told = f"this machine reads {CLIP_S:g} s of speech in {fast:.0f} ms with {FAST}"
    told += f", about {TIMES * fast:.0f} ms with {GOOD}" if good is None else f", {good:.0f} ms with {GOOD}"
    if (TIMES * fast if good is None else good) <= ENOUGH_MS:
        return Fit(GOOD, f"{told}: fast enough for {GOOD} (at most {ENOUGH_MS:.0f} ms)")
    return Fit(FAST, f"{told}: too slow for {GOOD} (at most {ENOUGH_MS:.0f} ms)")


def wanted(settings: Settings, present: Sequence[Model], registry: Sequence[Model]) -> ModelsToFetch:
    """What these settings need that is not among `present`; engines that are asked for by name need nothing."""
    asr, tts, turn = settings.asr, settings.tts, settings.turn
    named: list[Model | None] = []
    measured = False
    if asr.engine in ("auto", WHISPER) and not asr.url:
        if asr.model:
            named.append(_model(asr.model, registry))
        elif best_present(WHISPER, asr.language, present) is None:
            measured = base_language(asr.language) in ("", "en")
            named.append(None if measured else _model(fit({}, asr.language).model, registry))
    if tts.engine in ("auto", PIPER) and not tts.url:
        language = tts.language or asr.language or "en"
        if tts.voice:
            named.append(_model(tts.voice, registry))
        elif best_present(PIPER, language, present) is None:
            named.append(suggested(PIPER, language, registry))
    if turn.endpointing == "adaptive":
        if turn.model == "auto":
            named.append(best_present(TURN, "", registry))
        elif turn.model:
            named.append(_model(turn.model, registry))
    return ModelsToFetch(measured, tuple(model for model in named if model is not None and model not in present))


def _model(name: str, registry: Sequence[Model]) -> Model | None:
    return next((model for model in registry if model.name == name), None)
