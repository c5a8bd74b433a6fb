"""Creates the engines from settings: recognizer, synthesizer, detector, turn model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from voice.asr.interface import Recognizer
from voice.errors import ConfigError, MissingError
from voice.models.registry import Model
from voice.models.selection import choose_recognizer, choose_synthesizer, choose_turn_model
from voice.models.store import ModelStore, shipped_registry
from voice.settings.schema import Settings
from voice.tts.interface import Synthesizer
from voice.turn.turn_model import TurnModel
from voice.vad.interface import Detector
from voice.vad.speech_gate import SpeechGate
from voice.wake.interface import WakeWord
from voice.wake.wake_gate import WakeGate

ESPEAK_VOICES = {"en": "en-us", "zh": "cmn"}
"""espeak-ng's names where they differ from the language tag."""


def language(settings: Settings) -> str:
    """The language spoken by the assistant."""
    return settings.tts.language or settings.asr.language or "en"


def recognizer(settings: Settings, *, partials: bool = True) -> Recognizer:
    """The recognizer the settings name; `auto` takes Whisper where a model is present.

    Without `partials` it does not read again and again what is still being said.
    """
    asr = settings.asr
    registry, store = shipped_registry(), ModelStore(settings.models.folder)
    chosen = choose_recognizer(asr.engine, asr.model, asr.language, store.present(registry), registry, asr.url)
    if chosen.engine == "remote":
        from voice.asr.remote import RemoteRecognizer

        told = " ".join(part.strip() for part in (asr.hotwords, asr.prompt) if part.strip())
        return RemoteRecognizer(asr.url, model=chosen.model, language=asr.language, api_key=asr.api_key, prompt=told)
    if chosen.engine == "whisper":
        from voice.asr.whisper import PARTIAL_S, WhisperRecognizer

        folder = _place(chosen.model, registry, store)
        return WhisperRecognizer(
            folder,
            language=asr.language,
            threads=settings.models.threads,
            window=asr.window,
            partial_s=PARTIAL_S if partials else 0.0,
            prompt=asr.prompt,
            hotwords=asr.hotwords,
        )
    from voice.asr.pocketsphinx import SphinxRecognizer

    return SphinxRecognizer()


def whisper_folder(settings: Settings) -> Path | None:
    """Where the Whisper model lies that the settings name or would take; none where none is present."""
    asr = settings.asr
    registry, store = shipped_registry(), ModelStore(settings.models.folder)
    try:
        chosen = choose_recognizer("whisper", asr.model, asr.language, store.present(registry), registry, asr.url)
    except MissingError:
        return None
    return _place(chosen.model, registry, store)


def _place(name: str, registry: Sequence[Model], store: ModelStore) -> Path:
    """The model for an engine: from the store if the registry knows its name, else the path as given."""
    known = next((model for model in registry if model.name == name), None)
    return store.given(known) if known else Path(name).expanduser()


def synthesizer(settings: Settings) -> Synthesizer:
    """The synthesizer the settings name; `auto` takes Piper where a voice of the language is present."""
    tts, speaks = settings.tts, language(settings)
    registry, store = shipped_registry(), ModelStore(settings.models.folder)
    chosen = choose_synthesizer(tts.engine, tts.voice, speaks, store.present(registry), registry, tts.url)
    if chosen.engine == "remote":
        from voice.tts.remote import RemoteSynthesizer

        return RemoteSynthesizer(tts.url, model=tts.model, voice=tts.voice, speed=tts.speed, api_key=tts.api_key)
    if chosen.engine == "piper":
        from voice.tts.piper import PiperSynthesizer

        voice = _place(chosen.model, registry, store)
        split: Literal["auto", "off"] = "auto" if tts.split == "auto" else "off"
        return PiperSynthesizer(voice, speed=tts.speed, split=split, threads=settings.models.threads)
    if chosen.engine == "tone":
        from voice.tts.tone import ToneSynthesizer

        return ToneSynthesizer()
    return espeak(settings, chosen.model)


def espeak(settings: Settings, voice: str = "") -> Synthesizer:
    from voice.tts.espeak import EspeakSynthesizer

    speaks = language(settings)
    return EspeakSynthesizer(voice or ESPEAK_VOICES.get(speaks.split("-")[0], speaks), speed=settings.tts.speed)


def detector(settings: Settings) -> Detector:
    """The configured voice activity detector."""
    if settings.vad.engine == "silero":
        from voice.vad.silero import SileroDetector

        return SileroDetector()
    from voice.vad.webrtc import WebrtcDetector

    if settings.vad.engine == "both":
        from voice.vad.silero import SileroDetector
        from voice.vad.two_stage import TwoStageDetector

        return TwoStageDetector(WebrtcDetector(min(1, settings.vad.aggressiveness)), SileroDetector())
    return WebrtcDetector(settings.vad.aggressiveness)


def speech_gate(settings: Settings, hears: Detector) -> SpeechGate:
    """What makes stretches of speech of what the detector says."""
    vad = settings.vad
    return SpeechGate(start_s=vad.start_ms / 1000, hangover_s=hears.hangover_s, background_db=vad.background_db)


def turn_model(settings: Settings) -> TurnModel:
    """The configured turn model. Raises ConfigError if there is none; see `judges`."""
    from voice.turn.smart_turn import SmartTurn

    file = _turn_model_file(settings)
    if file is None:
        raise ConfigError("no turn model is set or downloaded", where="turn.model")
    return SmartTurn(file)


def judges(settings: Settings) -> bool:
    """Whether a turn model is needed: not with a fixed silence."""
    return settings.turn.endpointing == "adaptive" and _turn_model_file(settings) is not None


def _turn_model_file(settings: Settings) -> Path | None:
    registry, store = shipped_registry(), ModelStore(settings.models.folder)
    chosen = choose_turn_model(settings.turn.model, store.present(registry), registry)
    return _place(chosen, registry, store) if chosen else None


def wake_gate(settings: Settings, *, spoken: bool) -> WakeGate:
    """The gate for speech to the assistant; without a microphone, or with a recording, all speech passes."""
    wake = settings.wake
    if not spoken or wake.mode == "always":
        return WakeGate(always=True)
    word: WakeWord | None = None
    if wake.mode == "word":
        from voice.wake.micro_wake_word import MicroWakeWords

        names = [name.strip() for name in wake.words.split(",") if name.strip()]
        if not names:
            raise ConfigError("no wake word is set", where="wake.words", expected="one or two, such as hey_jarvis")
        word = MicroWakeWords(names, wake.sensitivity)
    return WakeGate(word, window_s=wake.window_s, follow_up_s=wake.follow_up_s, refractory_s=wake.refractory_s)
