"""`voice bench realtime`: what the Realtime API adds to the answer's latency, and whether many visitors hear gaps."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from benchmarks.peers.stage import Said
    from benchmarks.processes import Service
    from voice.audio.frames import Pcm

ENDPOINTING: dict[str, tuple[str, ...]] = {
    "adaptive endpointing (default)": (),
    "fixed endpointing": ("turn.endpointing=fixed",),
}
"""A browser changes a voice, so other words are understood, and words decide how long one waits, except with fixed."""

STAGGER_S = 0.7
"""Visitors arrive this far apart, so that they do not speak in step."""


@click.command("realtime")
@click.option(
    "--json", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write all figures to this JSON file."
)
@click.option("--rounds", default=3, show_default=True, metavar="N", help="Times the recording is spoken.")
@click.option("--visitors", default=10, show_default=True, metavar="N", help="How many speak at once afterwards.")
@click.option("--page", is_flag=True, help="Also speak it to the kiosk page, in Chromium.")
def command(target: Path | None, rounds: int, visitors: int, page: bool) -> None:
    """Measure the Realtime API with the engines that need no model.

    The recorded conversation is spoken to `voice talk` and then, in real time over the protocol, to `voice serve`. Both
    are timed from the true end of speech to the first sound. With --page so is `voice kiosk`, by a browser whose
    microphone speaks the recording: from the sound that the page gets to the sound that it gives. Then so many visitors
    speak it at once, and a simulated player counts where a reply broke off for lack of audio.
    """
    from benchmarks.sessions import machine

    found: dict[str, Any] = {"machine": machine(), "date": date.today().isoformat()}
    click.echo(found["machine"])
    with tempfile.TemporaryDirectory() as folder:
        found |= measure(Path(folder), rounds, visitors, page)
    if target is not None:
        target.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def measure(folder: Path, rounds: int, visitors: int, page: bool) -> dict[str, Any]:
    """All measurements, told as they are made."""
    from benchmarks import latency_plain as plain

    alone = plain.converse(folder, (), rounds)
    click.echo(_line("voice talk", alone["from_true_end_ms"]))
    over, crowd = asyncio.run(_served(folder, rounds, visitors))
    click.echo(_line("over the Realtime API", over["from_true_end_ms"]))
    more: dict[str, Any] = {"more_ms": _more(over, alone)}
    click.echo(f"that is {more['more_ms']} ms more at p50")
    if page:
        for name, settings in ENDPOINTING.items():
            beside = plain.converse(folder, settings, rounds) if settings else alone
            through = asyncio.run(_paged(folder, settings, rounds))
            more[name] = {"talk": beside, "page": through, "more_ms": _more(through, beside)}
            click.echo(_line(f"through the page, {name}", through["from_true_end_ms"]))
            click.echo(f"that is {more[name]['more_ms']} ms more than voice talk with it at p50")
    response = crowd["response_ms"]
    click.echo(
        f"{visitors} visitors at once: {crowd['replies']} replies, {crowd['underruns']} underruns "
        f"({crowd['gaps_ms']} ms in all), response p50 {response['p50']} p95 {response['p95']} ms; "
        f"server {crowd['cpu_percent']} % of a core, {crowd['memory_mb']} MB"
    )
    return {"talk": alone, "realtime": over, **more, "crowd": crowd}


def _more(row: dict[str, Any], than: dict[str, Any]) -> float:
    mine, theirs = (float(one["from_true_end_ms"]["p50"]) for one in (row, than))
    return round(mine - theirs, 1)


def _line(name: str, row: dict[str, Any]) -> str:
    return f"{name}: from the true end of speech p50 {row['p50']} p95 {row['p95']} ms, {row['n']} answers"


async def _served(folder: Path, rounds: int, visitors: int) -> tuple[dict[str, Any], dict[str, Any]]:
    from benchmarks.latency_judge import p50_p95
    from benchmarks.latency_plain import RECORDING, repeated
    from benchmarks.realtime_visitor import visit
    from voice.audio.wav import read_wav

    async with serving(folder, "serve", settings=(f"serve.talks={visitors + 1}",)) as server:
        said = repeated(folder / "spoken.wav", rounds)
        speech = read_wav(folder / "spoken.wav")
        one = await visit(server.url, speech)
        heard = one.player.heard(one.began, len(speech) / 16_000 + 10)
        over = _judged(said, heard) | {"underruns": len(one.player.gaps_s), "errors": one.errors}
        loop = asyncio.get_running_loop()
        before, began = server.cpu_s(), loop.time()
        visits = [visit(server.url, read_wav(RECORDING), wait_s=STAGGER_S * number) for number in range(visitors)]
        found = await asyncio.gather(*visits)
        gaps = [gap for visit in found for gap in visit.player.gaps_s]
        crowd = {
            "visitors": visitors,
            "replies": sum(visit.player.replies for visit in found),
            "underruns": len(gaps),
            "gaps_ms": round(sum(gaps) * 1000, 1),
            "response_ms": p50_p95([ms for visit in found for ms in visit.latencies_ms]),
            "errors": [error for visit in found for error in visit.errors],
            "cpu_percent": round((server.cpu_s() - before) / (loop.time() - began) * 100, 1),
            "memory_mb": round(server.memory_bytes() / 1024**2, 1),
        }
    return over, crowd


async def _paged(folder: Path, settings: Sequence[str], rounds: int) -> dict[str, Any]:
    from benchmarks.latency_plain import repeated
    from benchmarks.realtime_page import asked, heard
    from voice.audio.wav import read_wav

    said = repeated(folder / "spoken.wav", rounds)
    async with serving(folder, "kiosk", "--no-browser", "--profile", "desktop", settings=settings) as server:
        microphone, speaker = await heard(server.url + "/kiosk/", folder / "spoken.wav")
    return _judged(asked(said, read_wav(folder / "spoken.wav"), microphone), speaker)


def serving(folder: Path, *command: str, settings: Sequence[str] = ()) -> Service:
    """A `voice` command that serves on a free port, with the engines that need no model and a store in the folder."""
    from benchmarks.processes import VOICE, Service, free_port

    port = free_port()
    engines = ("asr.engine=pocketsphinx", "tts.engine=espeak", f"chat.store=sqlite:///{folder}/{command[0]}.sqlite")
    options = [word for setting in (*engines, *settings) for word in ("--set", setting)]
    whole = [*VOICE, *command, "--port", str(port), "--llm", "builtin", *options]
    return Service(whole, f"http://127.0.0.1:{port}")


def _judged(said: Sequence[Said], heard: Pcm) -> dict[str, Any]:
    from benchmarks.latency_judge import judge, p50_p95
    from benchmarks.peers.stage import sounding

    judged = judge(said, sounding(heard, join_s=0.3), ())
    return {"from_true_end_ms": p50_p95(judged.response_ms), "false_cut_offs": judged.false_cut_offs}
