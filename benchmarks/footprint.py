"""`voice bench footprint`: what the assistant takes of one core over many turns: memory, processor, threads, writes."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.latency_plain import RECORDING, ROOM_DBFS, truth
from benchmarks.processes import VOICE, Service
from voice.audio.frames import RATE
from voice.audio.wav import read_wav, write_wav
from voice.errors import UnavailableError

SETTLE_S, IDLE_S, POLL_S = 8.0, 30.0, 2.0
MEMORY = Path("/dev/shm")
WHISPER, PIPER = "tiny.en", "en_US-joe-medium"
SETS = ("builtin", "whisper", "remote")
WARM_UP_TURNS = 20
"""Turns after which memory is expected to stay: engines grow their buffers in the first ones."""


@dataclass(slots=True)
class Watch:
    """What was seen of a process: resident MiB by seconds since its start."""

    memory: list[tuple[float, float]] = field(default_factory=list)
    threads: int = 0
    written: int = 0

    def look(self, process: Service, at: float) -> None:
        """Weigh it once."""
        self.memory.append((at, process.memory_bytes() / 2**20))
        self.threads = max(self.threads, _proc(process.pid, "status", "Threads"))
        unwritten = _proc(process.pid, "io", "cancelled_write_bytes")  # of files that were gone before it came to that
        self.written = max(self.written, _proc(process.pid, "io", "write_bytes") - unwritten)

    def slope_mb_per_h(self, since_s: float) -> float | None:
        """Growth of memory after `since_s`, by least squares; None for less than five minutes of it."""
        kept = [(at, size) for at, size in self.memory if at >= since_s]
        if len(kept) < 3 or kept[-1][0] - kept[0][0] < 300:
            return None
        at, size = np.array(kept).T
        return round(float(np.polyfit(at / 3600, size, 1)[0]), 2)


@click.command("footprint")
@click.option("--set", "sets", type=click.Choice(SETS), multiple=True, help="Engines: all three by default.")
@click.option("--turns", default=100, show_default=True, help="Turns of each set, one about every 6 s.")
@click.option("--minutes", default=0, metavar="N", help="Converse for so long instead.")
@click.option("--core", default=0, show_default=True, help="The one core everything is held to.")
@click.option(
    "--models",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where the models are; default as models.folder.",
)
@click.option(
    "--json", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write all figures to this JSON file."
)
def command(
    sets: tuple[str, ...], turns: int, minutes: int, core: int, models: Path | None, target: Path | None
) -> None:
    """Measure a conversation held in real time on one core, with the profile pi.

    builtin: pocketsphinx and espeak-ng; whisper: Whisper tiny.en and the Piper voice joe;
    remote: both on another server, which this command runs beside it. Needs Linux.
    """
    from benchmarks.sessions import machine

    repeats = max(1, round(minutes * 60 / _length_s()) if minutes else round(turns / len(truth())))
    found: dict[str, Any] = {"machine": machine(), "date": date.today().isoformat(), "sets": {}}
    click.echo(found["machine"])
    for name in sets or SETS:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            engines = stack.enter_context(_engines(name, models))
            with _pinned(core):
                row = {"idle": idle(Path(folder), engines), **converse(Path(folder), engines, repeats)}
                if name == "builtin":
                    row["idle_wake_word"] = idle(Path(folder), [*engines, "--set", "wake.mode=word"])
        found["sets"][name] = row
        click.echo(_line(name, row))
        if target is not None:
            target.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _line(name: str, row: dict[str, Any]) -> str:
    wake = f", {row['idle_wake_word']['cpu_percent']} % with the wake word" if "idle_wake_word" in row else ""
    slope = row["slope_mb_per_h"]
    return (
        f"{name}: ready in {row['ready_s']} s, {row['memory_mb']} MB after {row['turns']} turns (most "
        f"{row['most_memory_mb']}), growth {'too short to tell' if slope is None else f'{slope} MB/h'}, idle "
        f"{row['idle']['cpu_percent']} % of the core{wake}, {row['cpu_s_per_turn']} s of processor a turn, "
        f"{row['threads']} threads, {row['written_mb_per_h']} MB written an hour"
    )


def idle(folder: Path, engines: Sequence[str]) -> dict[str, float]:
    """Processor share and memory of a loop that hears a quiet room."""
    noise = np.random.default_rng(1).normal(0.0, 32768 * 10 ** (ROOM_DBFS / 20), round((IDLE_S + 60) * RATE))
    write_wav(folder / "quiet.wav", np.rint(noise).astype(np.int16))
    with _talk(folder, "quiet.wav", engines) as process:
        _stays(process, SETTLE_S)
        before, began = process.cpu_s(), time.monotonic()
        _stays(process, IDLE_S)
        share = (process.cpu_s() - before) / (time.monotonic() - began)
        return {"cpu_percent": round(share * 100, 2), "memory_mb": round(process.memory_bytes() / 2**20, 1)}


def converse(folder: Path, engines: Sequence[str], repeats: int) -> dict[str, Any]:
    """The recorded conversation so many times over, watched from outside."""
    once = read_wav(RECORDING)
    write_wav(folder / "in.wav", np.tile(once, repeats))
    watch = Watch()
    trace = Path(tempfile.mkdtemp(dir=MEMORY)) / "trace.jsonl"  # the bench's own writes are not the product's
    with _talk(folder, "in.wav", [*engines, "--session", "footprint", "--trace", str(trace)]) as process:
        began = time.monotonic()
        cpu = 0.0
        while process.running():
            watch.look(process, time.monotonic() - began)
            cpu = max(cpu, process.cpu_s())
            time.sleep(POLL_S)
        said = process.output()
    lines = [json.loads(line) for line in trace.read_text("utf-8").splitlines()] if trace.exists() else []
    shutil.rmtree(trace.parent)
    answered = [line for line in lines if line["outcome"] in ("answered", "interrupted")]
    ready = re.search(r"ready in ([\d.]+) s", said)
    if not answered or ready is None:
        raise UnavailableError(f"no turn was answered: {said[-300:]}", where="voice talk")
    watch.memory = [(at, size) for at, size in watch.memory if size > 0][:-5]  # the last ones saw it leave
    sizes = [size for _, size in watch.memory]
    hours = watch.memory[-1][0] / 3600
    return {
        "ready_s": float(ready[1]),
        "turns": len(answered),
        "asked": len(truth()) * repeats,
        "memory_mb": round(sizes[-1], 1),
        "most_memory_mb": round(max(sizes), 1),
        "slope_mb_per_h": watch.slope_mb_per_h(WARM_UP_TURNS * len(once) / RATE / len(truth())),
        "minutes": round(hours * 60, 1),
        "memory_mb_by_minute": [round(size, 1) for _, size in watch.memory[:: round(60 / POLL_S)]],
        "cpu_s_per_turn": round(cpu / len(answered), 3),
        "threads": watch.threads,
        "written_mb_per_h": round(watch.written / 2**20 / hours, 2),
    }


def _stays(process: Service, seconds: float) -> None:
    """Let it run. Raises UnavailableError where it ends."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if not process.running():
            raise UnavailableError(f"ended early: {process.output()[-300:]}", where="voice talk")
        time.sleep(min(left, POLL_S))


