"""What `voice bench turns` listens to: recordings of one turn each, with the pauses inside and the true end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, pairwise
from pathlib import Path

import numpy as np

from voice.audio.frames import RATE, Pcm, silence
from voice.audio.resample import Resampler
from voice.audio.wav import read_wav
from voice.errors import MissingError
from voice.tts.interface import Chunk, Synthesizer

SENTENCES = Path(__file__).parent / "sets" / "turns.txt"

HESITATION_S = 0.2
"""Shorter quiet inside a turn is part of speaking: a stop consonant, a breath between two words."""

BELOW_PEAK_DB = 30.0
"""Quiet is what stays this much below the loud parts of a recording."""

STEP = RATE // 100

PAUSES_S = (0.3, 0.5, 0.7, 0.9, 0.4, 0.6, 0.8)
"""Pauses of the synthesized sentences, in turn."""

LEAD_S = 0.3
TAIL_S = 3.0
"""Quiet after the end: a system that has not decided by then has missed it."""

ROOM_DBFS = -70.0
FADE = RATE // 200
"""Samples of the fade where a sentence is cut, so that the cut is no click."""

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Clip:
    """One turn: `pcm` with quiet before and after, the hesitations in it and its last speech sample, seconds."""

    name: str
    pcm: Pcm
    pauses: tuple[Interval, ...]
    end_s: float

    def spoken_until(self, at_s: float) -> float:
        """The last moment of speech up to `at_s`."""
        for start, end in self.pauses:
            if start <= at_s < end:
                return start
        return min(at_s, self.end_s)


def recorded(folder: Path) -> list[Clip]:
    """Every WAV file below `folder` as a turn of one person. Raises MissingError where there is none."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".wav")
    clips = [_measured(path.relative_to(folder).as_posix(), read_wav(path)) for path in files]
    found = [clip for clip in clips if clip is not None]
    if not found:
        raise MissingError("no recordings of speech", where=str(folder), expected="WAV files of one turn each")
    return found


def synthesized(voice: Synthesizer, *, cut: bool) -> list[Clip]:
    """The sentences in sets/turns.txt with their pauses.

    `cut`: spoken as a whole and cut at the beginning of a word, as one who breaks off; else part by part, each with
    the melody of a sentence of its own, as one who adds to what seemed finished. A voice without word marks gives
    only the latter.
    """
    lengths = cycle(PAUSES_S)
    clips = []
    for line in SENTENCES.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            parts = [part.strip() for part in line.split("|")]
            spoken = _cut(voice, parts) if cut else [_trimmed(_say(voice, part)[0]) for part in parts]
            clips.append(_joined(line, spoken, lengths))
    return clips


def _joined(name: str, spoken: list[Pcm], lengths: Iterator[float]) -> Clip:
    pieces, pauses, at = [silence(LEAD_S), spoken[0]], [], LEAD_S + len(spoken[0]) / RATE
    for part in spoken[1:]:
        pause = next(lengths)
        pauses.append((at, at + pause))
        pieces += [silence(pause), part]
        at += pause + len(part) / RATE
    return Clip(name, _in_a_room(np.concatenate([*pieces, silence(TAIL_S)])), tuple(pauses), at)


def _cut(voice: Synthesizer, parts: list[str]) -> list[Pcm]:
    pcm, marks = _say(voice, " ".join(parts))
    begins = np.cumsum([len(part) + 1 for part in parts[:-1]])
    at = [next((sample for sample, char in marks if char >= begin), len(pcm)) for begin in begins]
    return [_trimmed(pcm[start:end]) for start, end in pairwise([0, *at, len(pcm)])]


def _say(voice: Synthesizer, text: str) -> tuple[Pcm, list[tuple[int, int]]]:
    """The audio at 16 kHz, and (sample, offset in `text`) of its words."""
    chunks: list[Chunk] = []

    def emit(chunk: Chunk) -> bool:
        chunks.append(chunk)
        return True

    voice.speak(text, emit)
    resampler = Resampler(voice.rate, RATE)
    pcm = resampler.convert(np.concatenate([chunk.pcm for chunk in chunks]))
    marks = [(mark.sample * RATE // voice.rate, mark.char) for chunk in chunks for mark in chunk.marks]
    return pcm, marks


def _trimmed(pcm: Pcm) -> Pcm:
    """Without the quiet at both ends, and faded there."""
    loud = _loud(pcm)
    kept = pcm[loud[0] * STEP : (loud[-1] + 1) * STEP].astype(np.float64)
    slope = np.linspace(0.0, 1.0, FADE)
    kept[:FADE] *= slope
    kept[-FADE:] *= slope[::-1]
    return np.rint(kept).astype(np.int16)


def _measured(name: str, pcm: Pcm) -> Clip | None:
    """A recording as a clip, its pauses and end found by its level; None without any sound."""
    loud = _loud(pcm)
    if len(loud) == 0:
        return None
    step_s = STEP / RATE
    gaps = [((before + 1) * step_s, after * step_s) for before, after in pairwise(loud)]
    pauses = tuple((LEAD_S + start, LEAD_S + end) for start, end in gaps if end - start >= HESITATION_S - 1e-9)
    whole = np.concatenate([silence(LEAD_S), pcm[: (loud[-1] + 1) * STEP], silence(TAIL_S)])
    return Clip(name, _in_a_room(whole), pauses, LEAD_S + (loud[-1] + 1) * step_s)


def _loud(pcm: Pcm) -> list[int]:
    """The steps of 10 ms that hold speech, by their level."""
    steps = pcm[: len(pcm) // STEP * STEP].reshape(-1, STEP).astype(np.float64)
    power = np.mean(steps**2, axis=1)
    if len(power) == 0 or not power.any():
        return []
    level = 10.0 * np.log10(power + 1e-3)
    return [int(step) for step in np.flatnonzero(level > np.percentile(level, 95) - BELOW_PEAK_DB)]


def _in_a_room(pcm: Pcm) -> Pcm:
    """With the faint noise that any microphone hears."""
    noise = np.random.default_rng(1).normal(0.0, 32768 * 10 ** (ROOM_DBFS / 20), len(pcm))
    return np.clip(pcm + np.rint(noise), -32768, 32767).astype(np.int16)
