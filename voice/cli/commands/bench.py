"""`voice bench`: measurements on this machine: those of an owner, and in a checkout those of benchmarks/."""

from __future__ import annotations

import importlib
from types import ModuleType

import click

from voice.cli.group import LazyGroup
from voice.errors import MissingError

OWN_RECORDINGS = {
    "asr": "Word error rate and speed of the recognizers on your own clips.",
    "turns": "How often a turn is ended in a pause, and how late its end is noticed, on recordings and made sentences.",
    "wake": "How often the wake word is missed, and heard where nobody said it, on your own recordings.",
}
"""Measured by owners on their own recordings: part of the wheel."""

OF_THE_SOURCE = {
    "latency": "Response latency of the recorded conversation, its parts, memory and processor time.",
    "room": "Echo, noise and television in a simulated room: what interrupts a reply, and what is answered.",
    "tts": "Time to first audio of espeak-ng and of Piper voices, whole and cut.",
    "footprint": "Memory, processor time, threads and writes on one core, as a small machine has it.",
    "warm": "What a warm-up spares the first turn of a session, on a scripted model server.",
    "chaos": "Two session servers and a Redis, killed and cut at random: what is lost, and what is repeated.",
    "sessions": "Latency, throughput and recovery of the session server.",
    "realtime": "What the Realtime API adds to an answer's latency, and ten visitors at once.",
    "safety": "What redaction and moderation find and miss, and what they cost.",
}
"""Every figure of docs/benchmarks.md: they come with the source and are not in the wheel."""


class Benchmarks(LazyGroup):
    """The benchmarks of the wheel and, in a checkout, those of the source."""

    def module(self, name: str) -> ModuleType:
        if name in OWN_RECORDINGS:
            return super().module(name)
        try:
            return importlib.import_module(f"benchmarks.{name}")
        except ModuleNotFoundError as error:
            if error.name != "benchmarks":
                raise
            raise MissingError(
                "this benchmark comes with the source code, not with the installed package",
                where=f"voice bench {name}",
                expected="the folder benchmarks/ of a checkout",
                remedy="clone the project, run ./scripts/start there, and call .venv/bin/voice bench",
            ) from error


@click.group("bench", cls=Benchmarks, package="voice.cli.bench", table=OWN_RECORDINGS | OF_THE_SOURCE)
def command() -> None:
    """Measure on this machine. Every benchmark writes its figures with --json FILE."""
