"""`voice bench asr`: word error rate and speed of the recognizers on the user's own clips, and which window to take."""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voice.asr.word_error_rate import distance, words
from voice.audio.frames import RATE, Pcm
from voice.cli.options import Resolved, configured, setting
from voice.errors import ConfigError, MissingError, UsageError
from voice.trace import percentile

if TYPE_CHECKING:
    from voice.asr.interface import Recognizer
    from voice.settings.schema import Settings

TABLE = "transcripts.tsv"
STEP = RATE // 50
FASTER = 0.9
"""A short window is only worth its risk if it takes less than this share of the full window's time."""
FEW_WORDS = 100


@dataclass(frozen=True, slots=True)
class RecognitionFigures:
    """One recognizer on all clips. `final_ms` counts from the last sample to the final words."""

    name: str
    errors: int
    said: int
    wer: float
    final_ms_p50: float
    final_ms_p95: float
    real_time_factor: float
    fallbacks: dict[str, int]


@click.command("asr")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@setting("--model", "asr.model", metavar="NAME")
@setting("--language", "asr.language", metavar="TAG")
@click.option(
    "--json", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write all figures to this JSON file."
)
@click.option(
    "--degraded", is_flag=True, help="Word error rates in a room, in noise and by telephone, beside the library."
)
@click.option("--every", type=click.IntRange(1), default=1, metavar="N", help="Take only every Nth clip.")
@configured
def command(resolved: Resolved, folder: Path, target: Path | None, degraded: bool, every: int) -> None:
    """Measure the recognizers on the WAV files in DIR; its transcripts.tsv has one line `FILE<tab>WORDS` per file.

    Whisper is measured with the full and the short window, and pocketsphinx is measured too.
    """
    from voice.audio.wav import read_wav

    clips = [(read_wav(folder / name), said) for name, said in table(folder)[::every]]
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    seconds = sum(len(pcm) for pcm, _ in clips) / RATE
    click.echo(f"{machine}; {len(clips)} clips, {seconds:.1f} s, {sum(len(words(said)) for _, said in clips)} words")
    if degraded:
        _degraded(resolved.settings, clips, machine, target)
        return
    click.echo(f"{'':16}{'WER':>8}{'final p50':>12}{'p95 ms':>9}{'RTF':>7}  went back to full")
    rows = []
    for name, engine in engines(resolved.settings):
        row = measure(name, engine, clips)
        rows.append(row)
        back = ", ".join(f"{reason} {count}" for reason, count in row.fallbacks.items())
        click.echo(
            f"{row.name:16}{row.wer:8.3f}{row.final_ms_p50:12.1f}{row.final_ms_p95:9.1f}"
            f"{row.real_time_factor:7.3f}  {back}"
        )
    counsel = advice(rows)
    click.echo(counsel)
    if target is not None:
        found = {"machine": machine, "audio_s": seconds, "asr": [asdict(row) for row in rows], "advice": counsel}
        target.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _degraded(settings: Settings, clips: list[tuple[Pcm, str]], machine: str, target: Path | None) -> None:
    """Print the table as it belongs into a document, and write every cell of it."""
    from voice.cli.bench import asr_table
    from voice.wiring.engines import whisper_folder

    readers = [(name, asr_table.product(engine)) for name, engine in engines(settings, partials=False)]
    if (model := whisper_folder(settings)) is not None:
        language = settings.asr.language.partition("-")[0]
        readers += asr_table.library(model, language, settings.models.threads)
    cells = []
    for cell in asr_table.measured(readers, clips):
        click.echo(f"{cell.condition}: {cell.reader}: {cell.errors} of {cell.said} words", err=True)
        cells.append(cell)
    for line in asr_table.markdown(cells):
        click.echo(line)
    if target is not None:
        found = {"machine": machine, "clips": len(clips), "cells": [asdict(cell) for cell in cells]}
        target.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def table(folder: Path) -> list[tuple[str, str]]:
    """File names and words of the clips. Raises MissingError without a table, ConfigError where a line is not one."""
    file = folder / TABLE
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise MissingError(
            error.strerror or "cannot be read",
            where=str(file),
            expected="a line FILE<tab>WORDS for each clip",
            remedy="list each WAV file with its words",
        ) from error
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, tab, rest = line.partition("\t")
        if not tab:
            raise ConfigError("no tab in this line", where=f"{file}:{number}", expected="FILE<tab>WORDS")
        rows.append((name, rest.partition("\t")[0]))
    if not rows:
        raise UsageError("no clips are listed", where=str(file), expected="a line FILE<tab>WORDS for each clip")
    return rows


