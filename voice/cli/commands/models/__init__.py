"""`voice models`: list, download and verify models."""

from __future__ import annotations

from pathlib import Path

import click

from voice.cli.commands.models.fetching import fetch, measured_fit, start_with_models
from voice.cli.options import Function, Resolved, configured, setting
from voice.errors import MissingError, VoiceError
from voice.models.registry import PIPER, SPEAKER, TURN, WHISPER, Model, find_model
from voice.models.store import ModelStore, shipped_registry

KINDS = {WHISPER: "hears", PIPER: "speaks", TURN: "turns", SPEAKER: "knows"}


@click.group("models")
def command() -> None:
    """List, download, verify and find models.

    None are required: a recognizer and a voice are included. These models are better.
    """


def with_store(function: Function) -> Function:
    """Add the --folder flag and pass the model store and the settings."""
    return setting("--folder", "models.folder", metavar="FOLDER")(configured(function))


@command.command("list")
@click.option("--language", default="", metavar="TAG", help="Only models for this language, such as en or zh.")
@with_store
def list_(resolved: Resolved, language: str) -> None:
    """Show every model with size, licence and languages; * marks downloaded ones.

    ~ before a size: size and checksums come from the hub when the model is downloaded.
    """
    from rich.console import Console
    from rich.table import Table

    store = ModelStore(resolved.settings.models.folder)
    table = Table(box=None, pad_edge=False)
    for name in ("", "name", "for", "MB", "languages", "licence", "about"):
        table.add_column(name, justify="right" if name == "MB" else "left", no_wrap=name not in ("licence", "about"))
    for model in shipped_registry():
        if model.speaks(language):
            table.add_row(
                ("*" if store.has(model) else " ") + ("+" if model.wheels else ""),
                model.name,
                KINDS[model.kind],
                f"{model.size / 1e6:.0f}",
                "about 100" if "*" in model.languages else ", ".join(model.languages),
                model.licence,
                model.about,
            )
    console = Console()
    if not console.is_terminal:
        console.width = 160
    console.print(table)
    console.print(f"kept in {store.folder}", highlight=False)


@command.command("pull")
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@setting("--source", "models.source")
@with_store
def pull_(resolved: Resolved, names: tuple[str, ...]) -> None:
    """Download models; an interrupted download continues where it stopped."""
    models = resolved.settings.models
    registry = shipped_registry()
    fetch([find_model(registry, name) for name in names], ModelStore(models.folder), models.source)


@command.command("fit")
@setting("--language", "asr.language", metavar="TAG")
@with_store
def fit_(resolved: Resolved) -> None:
    """Measure how fast this machine reads speech and say which Whisper model fits."""
    from voice.wiring.first_start import FAST, GOOD

    settings = resolved.settings
    model, store = measured_fit(settings), ModelStore(settings.models.folder)
    if not store.has(model):
        click.echo(f"to use it: voice models pull {model.name}  ({model.size / 1e6:.0f} MB)")
    elif model.name == FAST and store.has(find_model(shipped_registry(), GOOD)):
        click.echo(f'to use it: --set asr.model={FAST}, or in a configuration file: [asr] model = "{FAST}"')


@command.command("first-start", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": True})
@click.option("--offline", is_flag=True, help="Download nothing, now and later, and use the built-in engines.")
@click.option("--ask", is_flag=True, help="In a terminal, put the questions of `voice setup` first, once.")
@click.argument("rest", nargs=-1, type=click.UNPROCESSED, metavar="[FLAGS OF TALK]…")
@setting("--asr", "asr.engine")
@setting("--tts", "tts.engine")
@setting("--llm", "chat.llm", metavar="builtin|URL")
@setting("--model", "chat.model", metavar="NAME")
@setting("--source", "models.source")
@with_store
def first_start_(resolved: Resolved, offline: bool, ask: bool, rest: tuple[str, ...]) -> None:
    """Download the models that fit this machine, once: what scripts/start does before `voice talk`.

    A later call does nothing, whatever came of the first. Flags of `voice talk` may follow; they say which engines
    the models are for.
    """
    settings = resolved.settings
    if ask:
        from voice.cli.commands.setup import ask_once

        settings = ask_once(resolved, offline=offline)
    start_with_models(settings, offline=offline)


@command.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME]…")
@with_store
def verify(resolved: Resolved, names: tuple[str, ...]) -> None:
    """Read every byte of the downloaded models and compare checksums."""
    store = ModelStore(resolved.settings.models.folder)
    registry = shipped_registry()
    chosen = [find_model(registry, name) for name in names] or store.present(registry)
    if not chosen:
        click.echo(f"no models in {store.folder}; `voice models list` shows the available ones")
    broken = []
    for model in chosen:
        faults = store.verify(model)
        for fault in faults:
            click.echo(fault, err=True)
        if faults:
            broken.append(model.name)
        else:
            click.echo(f"{model.name}: sound")
    if broken:
        raise VoiceError(
            "not the published files", where=", ".join(broken), remedy=f"voice models pull {' '.join(broken)}"
        )


@command.command("path")
@click.argument("name")
@with_store
def path(resolved: Resolved, name: str) -> None:
    """Print the folder of a downloaded model."""
    click.echo(str(_path_of(find_model(shipped_registry(), name), ModelStore(resolved.settings.models.folder))))


def _path_of(model: Model, store: ModelStore) -> Path:
    if not store.has(model):
        raise MissingError(
            "the model is not downloaded", where=model.name, remedy=f"download it: voice models pull {model.name}"
        )
    return store.path(model)
