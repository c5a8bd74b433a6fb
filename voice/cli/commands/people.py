"""`voice people`: whose voices are known at this machine's microphone, shown, renamed and forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from voice.cli.options import Resolved, configured
from voice.errors import UsageError

if TYPE_CHECKING:
    from voice.memory.vault import Vault
    from voice.speakers.recognition import KnownVoice


@click.group("people")
def command() -> None:
    """Show, rename and forget the people whose voice is known on this machine."""


@command.command("list")
@configured
def listed(resolved: Resolved) -> None:
    """Show each person's name, id and how much of their voice is kept."""
    _, known = _opened(resolved)
    for one in known:
        click.echo(f"{one.name}\t{one.id}\t{one.seconds:.0f} s")
    if not known:
        click.echo("no voice is known; say “my name is”, and your name, to `voice talk`", err=True)


@command.command("rename")
@click.argument("name")
@click.argument("new")
@configured
def rename(resolved: Resolved, name: str, new: str) -> None:
    """Call the person NAME, or with this id, NEW from now on. Their memory stays theirs."""
    from voice.memory.vault import Who
    from voice.memory.voice_book import plain, rename_voice
    from voice.sessions.group import fit_name

    vault, known = _opened(resolved)
    one, new = _named(known, name), fit_name(new)
    if any(plain(other.name) == plain(new) and other is not one for other in known):
        raise UsageError("another person is called that", where=new, expected="another name")
    with vault.writing(Who("", one.id)) as database:
        rename_voice(database, new)
    click.echo(f"{one.name} is {new} from now on")


@command.command("forget")
@click.argument("name", required=False)
@click.option("--all", "everyone", is_flag=True, help="Forget every voice.")
@configured
def forget(resolved: Resolved, name: str | None, everyone: bool) -> None:
    """Forget the voice of the person NAME, or with this id; what they asked to be remembered stays."""
    from voice.memory.vault import Who
    from voice.memory.voice_book import drop_voice

    if (name is None) == (not everyone):
        raise UsageError("say whose voice to forget", expected="NAME or --all", remedy="`voice people list` shows all")
    vault, known = _opened(resolved)
    for one in known if name is None else [_named(known, name)]:
        with vault.writing(Who("", one.id)) as database:
            drop_voice(database)
        click.echo(f"the voice of {one.name} is forgotten; `voice memory forget --all --person {one.id}` forgets more")


def _opened(resolved: Resolved) -> tuple[Vault, list[KnownVoice]]:
    from voice.memory.voice_book import known_voices
    from voice.wiring.memory import vault

    opened = vault(resolved.settings)
    return opened, known_voices(opened)


def _named(known: list[KnownVoice], name: str) -> KnownVoice:
    from voice.memory.voice_book import plain

    for one in known:
        if plain(name) in (plain(one.name), one.id):
            return one
    expected = ", ".join(one.name for one in known) or "a known voice; there is none"
    raise UsageError("no such person", where=name, expected=expected)
