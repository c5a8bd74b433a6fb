"""`voice bench tts`: how soon synthesizers are heard, and for Piper what the cut voice gains."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import click

from voice.tts.interface import Chunk, Synthesizer

SENTENCES = ("It is half past.", "It is half past three, and it will be warm outside today.")
"""Of 4 and of 12 words."""


@click.command("tts")
@click.argument("voices", nargs=-1, type=click.Path(path_type=Path), metavar="[VOICE.onnx …]")
@click.option("--runs", default=9, show_default=True, help="How often each sentence is spoken.")
@click.option(
    "--json", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write all figures to this JSON file."
)
def command(voices: tuple[Path, ...], runs: int, target: Path | None) -> None:
    """Measure the time to first audio of espeak-ng and of Piper voices, each whole and cut at its decoder."""
    from voice.tts.espeak import EspeakSynthesizer
    from voice.tts.piper import PiperSynthesizer

    found: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    }
    click.echo(found["machine"])
    click.echo(f"{'':34}{'words':>6}{'first ms':>10}{'fastest':>9}{'cpu ms':>8}{'all ms':>8}{'audio s':>9}")
    rows = found["speech"] = []
    engines: list[tuple[str, Synthesizer]] = [("", EspeakSynthesizer())]
    for voice in voices:
        engines += [("whole", PiperSynthesizer(voice, split="off")), ("cut", PiperSynthesizer(voice))]
    for how, engine in engines:
        engine.warm()
        for text in SENTENCES:
            row = {"engine": f"{engine.name} {how}".strip(), **measure(engine, text, runs)}
            rows.append(row)
            click.echo(
                f"{row['engine']:34}{row['words']:6}{row['first_ms']:10.1f}{row['fastest_first_ms']:9.1f}{row['first_cpu_ms']:8.1f}"
                f"{row['all_ms']:8.0f}{row['audio_s']:9.2f}"
            )
    if target is not None:
        target.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def measure(engine: Synthesizer, text: str, runs: int) -> dict[str, Any]:
    """Medians over the runs of one sentence: ms to the first audio and to the last, seconds of audio.

    `first_cpu_ms` is processor time of all threads until the first audio: it hardly depends on what else runs."""
    firsts, cpu, alls, lengths = [], [], [], []
    for _ in range(runs):
        came: list[tuple[float, float]] = []
        samples = 0

        def emit(chunk: Chunk, came: list[tuple[float, float]] = came) -> bool:
            nonlocal samples
            came.append((time.perf_counter(), time.process_time()))
            samples += len(chunk.pcm)
            return True

        begun, spent = time.perf_counter(), time.process_time()
        engine.speak(text, emit)
        firsts.append((came[0][0] - begun) * 1000)
        cpu.append((came[0][1] - spent) * 1000)
        alls.append((came[-1][0] - begun) * 1000)
        lengths.append(samples / engine.rate)
    return {
        "words": len(text.split()),
        "first_ms": round(statistics.median(firsts), 2),
        "first_cpu_ms": round(statistics.median(cpu), 2),
        "fastest_first_ms": round(min(firsts), 2),
        "all_ms": round(statistics.median(alls), 2),
        "audio_s": round(statistics.median(lengths), 2),
    }
