"""`voice bench`: the benchmarks of the wheel and, in a checkout, those of benchmarks/."""

from __future__ import annotations

import importlib
from types import ModuleType

import click

from voice.cli.group import LazyGroup
from voice.errors import MissingError

OWN_RECORDINGS = {
    "asr": "Word error rate and speed of the recognizers on your own clips.",
    "turns": "How often a turn is ended in a pause, and how late its end is noticed, on recordings and made sentences.",
    "speakers": "How often a speaker is known, missed or mistaken, on recordings with one folder a person.",
    "wake": "Misses and false alarms of the wake word on your own recordings.",
}
"""Measured by owners on their own recordings: part of the wheel."""

OF_THE_SOURCE = {
    "latency": "Response latency of the recorded conversation, its parts, memory and processor time.",
    "room": "Echo, noise and television in a simulated room: what interrupts a reply, and what is answered.",
    "tts": "Time to first audio of espeak-ng and of Piper voices, whole and cut.",
    "footprint": "Memory, processor time, threads and disk writes on one core.",
    "warm": "What a warm-up saves on the first turn of a session, with a scripted model server.",
    "hot": "Which sessions to keep hot on the model server: serve.hot against LRU, LFU, GDSF and the future known.",
    "chaos": "Two session servers and Redis, killed and disconnected at random: what is lost or repeated.",
    "sessions": "Latency, throughput and recovery of the session server.",
    "realtime": "What the Realtime API adds to an answer's latency, and ten visitors at once.",
    "endpoints": "What OpenAI's audio endpoints and Responses add to the engines and the model server behind them.",
    "memory": "What is answered of orders and facts, how fast, and in how many tokens.",
    "tools": "Which requests are understood without a model, how fast, and what tools cost a reply.",
    "numbers": "What is understood and spoken of numbers, times, money and names, by kind.",
    "transports": "What our own HTTP client and WebSocket save the session server.",
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
                "this benchmark is not in the installed package",
                where=f"voice bench {name}",
                expected="the folder benchmarks/ of a checkout",
                remedy="clone the project, run ./scripts/start there, then .venv/bin/voice bench",
            ) from error


@click.group("bench", cls=Benchmarks, package="voice.cli.bench", table=OWN_RECORDINGS | OF_THE_SOURCE)
def command() -> None:
    """Measure on this machine. Every benchmark writes its figures with --json FILE."""
