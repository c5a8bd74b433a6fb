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
    """Precision and recall on the sentences in benchmarks/sets, and the time a delta takes."""
    figures = {"redaction": redaction(misses=misses), "moderation": moderation(misses=misses)}
    if target is not None:
        target.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def redaction(*, misses: bool = False) -> dict[str, Any]:
    """Print the table of redaction and return its figures."""
    from benchmarks.safety_moderation import labelled as moderated
    from benchmarks.safety_moderation import late_ms, replies
    from benchmarks.safety_redaction import costs_us, labelled, measured
    from voice.safety.redactor import Finder, Redactor

    finder = Finder()
    table, sentences = measured(finder), labelled()
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
    ordinary = replies(moderated())
    costs = {
        "ordinary_replies": costs_us(ordinary),
        "without_finds": costs_us([sentence.text for sentence in sentences if not sentence.spans] * 3),
        "with_finds": costs_us([sentence.text for sentence in sentences if sentence.spans]),
    }
    for name, cost in costs.items():
        click.echo(
            f"  a delta of 4 characters, {name.replace('_', ' ')}: {cost['mean']:.1f} µs on average,"
            f" {cost['p99']:.0f} µs at p99; {cost['held']:.1f} characters held on average"
        )
    waits = late_ms(ordinary, lambda: Redactor(finder, lambda kind, value, written: written).feed)
    late = _waits(waits)
    return {
        "sentences": len(sentences),
        "first_clause_ms": late,
        "kinds": {
            kind: {name: getattr(score, name) for name in ("precision", "recall", "right", "wrong", "missed")}
            for kind, score in table.items()
        },
        "delta_us": costs,
    }


def moderation(*, misses: bool = False) -> dict[str, Any]:
    """Print the tables of the shipped moderation rules and return their figures."""
    from benchmarks.safety_moderation import ORDINARY, PARTS, costs_us, first_clause_ms, labelled, replies, scores
    from benchmarks.safety_redaction import labelled as redactable
    from voice.safety.rules_file import load

    rules, sentences = load(), labelled()
    click.echo(f"moderation, {len(sentences)} sentences, {len(rules.rules)} rules")
    click.echo(f"  {'found in sentences of':<22}" + "".join(f"{name:>14}" for name in PARTS.values()))
    parts = {part: scores([one for one in sentences if one.part == part], rules) for part in PARTS}
    for category in parts["dev"]:
        found = [table[category] for table in parts.values()]
        if category == ORDINARY:
            wrong, count = sum(len(score.wrong) for score in found), sum(score.count for score in found)
            click.echo(f"  false alarms in {count} ordinary sentences: {wrong} ({wrong / count:.1%})")
        else:
            click.echo(f"  {category:<22}" + "".join(f"{f'{score.right}/{score.count}':>14}" for score in found))
        for sentence in [text for score in found for text in score.wrong] if misses else ():
            click.echo(f"      {'wrong' if category == ORDINARY else 'missed'}: {sentence}")
    others = [one.text for one in redactable()]
    alarms = [text for text in others if rules.verdict(text).categories]
    click.echo(f"  and in {len(others)} of the redaction set, written by another hand: {len(alarms)}")
    for sentence in alarms if misses else ():
        click.echo(f"      wrong: {sentence}")
    ordinary = replies(sentences)
    cost, waits = costs_us(rules, ordinary), first_clause_ms(rules, ordinary)
    click.echo(f"  a delta of 4 characters: {cost['mean']:.1f} µs on average, {cost['p99']:.0f} µs at p99")
    late = _waits(waits)
    return {
        "sentences": len(sentences),
        "rules": len(rules.rules),
        "false_alarms_elsewhere": {"wrong": len(alarms), "of": len(others)},
        "found": {
            part: {name: {"right": score.right, "of": score.count} for name, score in table.items()}
            for part, table in parts.items()
        },
        "delta_us": cost,
        "first_clause_ms": late,
    }


def _waits(waits: list[float]) -> dict[str, float]:
    """Print how long first clauses wait and return it."""
    from voice.trace import percentile

    mean, p95, late = sum(waits) / len(waits), percentile(waits, 0.95), sum(wait > 0 for wait in waits) / len(waits)
    click.echo(f"  the first clause waits {mean:.2f} ms on average at 50 tokens/s, {p95:.0f} ms at p95;")
    click.echo(f"  {late:.1%} of {len(waits)} replies wait for a token or more, the longest {max(waits):.0f} ms")
    return {"mean": mean, "p95": p95, "most": max(waits)}
