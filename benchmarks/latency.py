"""`voice bench latency`: how soon this assistant answers, what it costs, and how its peers do in the same room."""

from __future__ import annotations

import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path)


@click.command("latency")
@click.option("--json", "target", type=FILE, metavar="FILE", help="Write all figures to this JSON file.")
@click.option("--rounds", default=0, metavar="N", help="Rounds; default 5 of the recording, 2 with --hard or --peer.")
@click.option(
    "--hard", is_flag=True, help="The harder conversation: breaths, coughs, an interruption; needs a checkout."
)
@click.option("--echo", is_flag=True, help="The harder conversation with the reply's echo in the microphone.")
@click.option(
    "--peer",
    "peers",
    type=click.Choice(["pipecat", "livekit"]),
    multiple=True,
    help="Run this framework in the same conversation, in its own environment.",
)
@click.option("--models", type=FILE, metavar="FOLDER", help="Where the models are; default as models.folder.")
@click.option("--whisper", default="tiny.en", show_default=True, help="Which of them recognizes.")
@click.option("--piper", default="en_US-joe-medium", show_default=True, help="Which of them speaks.")
@click.option("--plot", type=FILE, metavar="FILE.svg", help="Draw the response latencies of --hard and --peer.")
def command(
    target: Path | None,
    rounds: int,
    hard: bool,
    echo: bool,
    peers: tuple[str, ...],
    models: Path | None,
    whisper: str,
    piper: str,
    plot: Path | None,
) -> None:
    """Measure response latency in real time.

    Without options: the recorded conversation with the engines that need no model, memory, idle load and start of the
    command, about ten minutes. With --hard, --echo or --peer: a harder conversation with Whisper and Piper, two
    minutes a system and round.
    """
    from benchmarks.sessions import machine

    found: dict[str, Any] = {"machine": machine(), "date": date.today().isoformat()}
    click.echo(found["machine"])
    if hard or echo or peers:
        found |= _beside_peers(echo, peers, models, whisper, piper, rounds or 2, plot)
    else:
        found |= _alone(rounds or 5)
    if target is not None:
        target.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _alone(times: int) -> dict[str, Any]:
    from benchmarks import latency_plain as plain

    found: dict[str, Any] = {"help_s": plain.help_s()}
    click.echo(f"voice --help: {found['help_s']} s")
    with tempfile.TemporaryDirectory() as folder:
        found["idle"] = plain.idle(Path(folder))
        click.echo(f"idle loop: {found['idle']['cpu_percent']} % of a core, {found['idle']['memory_mb']} MB")
    found["conversation"] = {}
    for name, settings in plain.VARIANTS.items():
        with tempfile.TemporaryDirectory() as folder:
            row = plain.converse(Path(folder), settings, times)
        found["conversation"][name] = row
        response, true = row["spans_ms"].get("response", {}), row["from_true_end_ms"]
        click.echo(
            f"{name}: response p50 {response.get('p50')} p95 {response.get('p95')} ms; from the true end of speech p50 "
            f"{true['p50']} p95 {true['p95']} ms; audible after the decision p50 "
            f"{row['audible_after_decision_ms']['p50']} ms; {row['turns']} turns for {row['asked']} questions, "
            f"{row['false_cut_offs']} cut off; at most {row['most_memory_mb']} MB"
        )
        spans = ", ".join(f"{span} {ms['p50']}/{ms['p95']}" for span, ms in row["spans_ms"].items())
        click.echo(f"    spans p50/p95 ms: {spans}")
    return found


def _beside_peers(
    echo: bool, peers: tuple[str, ...], models: Path | None, whisper: str, piper: str, rounds: int, plot: Path | None
) -> dict[str, Any]:
    from benchmarks import latency_hard as hard
    from benchmarks.latency_report import picture, table

    runs = [run for run in (hard.ECHO if echo else hard.PLAIN) if run.system in (hard.OURS, *peers)]
    for peer in peers:
        click.echo(f"{peer}: the first time it is installed, which takes minutes")
        hard.environment(peer)
    with tempfile.TemporaryDirectory() as folder:
        figures = hard.measure(runs, models, Path(folder), rounds, click.echo, whisper, piper)
    for line in table(figures):
        click.echo(line)
    for title, row in figures.items():
        spans = ", ".join(f"{name} {ms['p50']}/{ms['p95']}" for name, ms in row["after_end_of_speech_ms"].items())
        click.echo(f"{title} ({row['settings']}), ms after the end of speech p50/p95: {spans}")
    if plot is not None:
        plot.write_text(picture(figures), encoding="utf-8")
        click.echo(f"picture: {plot}")
    return {"echo": echo, "models": [whisper, piper], "rounds": rounds, "systems": figures}
