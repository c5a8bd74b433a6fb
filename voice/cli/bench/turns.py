"""`voice bench turns`: how often a turn is ended in a pause, how late its end is noticed, and by which signs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmarks.latency_judge import p50_p95
from voice.cli.bench.turn_clips import Clip, recorded, synthesized
from voice.cli.bench.turn_trial import Delays, Evidence, TurnMoment, moments, run
from voice.cli.options import Resolved, configured, setting
from voice.errors import MissingError
from voice.trace import percentile
from voice.turn.completeness import UNKNOWN, Completeness, completeness
from voice.turn.endpointing import Endpointer
from voice.turn.machine import TurnMachine
from voice.turn.state import Policy

if TYPE_CHECKING:
    from voice.asr.interface import Recognizer
    from voice.settings.schema import Settings
    from voice.turn.turn_model import TurnModel
    from voice.vad.interface import Detector

SCALES = [step / 20 for step in range(40, 3, -1)]
"""What all waits of a system are multiplied by in search of its budget, the longest first."""

PIPECAT_VAD_S, PIPECAT_STOP_S = 0.2, 3.0
"""Pipecat's defaults: the silence after which Smart Turn is asked, and that which ends a turn it calls unfinished."""

Judge = Callable[[str], Completeness]


@dataclass(frozen=True, slots=True)
class System:
    """One way to find the end of a turn: its detector, the signs it uses and its waits in seconds."""

    name: str
    detector: str
    words: bool = False
    model: bool = False
    silence_s: float = 0.5
    min_s: float = 0.25
    max_s: float = 1.2
    asks_after_s: float = 0.1


@dataclass(slots=True)
class Figures:
    """What one system came to: `cut` of `hesitations` by set, and the delays of the true ends that were found, ms."""

    name: str
    scale: float
    cut: dict[str, int] = field(default_factory=dict)
    hesitations: dict[str, int] = field(default_factory=dict)
    in_speech: int = 0
    missed: int = 0
    delays_ms: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The share of hesitations in which the turn was ended."""
        return sum(self.cut.values()) / max(1, sum(self.hesitations.values()))

    def to_json(self) -> dict[str, object]:
        """JSON-ready, with percentiles in place of the single delays."""
        whole = asdict(self)
        del whole["delays_ms"]
        return {**whole, "false_cut_offs": round(self.share, 3), "delay_ms": p50_p95(self.delays_ms)}


@dataclass(frozen=True, slots=True)
class Material:
    """All clips by set, each with what detectors, recognizer and turn model make of it."""

    sets: dict[str, list[tuple[Clip, dict[str, list[TurnMoment]], Evidence]]]

    def judge_ms(self) -> list[float]:
        """What each judgement of the turn model took here."""
        return [ms for clips in self.sets.values() for _, _, evidence in clips for ms in evidence.judge_ms]


@click.command("turns")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="[DIR]…")
@setting("--model", "asr.model", metavar="NAME")
@setting("--turn-model", "turn.model", metavar="FILE")
@click.option("--budget-ms", default=300, show_default=True, help="Median delay of the true ends to compare at.")
@click.option("--words-ms", default=300, show_default=True, help="What the recognizer is taken to need.")
@click.option("--judge-ms", default=60, show_default=True, help="What the turn model is taken to need.")
@click.option(
    "--json", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write all figures to this JSON file."
)
@configured
def command(
    resolved: Resolved, folders: tuple[Path, ...], budget_ms: int, words_ms: int, judge_ms: int, target: Path | None
) -> None:
    """Listen for the ends of turns in the recordings in each DIR, and in sentences of the Piper voice.

    Every WAV file below DIR is one turn of one person. Its pauses are found by its level. The sentences are in
    bench/sets/turns.txt; they are spoken twice, cut inside the sentence and put together from parts, and left out where
    the voice is not Piper's. Delays are in the time of the audio: this machine's speed has no part in them.
    """
    from benchmarks.sessions import machine

    settings = resolved.settings
    clips = {folder.name: recorded(folder) for folder in folders} | spoken(settings)
    if not clips:
        raise MissingError("nothing to listen to", where="DIR", expected="a folder of WAV files, or a Piper voice")
    material, systems = gather(clips, settings), compared(settings)
    if not any(system.model for system in systems):
        click.echo("no turn model is measured: set turn.model")
    rows = [at_budget(material, system, budget_ms) for system in systems]
    installed = listen(material, systems[-1], 1.0, Delays(words_ms / 1000, judge_ms / 1000))
    installed.name = f"{installed.name}, words after {words_ms} ms"
    click.echo(machine())
    click.echo(f"waits scaled to a median delay of {budget_ms} ms; words and sound known at once:")
    _show(rows)
    click.echo("as set, with what recognizer and turn model are taken to need:")
    _show([installed])
    if spent := material.judge_ms():
        click.echo(f"the turn model took {percentile(spent, 0.5):.0f} ms here, p95 {percentile(spent, 0.95):.0f}")
    if target is not None:
        shown = {"machine": machine(), "budget_ms": budget_ms, "words_ms": words_ms, "judge_model_ms": judge_ms}
        found = {**shown, "at_budget": [row.to_json() for row in rows], "as_set": installed.to_json()}
        target.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def compared(settings: Settings) -> list[System]:
    """The systems, those with a turn model only where there is one; the last is this product."""
    from voice.wiring.engines import judges

    turn = settings.turn
    waits = (turn.silence_ms / 1000, turn.min_silence_ms / 1000, turn.max_silence_ms / 1000)
    found = [
        *(System(f"{name}, silence only", name, False, False, 0.3, 0.3, 0.3) for name in ("webrtc", "silero")),
        System("words", "silero", True, False, *waits),
    ]
    if judges(settings):
        waiting = (PIPECAT_STOP_S, PIPECAT_VAD_S, PIPECAT_STOP_S, PIPECAT_VAD_S)
        found += [
            System("turn model", "silero", False, True, *waits),
            System("turn model by Pipecat's rule", "silero", False, True, *waiting),
            System("all together", "silero", True, True, *waits),
        ]
    return found


def spoken(settings: Settings) -> dict[str, list[Clip]]:
    """The sentences in the voice of the settings, cut and in parts; nothing where it is not Piper's."""
    from voice.wiring.engines import synthesizer

    voice = synthesizer(settings)
    if not voice.name.startswith("piper"):
        return {}
    return {f"{voice.name}, cut": synthesized(voice, cut=True), f"{voice.name}, parts": synthesized(voice, cut=False)}


