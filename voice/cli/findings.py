"""The results of `voice doctor`'s checks, and how they are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import click

from voice.cli.options import Resolved
from voice.errors import VoiceError

GOOD, LIMITED, BROKEN = "ok", "--", "!!"
COLOURS = {GOOD: "green", LIMITED: "yellow", BROKEN: "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: `state` is GOOD, LIMITED (works without it) or BROKEN, `remedy` says how to fix it."""

    state: str
    text: str
    remedy: str = ""


Checks = Mapping[str, Callable[[Resolved], Finding]]


def show(checks: Checks, resolved: Resolved) -> bool:
    """Run the checks and print each result with its remedy; returns whether anything is broken."""
    broken = False
    for name, check in checks.items():
        try:
            finding = check(resolved)
        except VoiceError as error:
            finding = Finding(BROKEN, str(error))
        broken = broken or finding.state == BROKEN
        click.echo(f"{click.style(finding.state, fg=COLOURS[finding.state])}  {name:<15} {finding.text}")
        if finding.remedy:
            click.echo(f"{'':<20}{finding.remedy}")
    return broken
