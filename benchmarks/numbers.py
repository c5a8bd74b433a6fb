"""`voice bench numbers`: what is understood and spoken of numbers, by kind, and whether they come back when spoken."""

from __future__ import annotations

import json
import re
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from benchmarks.number_sets import Figures, speaking, table, understanding
from voice.cli.options import Resolved, configured, setting
from voice.text.number_words import ordinal
from voice.text.numbers import in_digits
from voice.text.speakable import spoken
from voice.trace import percentile

if TYPE_CHECKING:
    from voice.asr.interface import Recognizer
    from voice.audio.frames import Pcm
    from voice.tts.interface import Chunk, Synthesizer

_ORDINALS = {ordinal(number).replace("-", " "): str(number) for number in range(1, 100)}
_ORDINAL = re.compile(rf"\b(?:{'|'.join(sorted(_ORDINALS, key=len, reverse=True))})\b")
_SCALE = re.compile(r"(\d+(?:\.\d+)?) (thousand|million|billion)")
_SIZES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}


@click.command("numbers")
@click.option("--spoken", "aloud", is_flag=True, help="Also speak a hundred sentences and recognize them again.")
@setting("--model", "asr.model", metavar="NAME")
@setting("--tts", "tts.engine")
@setting("--voice", "tts.voice", metavar="NAME")
@click.option("--json", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write every figure there.")
@configured
def command(resolved: Resolved, aloud: bool, target: Path | None) -> None:
    """Measure the labelled sets of numbers, times, money and names, and the cost of a clause.

    With --spoken, espeak-ng and the voice that is set speak the sentences, and the model that is set recognizes them.
    """
    found: dict[str, Any] = {}
    for name, figures in (
        ("understood", understanding()),
        ("spoken, English", speaking("en")),
        ("spoken, Chinese", speaking("zh")),
    ):
        found[name] = _told(name, figures)
    found["ms a clause"] = cost = clause_cost()
    click.echo(f"a clause takes {cost['p50']:.2f} ms, p95 {cost['p95']:.2f}")
    if aloud:
        from voice.tts.espeak import EspeakSynthesizer
        from voice.wiring.engines import recognizer, synthesizer

        ears = recognizer(resolved.settings)
        for engine in (EspeakSynthesizer(), synthesizer(resolved.settings)):
            wrong = came_back(engine, ears)
            count = len(table("numbers_aloud"))
            click.echo(
                f"{engine.name}, {ears.name}: the numbers of {count - len(wrong)} of {count} sentences came back"
            )
            for line in wrong:
                click.echo(f"  {line}")
            found[f"aloud, {engine.name}"] = {"sentences": count, "wrong": wrong}
    if target is not None:
        target.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _told(name: str, figures: Figures) -> dict[str, Any]:
    click.echo(name)
    for line in figures.lines():
        click.echo(line)
    return {"share": figures.share, "said": figures.said, "right": figures.right, "wrong": figures.wrong}


def clause_cost() -> dict[str, float]:
    """Milliseconds to put a clause into words, p50 and p95 over the set, each text the best of three."""
    taken = []
    for _, language, text, _ in table("numbers_spoken"):
        tries = []
        for _ in range(3):
            begun = time.perf_counter()
            spoken(text, language=language)
            tries.append(time.perf_counter() - begun)
        taken.append(min(tries) * 1000)
    return {"p50": statistics.median(taken), "p95": percentile(sorted(taken), 0.95)}


def came_back(engine: Synthesizer, ears: Recognizer, rows: list[list[str]] | None = None) -> list[str]:
    """The sentences whose numbers were not heard again, with what was heard."""
    wrong = []
    for text, digits in rows if rows is not None else table("numbers_aloud"):
        heard = _heard(ears, said(engine, spoken(text, language="en")))
        if digits_of(heard) != digits:
            wrong.append(f"{text} → {heard} ({digits_of(heard)}, not {digits})")
    return wrong


def said(engine: Synthesizer, words: str) -> Pcm:
    """The audio of a clause at the recognizer's rate, with half a second of silence around it."""
    from voice.audio.frames import RATE, silence
    from voice.audio.resample import resample

    chunks: list[Pcm] = []

    def emit(chunk: Chunk) -> bool:
        chunks.append(chunk.pcm)
        return True

    engine.speak(words, emit)
    return np.concatenate((silence(0.5), resample(np.concatenate(chunks), engine.rate, RATE), silence(0.5)))


def _heard(ears: Recognizer, pcm: Pcm) -> str:
    utterance = ears.open()
    try:
        step = 320
        for start in range(0, len(pcm), step):
            utterance.add_audio(pcm[start : start + step])
        return utterance.result().text
    finally:
        utterance.close()


def digits_of(text: str) -> str:
    """All digits of a text in a row, however they are written: `World War II` is `World War 2`."""
    words = spoken(text, language="en").lower().replace("-", " ")
    shown = in_digits(_ORDINAL.sub(lambda found: _ORDINALS[found[0]], words))
    shown = _SCALE.sub(lambda found: f"{float(found[1]) * _SIZES[found[2]]:.0f}", shown)
    return "".join(re.findall(r"\d", re.sub(r"(?<=\d)\.0\b|\boh\b", "0", shown)))
