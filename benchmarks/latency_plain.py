"""The recorded conversation with the engines that need no model: the product as it is run, from outside."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.latency_judge import judge, p50_p95
from benchmarks.peers.stage import Said, sounding
from benchmarks.processes import VOICE, Service
from voice import paths as folders
from voice.audio.frames import RATE
from voice.audio.wav import read_wav, write_wav
from voice.errors import UnavailableError
from voice.trace import summary

RECORDING = folders.PACKAGE / "demo" / "conversation.wav"
QUIET_S, SETTLE_S = 30.0, 8.0
HELP_RUNS = 9
ROOM_DBFS = -65.0
POLL_S = 0.5

VARIANTS: dict[str, tuple[str, ...]] = {
    "fixed 500 ms, speculating": ("turn.endpointing=fixed",),
    "fixed 500 ms, no speculation": ("turn.endpointing=fixed", "turn.speculate=off"),
    "adaptive, speculating (default)": (),
}


def truth() -> list[Said]:
    """Speakers and words of the recording."""
    rows = RECORDING.with_suffix(".tsv").read_text(encoding="utf-8").splitlines()
    return [
        Said(float(start), float(end), "question", number, text)
        for number, (start, end, text) in enumerate((row.split("\t") for row in rows), 1)
    ]


def repeated(path: Path, times: int) -> list[Said]:
    """Write the recording several times over; returns the truth about it."""
    once = read_wav(RECORDING)
    write_wav(path, np.tile(once, times))
    length_s, said = len(once) / RATE, truth()
    return [
        Said(one.start + n * length_s, one.end + n * length_s, one.kind, one.turn + n * len(said), one.text)
        for n in range(times)
        for one in said
    ]


def converse(folder: Path, settings: Sequence[str], times: int) -> dict[str, Any]:
    """`voice talk` over the recording in real time, in a process and a history of its own.

    Response latencies are given twice: as the product counts them, from the last sample it took for speech, and from
    the true end of speech to the first sound in the WAV it wrote.
    """
    said = repeated(folder / "in.wav", times)
    trace, out = folder / "trace.jsonl", folder / "out.wav"
    command = [*VOICE, "talk", "--asr", "pocketsphinx", "--tts", "espeak", "--llm", "builtin"]
    command += ["--input", str(folder / "in.wav"), "--output", str(out), "--trace", str(trace)]
    command += ["--set", f"chat.store=sqlite:///{folder}/sessions.sqlite", "--set", "audio.echo=off"]
    for setting in settings:
        command += ["--set", setting]
    process = Service(command, "")
    process.launch()
    memory = 0.0
    while process.running():
        memory = max(memory, process.memory_bytes() / 1024**2)
        time.sleep(POLL_S)
    lines = [json.loads(line) for line in trace.read_text().splitlines()] if trace.exists() else []
    if not lines or not out.exists():
        raise UnavailableError(f"no turn was recorded: {process.output()[-300:]}", where="voice talk")
    judged = judge(said, sounding(read_wav(out), join_s=0.3), ())
    spans = {name: {"p50": round(p50, 1), "p95": round(p95, 1)} for name, (p50, p95) in summary(lines).items()}
    decided = [
        line["moments_ms"]["audible"] - line["moments_ms"]["endpoint"]
        for line in lines
        if {"audible", "endpoint"} <= line["moments_ms"].keys()
    ]
    return {
        "turns": len(lines),
        "asked": judged.turns,
        "spans_ms": spans,
        "audible_after_decision_ms": p50_p95(decided),
        "from_true_end_ms": p50_p95(judged.response_ms),
        "false_cut_offs": judged.false_cut_offs,
        "most_memory_mb": round(memory, 1),
        "outcomes": {name: sum(line["outcome"] == name for line in lines) for name in ("answered", "interrupted")},
    }


def idle(folder: Path) -> dict[str, float]:
    """Processor share and memory of a loop that hears a quiet room."""
    noise = np.random.default_rng(1).normal(0.0, 32768 * 10 ** (ROOM_DBFS / 20), round(QUIET_S * 2 * RATE))
    write_wav(folder / "quiet.wav", np.rint(noise).astype(np.int16))
    command = [*VOICE, "talk", "--asr", "pocketsphinx", "--tts", "espeak", "--input", str(folder / "quiet.wav")]
    process = Service([*command, "--set", f"chat.store=sqlite:///{folder}/quiet.sqlite"], "")
    process.launch()
    time.sleep(SETTLE_S)
    before, began = process.cpu_s(), time.monotonic()
    time.sleep(QUIET_S)
    share = (process.cpu_s() - before) / (time.monotonic() - began)
    memory = process.memory_bytes() / 1024**2
    process.kill()
    return {"cpu_percent": round(share * 100, 2), "memory_mb": round(memory, 1), "seconds": QUIET_S}


def help_s(runs: int = HELP_RUNS) -> float:
    """Seconds `voice --help` takes, median."""
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run([*VOICE, "--help"], check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return round(statistics.median(times), 3)
