"""The published models that the tests run: Whisper tiny.en, Piper joe, Smart Turn; fetched once by scripts/test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


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


def smart_turn_file() -> Path:
    """The file of Smart Turn v3.2; the test fails where it is absent."""
    folder = _present(models_folder() / "smart-turn", "smart-turn-v3.2-cpu.onnx")
    return folder / "smart-turn-v3.2-cpu.onnx"


def _present(folder: Path, file: str) -> Path:
    if not (folder / file).is_file():
        pytest.fail(f"{folder}: {file} is not here; ./scripts/test fetches it", pytrace=False)
    return folder
