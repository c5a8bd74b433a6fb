"""`voice config`: every setting, its value, and where the value came from."""

from __future__ import annotations

import json
from typing import Any

import click

from voice.cli.shared import configured
from voice.settings_merge import OPTIONS, Option, Resolved, environment_name, expectation


@click.command("config")
@click.argument("keys", nargs=-1, metavar="[KEY]…")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@configured
def command(resolved: Resolved, keys: tuple[str, ...], as_json: bool) -> None:
    """Show every setting with its value and its source.

    KEY, as `turn.silence_ms` or `turn`, shows only those, with what they mean.
    """
    shown = [key for key in OPTIONS if not keys or any(key == one or key.startswith(one + ".") for one in keys)]
    if not shown:
        raise click.UsageError(f"No setting or section {' '.join(keys)!r}; `voice config` lists all.")
    if as_json:
        table = {
            key: {"value": visible(OPTIONS[key], resolved.value(key)), "source": resolved.origins[key]} for key in shown
        }
        click.echo(json.dumps(table, indent=2, ensure_ascii=False))
        return
    width = max(len(key) for key in shown)
    for key in shown:
        option = OPTIONS[key]
        written = json.dumps(visible(option, resolved.value(key)), ensure_ascii=False)
        source = resolved.origins[key]
        click.echo(f"{key:<{width}} = {written}" + click.style(f"  # {source}", dim=source == "default"))
        if keys:
            click.echo(f"{'':<{width}}   {option.help} ({expectation(option)}; {environment_name(key)})")


def visible(option: Option, value: Any) -> Any:
    """The value as it may be shown: of a secret only whether it is set."""
    if option.secret:
        return "(set)" if value else "(not set)"
    return value
