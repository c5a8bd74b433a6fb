"""How fast this machine reads speech with a Whisper model."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from voice.asr.whisper import WhisperRecognizer
from voice.audio.frames import RATE
from voice.audio.wav import read_wav
from voice.paths import PACKAGE
from voice.settings.schema import Settings
from voice.wiring.first_start import CLIP_S

CLIP_AT_S = 24.0
"""Where the clip begins in the recorded conversation that ships: "who won the football match yesterday"."""

READINGS = 5


def read_ms(folder: Path, settings: Settings, clock: Callable[[], float] = time.perf_counter) -> float:
    """Milliseconds the model in `folder` takes for CLIP_S of speech, with the settings' threads and window.

    The median of READINGS after one that warms up. Raises MissingError where the folder is not a whole model.
    """
    begin = int(CLIP_AT_S * RATE)
    clip = read_wav(PACKAGE / "demo" / "conversation.wav")[begin : begin + int(CLIP_S * RATE)]
    engine = WhisperRecognizer(folder, language="en", threads=settings.models.threads, window=settings.asr.window)
    engine.read(clip, "en")
    took = []
    for _ in range(READINGS):
        begun = clock()
        engine.read(clip, "en")
        took.append(clock() - begun)
    return 1000 * statistics.median(took)
