"""`voice bench wake`: how often the wake word is missed, and how often it is detected by mistake."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path

import click
import numpy as np

from voice.audio.frames import RATE, Frame, silence
from voice.audio.reader import AudioReader
from voice.cli.options import Resolved, configured, setting
from voice.errors import MissingError
from voice.settings.schema import Settings
from voice.vad.speech_gate import SpeechGate

FRAME = RATE // 50
TAIL_S = 0.5
"""Seconds of silence after each file: a word at its very end is answered a little later."""


@dataclass(slots=True)
class WakeWordFigures:
    """Results of all files. Hours and false accepts count only files without a wake word."""

    said: dict[str, int] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)
    missed_files: list[str] = field(default_factory=list)
    other_hours: float = 0.0
    false_accepts: int = 0
    false_accepts_per_hour: float | None = None
    false_accepts_at: list[str] = field(default_factory=list)
    real_time_factor: float = 0.0


@click.command("wake")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR")
@setting("--words", "wake.words", metavar="NAME,…")
@setting("--sensitivity", "wake.sensitivity", metavar="0…1")
@click.option(
    "--json", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write all figures to this JSON file."
)
@configured
def command(resolved: Resolved, folder: Path, target: Path | None) -> None:
    """Detect the wake words in all WAV files below DIR, as a conversation would.

    Each file in a folder named after a wake word, such as hey_jarvis/, contains it once; other files do not contain it.
    """
    from benchmarks.sessions import machine

    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".wav")
    if not files:
        raise MissingError("no WAV files", where=str(folder), expected="recordings of speech and noise")
    found = measure(files, resolved.settings)
    click.echo(machine())
    for word, said in sorted(found.said.items()):
        click.echo(f"{word}: {found.missed[word]} of {said} missed")
    if found.false_accepts_per_hour is not None:
        hours = f"{found.other_hours:.3f} hours, {found.false_accepts_per_hour:.2f} an hour"
        click.echo(f"other speech and noise: {found.false_accepts} false accepts in {hours}")
    click.echo(f"processor time per hour of audio: {found.real_time_factor * 3600:.0f} s of one core")
    if target is not None:
        wake = resolved.settings.wake
        shown = {"machine": machine(), "words": wake.words, "sensitivity": wake.sensitivity, **asdict(found)}
        target.write_text(json.dumps(shown, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def measure(files: list[Path], settings: Settings) -> WakeWordFigures:
    """Process each file from a fresh state, with the voice activity detector in front as in a conversation."""
    from voice.wiring.engines import detector, wake_gate

    found = WakeWordFigures()
    named = {name.strip() for name in settings.wake.words.split(",")}
    using = replace(settings, wake=replace(settings.wake, mode="word"))
    heard_s = 0.0
    began = time.process_time()
    for path in files:
        vad, gate = detector(settings), wake_gate(using, spoken=True)
        edges = SpeechGate(start_s=settings.vad.start_ms / 1000, hangover_s=vad.hangover_s)
        called: list[tuple[str, float]] = []
        at = 0.0
        for frame in _frames(path):
            at = frame.at
            edges.update(vad.probability(frame.pcm), frame.at, frame.duration_s)
            if (call := gate.update(frame, stirring=edges.stirring)) is not None:
                called.append((call.phrase, frame.at))
        heard_s += at
        _count(found, path, named, called, at)
    found.real_time_factor = (time.process_time() - began) / max(heard_s, 1e-9)
    if found.other_hours:
        found.false_accepts_per_hour = found.false_accepts / found.other_hours
    return found


def _count(
    found: WakeWordFigures, path: Path, named: set[str], called: list[tuple[str, float]], length_s: float
) -> None:
    word = path.parent.name
    if word not in named:
        found.other_hours += length_s / 3600
        found.false_accepts += len(called)
        found.false_accepts_at += [f"{path} {at:.2f} s: {phrase}" for phrase, at in called]
        return
    missed = word.replace("_", " ") not in (phrase for phrase, _ in called)
    found.said[word] = found.said.get(word, 0) + 1
    found.missed[word] = found.missed.get(word, 0) + missed
    if missed:
        found.missed_files.append(str(path))


def _frames(path: Path) -> Iterator[Frame]:
    """The file as 20 ms frames followed by `TAIL_S` of silence, with about a second of it in memory at a time."""
    rest, number = silence(0.0), 0
    with AudioReader(path) as reader:
        for block in chain(reader.blocks(), [silence(TAIL_S)]):
            rest = np.concatenate((rest, block))
            whole = len(rest) // FRAME * FRAME
            for pcm in rest[:whole].reshape(-1, FRAME):
                number += 1
                yield Frame(pcm, number * FRAME / RATE)
            rest = rest[whole:]
