"""`voice moderate`: try the moderation rules on real sentences."""

from __future__ import annotations

import json
import sys

import click

from voice.cli.options import Resolved, configured, setting


@click.command("moderate")
@setting("--rules", "safety.rules", metavar="FILE")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object per line: verdict, action, categories, rules."
)
@configured
def command(resolved: Resolved, as_json: bool) -> None:
    """Read lines of text from standard input and print the verdict on each.

    Each line is checked by the rules and by the configured moderation servers. Nothing is stored.
    """
    from voice.cli.interrupt import run

    run(_judge(resolved, as_json))


async def _judge(resolved: Resolved, as_json: bool) -> None:
    from voice.safety.verdict import together
    from voice.wiring.safety import moderation

    made = moderation(resolved.settings)
    if made is None:
        raise click.UsageError("moderation is off: safety.moderate = off.")
    try:
        for line in sys.stdin:
            text = line.rstrip("\n")
            verdict = together([made.words(text), await made.ask(text)])
            blocking = made.blocking(verdict)
            action = "block" if blocking else "flag" if verdict.categories else "allow"
            if as_json:
                broken = [match.rule for match in made.rules.matches(text)] if made.rules else []
                rules = [
                    {"category": rule.category, "pattern": rule.pattern, "where": rule.where}
                    for rule in broken
                    if rule.category in verdict.categories
                ]
                told = {"verdict": verdict.kind, "action": action, "categories": verdict.categories, "rules": rules}
                if verdict.error:
                    told["error"] = verdict.error
                click.echo(json.dumps(told, ensure_ascii=False))
            else:
                why = ", ".join(verdict.categories) or verdict.error
                click.echo(f"{action:<6} {why:<24} {text}" if why else f"{action:<31} {text}")
    finally:
        await made.close()
