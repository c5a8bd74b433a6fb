"""Models for this machine, fetched with bars: what a first start wants, one by name, the one that fits."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from voice.cli.commands.setup.questions import system_language
from voice.errors import MissingError
from voice.models.registry import WHISPER, Model, find_model
from voice.models.store import ModelStore, shipped_registry
from voice.settings.schema import Settings

CLIP_AT_S = 24.0
"""Where the clip begins in the recorded conversation that ships: "who won the football match yesterday"."""

READINGS = 5


def fetch(models: Sequence[Model], store: ModelStore, source: str, language: str = "") -> None:
    """Download what is not here yet, with bars; say on standard output where each lies."""
    from voice.models.download import Downloader

    downloader = Downloader(
        store, source, lambda line: click.echo(line, err=True), language or system_language(os.environ)
    )
    for model in models:
        if store.has(model) and not store.verify(model):
            click.echo(f"{model.name}: already downloaded, {store.path(model)}")
            continue
        with download_progress(model) as progress:
            path = downloader.pull(model, progress)
        click.echo(f"{model.name}: {path} ({model.size / 1e6:.0f} MB, hashes as published)")


def start_with_models(settings: Settings, *, offline: bool, again: bool = False) -> None:
    """Download what fits this machine and these settings, unless a former start decided; say what is done."""
    from voice.cli.commands.models.first_start import first_start
    from voice.models.download import Downloader
    from voice.server.metrics import available_bytes

    store = ModelStore(settings.models.folder)
    downloader = Downloader(
        store, settings.models.source, click.echo, settings.asr.language or system_language(os.environ)
    )

    def pull(model: Model) -> Path:
        with download_progress(model) as progress:
            return downloader.pull(model, progress)

    first_start(
        settings,
        store,
        shipped_registry(),
        pull=pull,
        measure=lambda folder: read_ms(folder, settings),
        say=click.echo,
        offline=offline,
        memory_bytes=available_bytes(),
        again=again,
    )


def fetch_better(settings: Settings) -> None:
    """Download the Whisper model that fits, where the settings leave the choice and a lesser one is here."""
    from voice.wiring.first_start import FAST

    store, asr = ModelStore(settings.models.folder), settings.asr
    if (
        asr.engine in ("auto", WHISPER)
        and not (asr.url or asr.model)
        and store.has(find_model(shipped_registry(), FAST))
    ):
        fetch([measured_fit(settings)], store, settings.models.source)


def measured_fit(settings: Settings) -> Model:
    """Measure the Whisper models that are here, say which one fits, and return it. Raises MissingError without any."""
    from voice.wiring.first_start import CLIP_S, FAST, GOOD, fit

    store, registry = ModelStore(settings.models.folder), shipped_registry()
    took: dict[str, float] = {}
    for model in (find_model(registry, name) for name in (FAST, GOOD)):
        if store.has(model):
            took[model.name] = read_ms(store.path(model), settings)
            click.echo(f"{model.name}: {took[model.name]:.0f} ms for {CLIP_S:g} s of speech (median of {READINGS})")
    english = not settings.asr.language or settings.asr.language.lower().startswith("en")
    if english and FAST not in took:
        raise MissingError(
            "nothing to measure with", where=str(store.folder), expected=FAST, remedy=f"voice models pull {FAST}"
        )
    chosen = fit(took, settings.asr.language)
    click.echo(f"{chosen.why}.")
    return find_model(registry, chosen.model)


def read_ms(folder: Path, settings: Settings, clock: Callable[[], float] = time.perf_counter) -> float:
    """Milliseconds the model in `folder` takes for CLIP_S of speech, with the settings' threads and window.

    The median of READINGS after one that warms up. Raises MissingError where the folder is not a whole model.
    """
    from voice.asr.whisper import WhisperRecognizer
    from voice.audio.frames import RATE
    from voice.audio.wav import read_wav
    from voice.paths import PACKAGE
    from voice.wiring.first_start import CLIP_S

    begin = int(CLIP_AT_S * RATE)
    clip = read_wav(PACKAGE / "demo" / "conversation.wav")[begin : begin + int(CLIP_S * RATE)]
    engine = WhisperRecognizer(folder, language="en", threads=settings.models.threads, window=settings.asr.window)
    engine.read(clip, "en")
    took = []
    for _ in range(READINGS):
        begun = clock()
        engine.read(clip, "en")
        took.append(clock() - begun)
    return 1000 * statistics.median(took)


@contextmanager
def download_progress(model: Model) -> Iterator[Callable[[int, int], None]]:
    """Show the download's progress as one bar on standard error; silent if that is not a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn(model.name), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(model.name, total=model.size)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield show
