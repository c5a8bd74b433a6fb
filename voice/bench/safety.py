"""`voice bench safety`: how well and how fast texts are looked at before they are logged, sent or spoken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path)


@click.command("safety")
@click.option("--json", "target", type=FILE, metavar="FILE", help="Write the figures as JSON.")
@click.option("--misses", is_flag=True, help="List every sentence in which something was missed or wrongly taken.")
def command(target: Path | None, misses: bool) -> None:
    """Precision and recall on the sentences in voice/bench/sets, and the time a delta takes."""
    figures = {"redaction": redaction(misses=misses)}
    if target is not None:
        target.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def redaction(*, misses: bool = False) -> dict[str, Any]:
    """Print the table of redaction and return its figures."""
    from voice.bench.safety_redaction import costs_us, labelled, measured

    table, sentences = measured(), labelled()
    click.echo(f"redaction, {len(sentences)} sentences")
    click.echo(f"  {'kind':<8}{'precision':>10}{'recall':>8}{'right':>7}{'wrong':>7}{'missed':>8}")
    for kind, score in table.items():
        line = f"  {kind:<8}{score.precision:>10.3f}{score.recall:>8.3f}"
        click.echo(f"{line}{score.right:>7}{score.wrong:>7}{score.missed:>8}")
        if misses:
            for sentence in score.wrongly:
                click.echo(f"      wrong:  {sentence}")
            for sentence in score.overlooked:
                click.echo(f"      missed: {sentence}")
    plain = costs_us([sentence.text for sentence in sentences if not sentence.spans] * 3)
    private = costs_us([sentence.text for sentence in sentences if sentence.spans])
    for name, cost in (("without finds", plain), ("with finds", private)):
        click.echo(
            f"  a delta of 4 characters, sentences {name}: {cost['mean']:.1f} µs on average,"
            f" {cost['p99']:.0f} µs at p99; {cost['held']:.1f} characters held on average"
        )
    return {
        "sentences": len(sentences),
        "kinds": {
            kind: {name: getattr(score, name) for name in ("precision", "recall", "right", "wrong", "missed")}
            for kind, score in table.items()
        },
        "delta_us": {"without_finds": plain, "with_finds": private},
    }