def engines(settings: Settings, *, partials: bool = True) -> list[tuple[str, Recognizer]]:
    """The recognizers available here: Whisper twice if a model is present, pocketsphinx for English."""
    from voice.wiring.engines import recognizer

    found: list[tuple[str, Recognizer]] = []
    for window in ("full", "auto"):
        asr = replace(settings.asr, engine="whisper", window=window)
        try:
            found.append((f"whisper {window}", recognizer(replace(settings, asr=asr), partials=partials)))
        except MissingError as error:
            if settings.asr.model:
                raise
            click.echo(f"whisper is not measured: {error}")
            break
    if settings.asr.language.partition("-")[0].lower() in ("", "en"):
        asr = replace(settings.asr, engine="pocketsphinx", model="")
        found.append(("pocketsphinx", recognizer(replace(settings, asr=asr))))
    return found


def measure(name: str, engine: Recognizer, clips: list[tuple[Pcm, str]]) -> RecognitionFigures:
    """Stream each clip in 20 ms frames, one after the other, as fast as the recognizer accepts them."""
    engine.warm()
    errors = said_words = 0
    finals: list[float] = []
    fallbacks: dict[str, int] = {}
    began = time.perf_counter()
    for pcm, said in clips:
        utterance = engine.open()
        for start in range(0, len(pcm), STEP):
            utterance.add_audio(pcm[start : start + STEP])
        asked = time.perf_counter()
        heard = utterance.result()
        finals.append((time.perf_counter() - asked) * 1000)
        utterance.close()
        errors += distance(words(said), words(heard.text))
        said_words += len(words(said))
        if reason := heard.notes.get("fallback"):
            fallbacks[str(reason)] = fallbacks.get(str(reason), 0) + 1
    spent = time.perf_counter() - began
    return RecognitionFigures(
        name,
        errors,
        said_words,
        errors / said_words if said_words else float("nan"),
        percentile(finals, 0.5),
        percentile(finals, 0.95),
        spent * RATE / max(1, sum(len(pcm) for pcm, _ in clips)),
        fallbacks,
    )


def advice(rows: list[RecognitionFigures]) -> str:
    """Which setting to use, in a sentence, and how certain that is."""
    by_name = {row.name: row for row in rows}
    full, auto, sphinx = (by_name.get(name) for name in ("whisper full", "whisper auto", "pocketsphinx"))
    if full is None or auto is None:
        return "use asr.engine = pocketsphinx, or download a Whisper model: voice models pull base.en"
    best = min(full.errors, auto.errors)
    if sphinx is not None and sphinx.errors < best:
        return "use asr.engine = pocketsphinx: it made fewer errors than this Whisper model"
    if auto.errors > full.errors:
        taken = f"use asr.window = full: the short window made {auto.errors - full.errors} more errors"
    elif auto.final_ms_p50 > FASTER * full.final_ms_p50:
        taken = "use asr.window = full: the short window is hardly faster here"
    else:
        taken = f"use asr.window = auto: no more errors, {full.final_ms_p50 / auto.final_ms_p50:.1f} times as fast"
    few = f" (only {full.said} words: try more clips to be sure)" if full.said < FEW_WORDS else ""
    return taken + few
