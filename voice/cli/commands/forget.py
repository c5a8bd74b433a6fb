"""`voice forget`: delete a stored conversation, or all of them."""

from __future__ import annotations

import asyncio

import click

from voice.cli.options import Resolved, configured, setting
from voice.errors import MissingError, UsageError


@click.command("forget")
@click.argument("name", required=False)
@click.option(
    "--all", "everything", is_flag=True, help="Delete every conversation, including those of this server's clients."
)
@setting("--server", "chat.server", metavar="URL")
@setting("--store", "chat.store", metavar="URL")
@configured
def command(resolved: Resolved, name: str | None, everything: bool) -> None:
    """Delete the conversation NAME, or all with --all: text, usage, encryption key, and the lines typed in
    it on this machine.

    NAME is removed from this machine's store and from the servers on which `voice chat` or `voice talk` used it; --all
    empties the store and what is remembered of people, or with --server that server. Without arguments it lists the
    names. `voice memory forget` deletes only what is remembered.
    """
    if name is not None and everything:
        raise UsageError("a name and --all cannot be combined", where=f"{name} --all", expected="one of them")
    asyncio.run(_forget(resolved, name, everything))


async def _forget(resolved: Resolved, name: str | None, everything: bool) -> None:
    from voice.client.keyring import Keyring
    from voice.paths import user_data
    from voice.wiring.stored_conversations import keeping

    async with keeping(resolved.settings) as kept:
        if name is None and not everything:
            names = await kept.names()
            raise UsageError(
                "name a conversation, or pass --all",
                expected="NAME or --all; stored: " + (", ".join(names) or "none"),
            )
        removed = await kept.forget(name)
        await asyncio.to_thread(_forget_typed, name)
        for where, count in removed.items():
            click.echo(f"{where}: {count} {'conversation' if count == 1 else 'conversations'} removed")
        if everything and not resolved.settings.chat.server:
            await asyncio.to_thread(_forget_people, resolved)
            for url in Keyring(user_data() / "sessions.json").urls():
                click.echo(f"not removed: those on {url}; to remove them: voice forget --all --server {url}")


def _forget_people(resolved: Resolved) -> None:
    from voice.wiring.memory import vault

    if count := vault(resolved.settings).forget_all():
        click.echo(f"the memory of {count} {'person' if count == 1 else 'people'} removed")


def _forget_typed(name: str | None) -> None:
    from voice.cli.terminal.typed_history import folder, forget_typed

    try:
        forget_typed(name)
    except OSError as error:
        raise MissingError(f"typed lines cannot be deleted: {error.strerror}", where=str(folder())) from error
