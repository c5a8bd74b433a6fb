"""`voice config`: every setting, its value, and where the value came from."""

from __future__ import annotations

import json
import re
from typing import Any

import click

from voice.cli.options import configured
from voice.settings.layers import OPTIONS, Option, Resolved, environment_name, expectation


@click.command("config")
@click.argument("keys", nargs=-1, metavar="[KEY]…")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--markdown", is_flag=True, help="Print the reference page of all settings.")
@configured
def command(resolved: Resolved, keys: tuple[str, ...], as_json: bool, markdown: bool) -> None:
    """Show every setting with its value and its source.

    KEY, as `turn.silence_ms` or `turn`, shows only those, with what they mean.
    """
    if markdown:
        click.echo(reference(), nl=False)
        return
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


HEAD = """# Settings

Made by `voice config --markdown`; a test keeps it true.

A value comes from the first of these that has it: a flag (`--set turn.silence_ms=400`, or a flag of its own), the
environment (`VOICE_TURN_SILENCE_MS=400`), a file (`--config FILE` or `VOICE_CONFIG`), a profile (`--profile pi` or
`VOICE_PROFILE`: desktop, pi, kiosk), the default below. `voice config` shows every value and where it came from. An
unknown key or a value that cannot be used stops the command with one line and exit code 78. Secrets are read from the
environment only.

A file has a table per section:

```toml
[turn]
silence_ms = 400
```
"""


def reference() -> str:
    """The page docs/configuration.md: every setting with its default, what it takes, and what it means."""
    lines, section = [HEAD.rstrip()], ""
    for key, option in OPTIONS.items():
        if key.partition(".")[0] != section:
            section = key.partition(".")[0]
            lines += ["", f"## {section}", "", "| setting | default | takes | meaning |", "|---|---|---|---|"]
        default = "environment only" if option.secret else f"`{json.dumps(option.default, ensure_ascii=False)}`"
        lines.append(f"| `{key}` | {default} | {expectation(option)} | {option.help} |")
    return "\n".join(lines) + "\n"


def visible(option: Option, value: Any) -> Any:
    """The value as it may be shown: of a secret only whether it is set, of an address nothing secret in it."""
    if option.secret:
        return "(set)" if value else "(not set)"
    return _PASSWORD.sub(r"\1…@", value) if isinstance(value, str) else value


_PASSWORD = re.compile(r"(://[^/@\s]*:)[^/@\s]*@")
