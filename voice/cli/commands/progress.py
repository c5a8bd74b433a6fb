"""The progress bar of a download."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from voice.models.registry import Model


@contextmanager
def download_progress(model: Model) -> Iterator[Report]:
    """Show how far the model's files have come, as one bar on standard error; silent where that is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn(model.name), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield Report(model, progress)


class Report:
    """Adds the files of one model up into one bar."""

    def __init__(self, model: Model, progress: Progress) -> None:
        self._totals = {file.path: file.size for file in model.files}
        self._done = dict.fromkeys(self._totals, 0)
        self._progress = progress
        self._task = progress.add_task(model.name, total=sum(self._totals.values()))

    def __call__(self, name: str, done: int, total: int) -> None:
        self._done[name] = done
        self._totals[name] = total or self._totals[name]
        self._progress.update(self._task, completed=sum(self._done.values()), total=sum(self._totals.values()))
