"""`voice redact`: try redaction on real sentences."""

from __future__ import annotations

import json
import secrets
import sys

import click

from voice.cli.options import Resolved, configured, setting


@click.command("redact")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON line per input line: its text and what was found."
)
@setting("--regions", "safety.regions", metavar="CN,US,…")
@setting("--presidio", "safety.presidio", metavar="off|patterns|MODEL,…")
@configured
def command(resolved: Resolved, as_json: bool) -> None:
    """Read text from standard input and write it redacted, line by line.

    A number has the same placeholder throughout one run and a different one in the next, as in conversations.
    """
    from voice.safety.redactor import Redactor
    from voice.safety.session_redaction import Pseudonyms
    from voice.wiring.safety import finder, second_stage

    looks, second = finder(resolved.settings.safety), second_stage(resolved.settings.safety)
    names = Pseudonyms(secrets.token_bytes(32))
    found: list[dict[str, str]] = []

    def name(kind: str, value: str, written: str) -> str:
        placeholder = names.name(kind, value, written)
        found.append({"kind": kind, "text": written, "name": placeholder})
        return placeholder

    for line in sys.stdin:
        found.clear()
        first = Redactor(looks, name)
        screen = first if second is None else second(first, name)
        text = screen.feed(line.rstrip("\r\n")) + screen.flush()
        click.echo(json.dumps({"text": text, "found": found}, ensure_ascii=False) if as_json else text)
