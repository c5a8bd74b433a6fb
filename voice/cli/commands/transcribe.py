"""`voice transcribe`: the words of recordings."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voice.cli.options import Resolved, configured, setting
from voice.errors import VoiceError

if TYPE_CHECKING:
    from voice.asr.interface import Recognizer
    from voice.audio.frames import Pcm

BLOCK_S = 30.0
"""A longer recording is recognized in pieces of at most this, so that memory stays flat whatever its length."""

SEARCH_S = 10.0
"""A piece ends at the quietest moment of its last seconds, so that no word is cut."""

QUIET_S = 0.2


@click.command("transcribe")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON line per file: text, engine, seconds, real-time factor."
)
@setting("--asr", "asr.engine")
@setting("--model", "asr.model", metavar="NAME")
@setting("--language", "asr.language", metavar="TAG")
@configured
def command(resolved: Resolved, files: tuple[Path, ...], as_json: bool) -> None:
    """Print the words of recordings (WAV, any rate and number of channels)."""
    from voice.wiring.engines import recognizer

    engine = recognizer(resolved.settings)
    engine.warm()
    failures: list[VoiceError] = []
    for file in files:
        try:
            heard = transcribe(engine, file)
        except VoiceError as error:
            failures.append(error)
            click.echo(f"voice: {error}", err=True)
            continue
        if as_json:
            click.echo(json.dumps({"file": str(file), **heard}, ensure_ascii=False))
        else:
            click.echo(f"{file}: {heard['text']}" if len(files) > 1 else heard["text"])
    if failures:
        click.get_current_context().exit(failures[0].exit_code)


def transcribe(engine: Recognizer, file: Path) -> dict[str, object]:
    """The words of one recording, with what the recognizer took for them; MissingError when it cannot be read."""
    from voice.audio.frames import RATE

    began, texts, language, samples = time.perf_counter(), [], "", 0
    for piece in pieces(file):
        samples += len(piece)
        if not _may_speak(piece):
            continue
        utterance = engine.open()
        try:
            for start in range(0, len(piece), RATE):
                utterance.feed(piece[start : start + RATE])
            transcript = utterance.result()
        finally:
            utterance.close()
        texts.append(transcript.text)
        language = language or transcript.language
    took, lasts = time.perf_counter() - began, samples / RATE
    return {
        "text": " ".join(text for text in texts if text),
        "engine": engine.name,
        "language": language,
        "seconds": round(lasts, 2),
        "real_time_factor": round(took / lasts, 3) if lasts else 0.0,
    }


def _may_speak(piece: Pcm) -> bool:
    """Whether anything in it might be speech, to the detector at its most lenient: hours of silence take seconds."""
    from voice.audio.frames import RATE
    from voice.vad.webrtc import WebrtcDetector

    detector, size = WebrtcDetector(0), RATE // 50
    frames = (piece[start : start + size] for start in range(0, len(piece) - size + 1, size))
    return any(detector.probability(frame) for frame in frames)


def pieces(file: Path) -> Iterator[Pcm]:
    """The recording at 16 kHz in pieces of at most `BLOCK_S`, cut where it is quiet."""
    import numpy as np

    from voice.audio.frames import RATE
    from voice.audio.wav import WavReader, blocks

    held: list[Pcm] = []
    with WavReader(file) as reader:
        for block in blocks(reader):
            held.append(block)
            if sum(map(len, held)) >= BLOCK_S * RATE:
                whole = np.concatenate(held)
                cut = quietest(whole, round((BLOCK_S - SEARCH_S) * RATE), round(BLOCK_S * RATE))
                yield whole[:cut]
                held = [whole[cut:]]
    if sum(map(len, held)):
        yield np.concatenate(held)


def quietest(pcm: Pcm, first: int, last: int) -> int:
    """The sample between `first` and `last` in the middle of the quietest `QUIET_S`."""
    import numpy as np

    from voice.audio.frames import RATE

    window = round(QUIET_S * RATE)
    energy = np.cumsum(np.square(pcm[first:last].astype(np.float64)))
    return first + int(np.argmin(energy[window:] - energy[:-window])) + window // 2