@contextmanager
def _talk(folder: Path, recording: str, more: Sequence[str]) -> Iterator[Service]:
    """A running `voice talk` over a recording."""
    command = [*VOICE, "talk", "--profile", "pi", "--llm", "builtin", "--input", str(folder / recording), *more]
    process = Service([*command, "--set", f"chat.store=sqlite:///{folder}/sessions.sqlite"], "")
    process.launch()
    try:
        yield process
    finally:
        process.close()


@contextmanager
def _engines(name: str, models: Path | None) -> Iterator[list[str]]:
    """The flags of a set of engines, with the server they need."""
    if name == "builtin":
        yield ["--asr", "pocketsphinx", "--tts", "espeak"]
    elif name == "whisper":
        from benchmarks.latency_hard import published

        folder = published(models, WHISPER, PIPER)
        yield [
            *("--asr", "whisper", "--set", f"asr.model={WHISPER}", "--set", "asr.language=en"),
            *("--tts", "piper", "--set", f"tts.voice={PIPER}", "--set", "models.threads=1"),
            *("--set", f"models.folder={folder}"),
        ]
    else:
        from benchmarks.audio_house import serve_house

        with serve_house() as house:
            yield ["--set", f"asr.url={house.url}", "--set", f"tts.url={house.url}"]


@contextmanager
def _pinned(core: int) -> Iterator[None]:
    """Hold this process, and the children it starts, to one core."""
    if not hasattr(os, "sched_setaffinity"):
        raise UnavailableError("a process cannot be held to one core here", where="voice bench footprint")
    before = os.sched_getaffinity(0)
    if core not in before:
        raise UnavailableError(f"no core {core}", where="--core", expected=f"one of {sorted(before)}")
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _length_s() -> float:
    return len(read_wav(RECORDING)) / RATE


def _proc(pid: int, file: str, field_name: str) -> int:
    """A number in a file of /proc; 0 where the process has just ended."""
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{field_name}:")), 0)
