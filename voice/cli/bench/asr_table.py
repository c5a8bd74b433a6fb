"""The recognizers on the same clips as recorded and made worse, beside the library that most use, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voice.asr.word_error_rate import distance, words
from voice.audio.frames import RATE, Pcm, to_float
from voice.cli.bench.acoustics import Condition, conditions, degraded, noises

if TYPE_CHECKING:
    from pathlib import Path

    from voice.asr.interface import Recognizer

STEP = RATE // 50
SHORT_S = 8.0
"""Time is compared on clips up to this: what people say to an assistant."""
BEAMS = (1, 5)
Reader = Callable[[Pcm], str]


@dataclass(frozen=True, slots=True)
class Cell:
    """One reader under one condition: word errors, words said, clips read as nothing, seconds spent on short clips.

    "noises" have no speech: `said` is 0, `errors` counts the words and `dropped` is 0.
    """

    reader: str
    condition: str
    clips: int
    errors: int
    said: int
    dropped: int
    short_s: float

    @property
    def wer(self) -> float:
        return self.errors / self.said if self.said else float("nan")


def product(engine: Recognizer) -> Reader:
    """A recognizer of ours, fed in 20 ms frames without partials."""

    def read(pcm: Pcm) -> str:
        utterance = engine.open()
        for start in range(0, len(pcm), STEP):
            utterance.add_audio(pcm[start : start + STEP])
        text = utterance.result().text
        utterance.close()
        return text

    return read


def library(model: Path, language: str, threads: int) -> Iterator[tuple[str, Reader]]:
    """`faster_whisper.transcribe` on the same model, with all its own checks and second tries, by beam size."""
    from faster_whisper import WhisperModel

    whisper = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)

    def reader(beam: int) -> Reader:
        def read(pcm: Pcm) -> str:
            segments, _ = whisper.transcribe(to_float(pcm), language=language or None, beam_size=beam)
            return " ".join(segment.text.strip() for segment in segments)

        return read

    for beam in BEAMS:
        yield f"faster-whisper beam {beam}", reader(beam)


def measured(readers: Sequence[tuple[str, Reader]], clips: Sequence[tuple[Pcm, str]]) -> Iterator[Cell]:
    """Every reader under every condition, condition by condition, and last on noises."""
    for condition in conditions():
        yield from _cells(readers, condition, clips)
    for name, read in readers:
        heard = [words(read(pcm)) for _, pcm in noises()]
        yield Cell(name, "noises", len(heard), sum(map(len, heard)), 0, 0, 0.0)


def _cells(
    readers: Sequence[tuple[str, Reader]], condition: Condition, clips: Sequence[tuple[Pcm, str]]
) -> Iterator[Cell]:
    audio = degraded([pcm for pcm, _ in clips], condition)
    for name, read in readers:
        errors = said = dropped = 0
        short_s = 0.0
        for pcm, (_, text) in zip(audio, clips, strict=True):
            began = time.perf_counter()
            heard = words(read(pcm))
            if len(pcm) <= SHORT_S * RATE:
                short_s += time.perf_counter() - began
            errors += distance(words(text), heard)
            said += len(words(text))
            dropped += bool(words(text)) and not heard
        yield Cell(name, condition.name, len(clips), errors, said, dropped, short_s)


def markdown(cells: Sequence[Cell]) -> list[str]:
    """A table of word error rates with the clips read as nothing in brackets; a row a reader, a column a condition."""
    names = list(dict.fromkeys(cell.condition for cell in cells))
    readers = list(dict.fromkeys(cell.reader for cell in cells))
    found = {(cell.reader, cell.condition): cell for cell in cells}
    base = {cell.condition: cell.short_s for cell in cells if cell.reader == f"faster-whisper beam {BEAMS[0]}"}
    lines = [f"| | {' | '.join(names)} | time |", f"|---|{'---:|' * (len(names) + 1)}"]
    for reader in readers:
        row = [_shown(found[reader, name]) for name in names if (reader, name) in found]
        spent = sum(cell.short_s for cell in cells if cell.reader == reader)
        whole = sum(base.values())
        lines.append(f"| {reader} | {' | '.join(row)} | {f'{spent / whole:.2f}' if whole else '–'} |")
    return lines


def _shown(cell: Cell) -> str:
    if not cell.said:
        return f"{cell.errors} words"
    return f"{cell.wer:.3f}" + (f" ({cell.dropped})" if cell.dropped else "")
