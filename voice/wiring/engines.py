"""Creates the engines from settings: recognizer, synthesizer, detector, turn model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from voice.asr.interface import Recognizer
from voice.errors import ConfigError, MissingError
from voice.settings.schema import Settings
from voice.tts.interface import Synthesizer
from voice.turn.turn_model import TurnModel
from voice.vad.interface import Detector
from voice.vad.speech_gate import SpeechGate
from voice.wake.interface import WakeWord
from voice.wake.wake_gate import WakeGate
from voice.wiring.engine_choice import (
    model_file,
    recognizer_choice,
    spoken_language,
    synthesizer_choice,
    turn_model_file,
)

ESPEAK_VOICES = {"en": "en-us", "zh": "cmn"}
"""espeak-ng's names where they differ from the language tag."""


def recognizer(settings: Settings, *, partials: bool = True) -> Recognizer:
    """The recognizer the settings name; `auto` takes Whisper where a model is present.

    Without `partials` it does not read again and again what is still being said.
    """
    asr = settings.asr
    chosen = recognizer_choice(settings)
    if chosen.engine == "remote":
        from voice.asr.remote import RemoteRecognizer

        told = " ".join(part.strip() for part in (asr.hotwords, asr.prompt) if part.strip())
        return RemoteRecognizer(asr.url, model=chosen.model, language=asr.language, api_key=asr.api_key, prompt=told)
    if chosen.engine == "whisper":
        from voice.asr.whisper import PARTIAL_S, WhisperRecognizer

        return WhisperRecognizer(
            model_file(settings, chosen.model),
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
    asr = replace(settings.asr, engine="whisper", url="")
    try:
        return model_file(settings, recognizer_choice(replace(settings, asr=asr)).model)
    except MissingError:
        return None


def synthesizer(settings: Settings) -> Synthesizer:
    """The synthesizer the settings name; `auto` takes Piper where a voice of the language is present."""
    tts = settings.tts
    chosen = synthesizer_choice(settings)
    if chosen.engine == "remote":
        from voice.tts.remote import RemoteSynthesizer

        return RemoteSynthesizer(tts.url, model=tts.model, voice=tts.voice, speed=tts.speed, api_key=tts.api_key)
    if chosen.engine == "piper":
        from voice.tts.piper import PiperSynthesizer

        voice = model_file(settings, chosen.model)
        split: Literal["auto", "off"] = "auto" if tts.split == "auto" else "off"
        return PiperSynthesizer(voice, speed=tts.speed, split=split, threads=settings.models.threads)
    if chosen.engine == "tone":
        from voice.tts.tone import ToneSynthesizer

        return ToneSynthesizer()
    return espeak(settings, chosen.model)


def espeak(settings: Settings, voice: str = "") -> Synthesizer:
    from voice.tts.espeak import EspeakSynthesizer

    speaks = spoken_language(settings)
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
    return SpeechGate(
        start_s=vad.start_ms / 1000,
        hangover_s=hears.hangover_s,
        background_db=vad.background_db,
        afar=vad.afar or settings.wake.mode != "always",  # who calls it by name may be anywhere
    )


def turn_model(settings: Settings) -> TurnModel:
    """The configured turn model. Raises ConfigError if there is none; see `judges`."""
    from voice.turn.smart_turn import SmartTurn

    file = turn_model_file(settings)
    if file is None:
        raise ConfigError("no turn model is set or downloaded", where="turn.model")
    return SmartTurn(file)


def judges(settings: Settings) -> bool:
    """Whether a turn model is needed: not with a fixed silence."""
    return settings.turn.endpointing == "adaptive" and turn_model_file(settings) is not None


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
