"""`voice memory`: what is remembered of people, shown, exported and forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from voice.cli.options import Resolved, configured, setting
from voice.errors import UsageError

if TYPE_CHECKING:
    from voice.memory.vault import Vault, Who


@click.group("memory")
def command() -> None:
    """Show, export and forget what people asked to be remembered on this machine."""


def _of_a_person(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --person and the sources of settings."""
    return setting("--person", "memory.person", metavar="ID")(configured(function))


@command.command("list")
@click.option("--people", is_flag=True, help="List the people of whom something is remembered.")
@_of_a_person
def listed(resolved: Resolved, people: bool) -> None:
    """Show what is remembered of a person, oldest first."""
    vault, who = _opened(resolved)
    if people:
        for known in vault.people():
            click.echo(f"{known.person}{f' (of API key owner {known.owner})' if known.owner else ''}")
        return
    from voice.memory.fact_book import facts

    with vault.reading(who) as database:
        known_facts = facts(database)
    for fact in known_facts:
        click.echo(fact)
    if not known_facts:
        click.echo(f"nothing is remembered of {who.person}", err=True)


@command.command("forget")
@click.argument("words", required=False)
@click.option("--all", "everything", is_flag=True, help="Forget everything about the person.")
@_of_a_person
def forget(resolved: Resolved, words: str | None, everything: bool) -> None:
    """Forget the fact that WORDS name, or everything about a person with --all."""
    vault, who = _opened(resolved)
    if (words is None) == (not everything):
        raise UsageError("say what to forget", expected="WORDS or --all", remedy="`voice memory list` shows all of it")
    if words is None:
        gone = vault.forget(who)
        click.echo(f"everything about {who.person} is forgotten" if gone else f"nothing is remembered of {who.person}")
        return
    from voice.memory.fact_book import drop

    with vault.reading(who) as database:
        known = database is not None
    fact = None
    if known:
        with vault.writing(who) as database:
            fact = drop(database, words)
    if fact is None:
        raise UsageError("nothing like this is remembered", where=words, remedy="`voice memory list` shows all of it")
    click.echo(f"forgotten: {fact}")


@command.command("export")
@click.option("--all", "everyone", is_flag=True, help="Export the memory of every person.")
@_of_a_person
def export(resolved: Resolved, everyone: bool) -> None:
    """Write what is remembered of a person as JSON to standard output."""
    vault, who = _opened(resolved)
    people = vault.people() if everyone else [who]
    click.echo(json.dumps([_exported(vault, known) for known in people], ensure_ascii=False, indent=1))


def _exported(vault: Vault, who: Who) -> dict[str, Any]:
    from voice.memory.fact_book import facts

    with vault.reading(who) as database:
        owner = {"owner": who.owner} if who.owner else {}
        return {"person": who.person, **owner, "facts": facts(database)}


def _opened(resolved: Resolved) -> tuple[Vault, Who]:
    from voice.wiring.memory import own_person, vault

    return vault(resolved.settings), own_person(resolved.settings)
