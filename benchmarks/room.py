"""`voice bench room`: does it talk to itself, stop for a noise or answer a television? In a simulated room."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import click

KINDS = ("echo", "client", "cut", "noise", "television", "soft")


@click.command("room")
@click.option("--trial", "kinds", type=click.Choice(KINDS), multiple=True, default=KINDS, show_default=True)
@click.option("--gain", "gains", type=float, multiple=True, default=(0.01, 0.1, 0.3, 0.5), show_default=True)
@click.option("--delay", "delays", type=int, multiple=True, default=(30, 100, 300), show_default=True, metavar="MS")
@click.option("--recognizer", "recognizers", multiple=True, default=("pocketsphinx", "tiny.en"), show_default=True)
@click.option("--voice", "voices", multiple=True, default=("espeak",), show_default=True, help="espeak, or joe.")
@click.option("--profile", "profiles", multiple=True, default=("desktop",), show_default=True)
@click.option("--models", type=click.Path(path_type=Path), metavar="FOLDER", help="Where the models are.")
@click.option("--json", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write every row there.")
def command(
    kinds: tuple[str, ...],
    gains: tuple[float, ...],
    delays: tuple[int, ...],
    recognizers: tuple[str, ...],
    voices: tuple[str, ...],
    profiles: tuple[str, ...],
    models: Path | None,
    target: Path | None,
) -> None:
    """Let the whole conversation run in a room without a canceller.

    Time is virtual and stands still while engines work: the rows say what is done, not how fast an engine is. Trials:
    echo and client (two answers and no one over them, here and through /v1/realtime), cut (a person over a reply),
    noise, television (during a question, after one, and alone), soft (a person's soft words after loud ones).
    """
    from benchmarks.latency_hard import published
    from benchmarks.room_trials import Kit, trials
    from benchmarks.sessions import machine

    click.echo(machine())
    wanted = [name for name in recognizers if name != "pocketsphinx"]
    wanted += [f"en_US-{name}-medium" for name in voices if name != "espeak"]
    folder = published(models, *wanted)
    kits = [Kit(profile, ear, voice, folder) for profile in profiles for ear in recognizers for voice in voices]
    rows: list[dict[str, Any]] = []
    for row in trials(kits, kinds, gains, delays):
        rows.append(row)
        click.echo(("   " if row["right"] else "NOT") + " " + " ".join(f"{key}={row[key]}" for key in row))
        if target is not None:  # a long run that is cut short has been measured so far
            found = {"machine": machine(), "date": date.today().isoformat(), "rows": rows}
            target.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for line in summary(rows):
        click.echo(line)


def summary(rows: list[dict[str, Any]]) -> list[str]:
    """How many rows of each trial and kit are right."""
    groups: defaultdict[str, list[bool]] = defaultdict(list)
    for row in rows:
        groups[f"{row['trial']}, {row['profile']}, {row['recognizer']}, {row['voice']}"].append(row["right"])
    return [f"{name}: {sum(right)} of {len(right)}" for name, right in groups.items()]
