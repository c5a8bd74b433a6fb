"""The spoken commands in tests/fixtures/speech, and ways to feed audio to a recognizer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from voice.asr.interface import Recognizer, Transcript, Utterance
from voice.audio.frames import RATE, Pcm
from voice.audio.wav import read_wav

FOLDER = Path(__file__).parents[1] / "fixtures" / "speech"


def commands() -> list[tuple[Path, str]]:
    """Each spoken command with its words."""
    rows = [line.split("\t") for line in (FOLDER / "transcripts.tsv").read_text(encoding="utf-8").splitlines()]
    return [(FOLDER / name, text) for name, text, _ in rows]


def command(name: str) -> Pcm:
    return read_wav(FOLDER / f"{name}.wav")


def stream(utterance: Utterance, pcm: Pcm, frame_ms: int = 20) -> list[Transcript]:
    """Feed audio frame by frame; returns the partials."""
    step = RATE * frame_ms // 1000
    partials = (utterance.add_audio(pcm[start : start + step]) for start in range(0, len(pcm), step))
    return [partial for partial in partials if partial is not None]


def heard(recognizer: Recognizer, clips: Iterable[tuple[Path, str]]) -> list[tuple[str, str]]:
    """What was said and what was heard of each clip, streamed one after the other in 20 ms frames."""
    pairs = []
    for path, said in clips:
        utterance = recognizer.open()
        stream(utterance, read_wav(path))
        pairs.append((said, utterance.result().text))
        utterance.close()
    return pairs


def white_noise(duration_s: float, dbfs: float) -> Pcm:
    samples = np.random.default_rng(7).normal(0.0, 32768 * 10 ** (dbfs / 20), round(duration_s * RATE))
    return np.clip(samples, -32768, 32767).astype(np.int16)