def gather(clips: dict[str, list[Clip]], settings: Settings) -> Material:
    """Let the detectors hear each clip; recognizer and turn model hear it when they are first asked."""
    from voice.vad.silero import SileroDetector
    from voice.vad.webrtc import WebrtcDetector
    from voice.wiring.engines import judges, recognizer, turn_model

    words: Recognizer = recognizer(settings)
    model: TurnModel | None = turn_model(settings) if judges(settings) else None
    detectors: dict[str, Detector] = {
        "webrtc": WebrtcDetector(settings.vad.aggressiveness),
        "silero": SileroDetector(),
    }
    start_s = settings.vad.start_ms / 1000
    return Material(
        {
            name: [
                (
                    clip,
                    {key: moments(clip, ear, start_s) for key, ear in detectors.items()},
                    Evidence(clip, words, model),
                )
                for clip in of_set
            ]
            for name, of_set in clips.items()
        }
    )


def listen(material: Material, system: System, scale: float, delays: Delays) -> Figures:
    """One system on all sets, its waits multiplied by `scale`. A set is one person, whose pauses it may learn."""
    from voice.llm.builtin import understands

    def judged(words: str) -> Completeness:
        return completeness(words, understands) if system.words else UNKNOWN

    found = Figures(system.name, scale)
    for name, clips in material.sets.items():
        person = Endpointer(
            silence_s=system.silence_s * scale,
            min_s=system.min_s * scale,
            max_s=system.max_s * scale,
            adaptive=system.words or system.model,
            judge=judged,
        )
        policy = Policy(
            speculate="asr" if system.words else "off", speculate_after_s=system.asks_after_s, judges=system.model
        )
        found.cut[name] = found.hesitations[name] = 0
        for clip, heard, evidence in clips:
            result = run(clip, heard[system.detector], evidence, TurnMachine(policy, person), delays)
            found.cut[name] += sum(result.cut)
            found.hesitations[name] += len(result.cut)
            found.in_speech += result.in_speech
            if result.delay_s is None:
                found.missed += 1
            else:
                found.delays_ms.append(result.delay_s * 1000)
    return found


def at_budget(material: Material, system: System, budget_ms: float) -> Figures:
    """The system with its waits as long as a median delay of `budget_ms` allows, words and verdicts known at once."""
    for scale in SCALES:
        found = listen(material, system, scale, Delays())
        if found.delays_ms and percentile(found.delays_ms, 0.5) <= budget_ms:
            break
    return found


def _show(rows: Sequence[Figures]) -> None:
    sets = list(rows[0].cut)
    click.echo(
        "".join([f"{'':44}", *(f"{name[:22]:>24}" for name in sets), f"{'all':>8}{'missed':>8}{'p50':>7}{'p95 ms':>8}"])
    )
    for row in rows:
        counts = "".join(f"{f'{row.cut[name]} of {row.hesitations[name]}':>24}" for name in sets)
        middle, late = (percentile(row.delays_ms, share) if row.delays_ms else float("nan") for share in (0.5, 0.95))
        click.echo(f"{row.name[:43]:44}{counts}{row.share:8.1%}{row.missed:8}{middle:7.0f}{late:8.0f}")
