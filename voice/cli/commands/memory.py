"""`voice memory`: what is remembered of people, shown, imported, exported and forgotten."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voice.cli.options import Resolved, configured, setting
from voice.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from voice.memory.vault import Vault, Who


@click.group("memory")
def command() -> None:
    """Show, export and forget what is remembered of people on this machine, and import their records."""


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
    from voice.memory.learning import learned
    from voice.memory.record_book import counts
    from voice.memory.talks.talk_book import count_talks

    with vault.reading(who) as database:
        drawn = learned(database)
        lines = [f"{fact} (learned)" if fact in drawn else fact for fact in facts(database)]
        lines += [*(f"{count} {kind}" for kind, count in counts(database).items())]
        lines += [f"{count} turns of earlier talks" for count in [count_talks(database)] if count]
    for line in lines:
        click.echo(line)
    if not lines:
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


@command.command("undo")
@_of_a_person
def undone(resolved: Resolved) -> None:
    """Forget the facts that were learned last without being asked for (memory.learn)."""
    from voice.memory.learning import undo

    vault, who = _opened(resolved)
    gone = undo(vault, who)
    for fact in gone:
        click.echo(f"forgotten: {fact}")
    if not gone:
        click.echo(f"nothing was learned of {who.person}", err=True)


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--kind", metavar="NAME", help="The kind of records; needed where memory.records names several.")
@click.option("--by", default="", metavar="COLUMN", help="The column that names the person of each row.")
@_of_a_person
def imported(resolved: Resolved, file: Path, kind: str | None, by: str) -> None:
    """Keep the records in FILE, a CSV file or JSON lines (.jsonl), for a person.

    A row whose key is known replaces that one, so the same file may be imported again. Rows that cannot be read are
    left out and named; the command then ends with 2.
    """
    from voice.memory.imports import import_file
    from voice.memory.records import kinds_of

    kinds = kinds_of(resolved.settings.memory.records)
    chosen = kinds.get(kind) if kind is not None else next(iter(kinds.values())) if len(kinds) == 1 else None
    if chosen is None:
        expected = f"--kind, one of {', '.join(kinds)}" if kinds else "[memory.records.NAME] in the settings"
        raise UsageError("no such kind of records" if kind else "which kind of records?", where=kind or "",
                         expected=expected, remedy="docs/memory.md shows an example")  # fmt: skip
    vault, who = _opened(resolved)
    done = import_file(vault, file, chosen, who, by)
    for line in done.told:
        click.echo(f"{file}: {line}", err=True)
    of = f"{len(done.people)} people" if by else who.person
    old = f"; {done.old} older than {resolved.settings.memory.days} days left out" if done.old else ""
    click.echo(f"{done.kept} {chosen.name} of {of} kept{old}")
    if done.wrong:
        raise UsageError(f"{done.wrong} rows could not be read and were left out", where=str(file))


@command.command("sync")
@_of_a_person
def synced(resolved: Resolved) -> None:
    """Run the commands of memory.records.NAME.sync now and keep the records they write.

    They run by themselves on their schedule while `voice talk` or `voice serve` does.
    """
    from voice.memory.records import kinds_of
    from voice.system.commands import CommandFailed
    from voice.wiring.memory import sync

    commands = sync(resolved.settings, _opened(resolved)[0], kinds_of(resolved.settings.memory.records))
    if not commands.kinds:
        raise UsageError("no kind of records has a command", expected='sync = "…" in [memory.records.NAME]',
                         remedy="docs/memory.md shows an example")  # fmt: skip
    for kind in commands.kinds:
        try:
            done = asyncio.run(commands.once(kind))
        except CommandFailed as failed:
            raise UnavailableError(f"the command {failed}", where=f"memory.records.{kind.name}.sync") from failed
        for line in done.told:
            click.echo(f"{kind.name}: {line}", err=True)
        click.echo(f"{done.kept} {kind.name} of {len(done.people)} people kept")


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
    from voice.memory.record_book import all_rows, counts
    from voice.memory.talks.talk_book import all_talks

    with vault.reading(who) as database:
        owner = {"owner": who.owner} if who.owner else {}
        records = {kind: all_rows(database, kind) for kind in counts(database)}
        talks = [{"at": f"{talk.at}", "said": talk.said, "answer": talk.answer} for talk in all_talks(database)]
        return {"person": who.person, **owner, "facts": facts(database), "records": records, "talks": talks}


def _opened(resolved: Resolved) -> tuple[Vault, Who]:
    from voice.wiring.memory import own_person, vault

    return vault(resolved.settings), own_person(resolved.settings)
