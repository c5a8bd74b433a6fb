"""`voice export`: stored conversations, as JSON."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from voice.cli.options import Resolved, configured, setting

KNOWN = {
    "sessions.sqlite": "conversations, encrypted",
    "store.key": "the encryption key",
    "people": "what people asked to be remembered, encrypted",
    "sessions.json": "names and tokens of conversations on servers",
    "home": "`voice home`: who has a link, and the titles of conversations, encrypted",
}
"""What this program keeps in the user's data folder besides models."""


@click.command("export")
@click.argument("name", required=False)
@setting("--server", "chat.server", metavar="URL")
@setting("--store", "chat.store", metavar="URL")
@configured
def command(resolved: Resolved, name: str | None) -> None:
    """Write the stored conversation NAME, or all of them, as JSON to standard output.

    The export contains the messages as remembered, the log including text that was generated but not heard, the usage,
    and a list of this program's other files.
    """
    click.echo(asyncio.run(_export(resolved, name)))


async def _export(resolved: Resolved, name: str | None) -> str:
    from voice.wiring.stored_conversations import keeping

    async with keeping(resolved.settings) as kept:
        found = {"kept_in": kept.where, "conversations": await kept.export(name), "files": files()}
    return json.dumps(found, ensure_ascii=False, indent=1)


def files() -> list[dict[str, str]]:
    """The files in the user's data folder that contain personal data."""
    from voice.paths import user_data

    there = [(Path(user_data() / name), what) for name, what in KNOWN.items()]
    return [{"path": str(path), "what": what} for path, what in there if path.exists()]
