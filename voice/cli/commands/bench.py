"""`voice bench`: measurements on this machine, each in its own module of voice/bench."""

from __future__ import annotations

import click

from voice.cli.group import LazyGroup

BENCHMARKS = {
    "latency": "Response latency of the recorded conversation, its parts, memory and processor time.",
    "asr": "Word error rate and speed of the recognizers on your own clips.",
    "tts": "Time to first audio of espeak-ng and of Piper voices, whole and cut.",
    "wake": "How often the wake word is missed, and heard where nobody said it, on your own recordings.",
    "footprint": "Memory, processor time, threads and writes on one core, as a small machine has it.",
    "warm": "What a warm-up spares the first turn of a session, on a scripted model server.",
    "chaos": "Two session servers and a Redis, killed and cut at random: what is lost, and what is repeated.",
    "sessions": "Latency, throughput and recovery of the session server.",
    "realtime": "What the Realtime API adds to an answer's latency, and ten visitors at once.",
    "safety": "What redaction and moderation find and miss, and what they cost.",
}


@click.group("bench", cls=LazyGroup, package="voice.bench", table=BENCHMARKS)
def command() -> None:
    """Measure on this machine. Every benchmark writes its figures with --json FILE."""
