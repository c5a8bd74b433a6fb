"""microWakeWord's streaming models on TensorFlow Lite, from the package pymicro-wakeword that carries them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from voice.audio.frames import Pcm
from voice.errors import ConfigError, MissingError

EVEN = 0.5
"""The sensitivity at which each model's own threshold holds."""

STRICTEST, LAXEST = 0.995, 0.5
"""Thresholds of sensitivity 0 and 1, a mean probability over the model's sliding window; 0.996 is the most there is."""


def threshold(own: float, sensitivity: float) -> float:
    """The detection threshold, between `STRICTEST` and `LAXEST`, with the model's `own` in the middle."""
    if sensitivity < EVEN:
        return own + (STRICTEST - own) * (1 - sensitivity / EVEN)
    return own - (own - LAXEST) * (sensitivity - EVEN) / (1 - EVEN)


class MicroWakeWords:
    """Detects each of `names`: a model of the package, such as hey_jarvis, or a JSON file next to a model.

    Raises MissingError if the package or a file is missing, ConfigError for an unknown name.
    """

    lead_s = 0.3
    lag_s = 0.05

    def __init__(self, names: Sequence[str], sensitivity: float = EVEN) -> None:
        try:
            import pymicro_wakeword as package
        except (ImportError, OSError):
            raise MissingError(
                "the wake word engine is not installed",
                where="wake.mode = word",
                expected="the package pymicro-wakeword",
                remedy="pip install 'voice-at-home[wake]', or set wake.mode to always or button",
            ) from None
        self._models = [_load(package, name) for name in names]
        self._features: Any = package.MicroWakeWordFeatures()
        self._thresholds = [threshold(model.probability_cutoff, sensitivity) for model in self._models]
        self.phrases = tuple(str(model.wake_word).lower() for model in self._models)

    def detect(self, pcm: Pcm) -> str | None:
        """Run every model over the audio; the first phrase any of them is sure of."""
        said = None
        for features in self._features.process_streaming(pcm.astype("<i2", copy=False).tobytes()):
            for model, least, phrase in zip(self._models, self._thresholds, self.phrases, strict=True):
                if (model.process_streaming_prob(features) or 0.0) > least:
                    said = said or phrase
        return said

    def reset(self) -> None:
        """Reset the models."""
        self._features.reset()
        for model in self._models:
            model.reset()


def _load(package: Any, name: str) -> Any:
    known = [model.value for model in package.Model]
    if name in known:
        return package.MicroWakeWord.from_builtin(package.Model(name))
    path = Path(name).expanduser()
    if path.suffix != ".json":
        raise ConfigError(
            f"unknown wake word: {name!r}", where="wake.words", expected=f"{', '.join(known)}, or a model's .json"
        )
    try:
        _check(path)
        return package.MicroWakeWord.from_config(path)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise MissingError(
            f"not a readable wake word model ({why})", where=str(path), expected="microWakeWord's JSON beside a .tflite"
        ) from error


def _check(path: Path) -> None:
    """Check the files first: the C library ends the process if a model is missing."""
    model = path.parent / json.loads(path.read_text("utf-8"))["model"]
    with model.open("rb") as file:
        if file.read(8)[4:] != b"TFL3":
            raise ValueError(f"{model.name} is not a TensorFlow Lite model")
