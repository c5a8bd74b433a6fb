"""The published models that the tests run: Whisper tiny.en, Piper joe, Smart Turn; fetched once by scripts/test."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from voice.asr.whisper import WhisperRecognizer
from voice.audio.frames import RATE, Pcm
from voice.audio.resample import resample

if TYPE_CHECKING:
    from piper import PiperVoice


def models_folder() -> Path:
    """The folder of the models for tests: VOICE_TEST_MODELS, or one in the user's cache."""
    named = os.environ.get("VOICE_TEST_MODELS")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named) if named else Path(cache) / "voice-assistant" / "test-models"


def whisper_folder(name: str = "tiny.en") -> Path:
    """The folder of a published Whisper model; the test fails where it is absent."""
    return _present(models_folder() / name, "model.bin")


def piper_voice(name: str = "en_US-joe-medium") -> Path:
    """The folder of a published Piper voice; the test fails where it is absent."""
    return _present(models_folder() / name, f"{name}.onnx")


def joe(folder: Path) -> Path:
    """The voice en_US-joe-medium.onnx, linked into this folder, beside which the product may keep its parts."""
    for file in piper_voice().iterdir():
        if file.name.startswith("en_US-joe-medium.onnx"):
            (folder / file.name).symlink_to(file)
    return folder / "en_US-joe-medium.onnx"


def smart_turn_file() -> Path:
    """The file of Smart Turn v3.2; the test fails where it is absent."""
    folder = _present(models_folder() / "smart-turn", "smart-turn-v3.2-cpu.onnx")
    return folder / "smart-turn-v3.2-cpu.onnx"


@functools.cache
def tiny_en(window: str = "full") -> WhisperRecognizer:
    """Whisper tiny.en without partials, loaded once in a process for all tests."""
    return WhisperRecognizer(whisper_folder(), language="en", window=window, partial_s=0)


def heard(pcm: Pcm) -> str:
    """What Whisper reads in audio of 16 kHz, of any length."""
    utterance = tiny_en("auto").open()
    for start in range(0, len(pcm), RATE):
        utterance.add_audio(pcm[start : start + RATE])
    return utterance.result().text


@functools.cache
def spoken_by_joe(text: str) -> Pcm:
    """These words in Piper's voice joe at 16 kHz; without its random noise, so the same in every run."""
    from piper import SynthesisConfig

    even = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)
    pcm = np.concatenate([chunk.audio_int16_array for chunk in _joe().synthesize(text, even)])
    return resample(pcm, _joe().config.sample_rate, RATE)


@functools.cache
def _joe() -> PiperVoice:
    from piper import PiperVoice

    return PiperVoice.load(piper_voice() / "en_US-joe-medium.onnx")


def _present(folder: Path, file: str) -> Path:
    if not (folder / file).is_file():
        pytest.fail(f"{folder}: {file} is not here; ./scripts/test fetches it", pytrace=False)
    return folder


def voice_encoder_file() -> Path:
    """The file of the voice encoder; the test is skipped, saying so, where it is absent: one package carries it."""
    file = models_folder() / "voice-encoder" / "pretrained.pt"
    if not file.is_file():
        pytest.skip(f"{file} is not here: voice models pull voice-encoder --set models.folder={models_folder()}")
    return file
