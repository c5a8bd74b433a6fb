"""The models on this disk: their folders, whether they are complete, and whether their checksums match."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from voice.errors import MissingError, VoiceError
from voice.models.registry import WHISPER, Model, ModelFile, parse_registry
from voice.paths import models as models_folder
from voice.paths import shipped

SPARE_BYTES = 16 * 2**20
"""Kept free on the disk beside a model."""

MAKE_ROOM = "free some space, or choose another place: --set models.folder=FOLDER"


@cache
def shipped_registry() -> tuple[Model, ...]:
    """The registry included in the package; read once, since every engine choice asks for it."""
    path = shipped("audio_models/registry.toml")
    return parse_registry(path.read_text("utf-8"), str(path))


class ModelStore:
    """The folder of models, with one folder per model. `folder` is the setting models.folder."""

    def __init__(self, folder: str = "") -> None:
        self.folder = models_folder(folder)

    def path(self, model: Model) -> Path:
        """The model's folder, whether or not it exists."""
        return self.folder / model.name

    def given(self, model: Model) -> Path:
        """What an engine is given of it: Whisper's folder, else the file of the weights."""
        if model.kind == WHISPER:
            return self.path(model)
        return self.path(model) / max(model.files, key=lambda file: file.size).path

    def has(self, model: Model) -> bool:
        """Whether every file exists; `verify` checks their content."""
        return all((self.path(model) / file.path).is_file() for file in model.files)

    def present(self, registry: Sequence[Model]) -> list[Model]:
        """The models of the registry that are completely downloaded."""
        return [model for model in registry if self.has(model)]

    def verify(self, model: Model) -> list[str]:
        """The defects of a model, one line each; empty if it is intact. Reads every byte."""
        faults = []
        for file in model.files:
            path = self.path(model) / file.path
            try:
                found = sha256_of(path)
            except OSError as error:
                faults.append(f"{path}: {error.strerror}")
                continue
            if found != file.sha256:
                faults.append(f"{path}: wrong checksum; expected {file.sha256[:12]}…, found {found[:12]}…")
        return faults


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def accept(fetched: Path, target: Path, model: Model, file: ModelFile) -> None:
    """Rename a fetched file to its name if it is the published one; else delete it and raise VoiceError."""
    found = sha256_of(fetched)
    if found != file.sha256:
        fetched.unlink()
        raise wrong_checksum(model, file, found)
    fetched.replace(target)


def wrong_checksum(model: Model, file: ModelFile, found: str) -> VoiceError:
    """The error for content that is not the published one."""
    return VoiceError(
        f"wrong checksum: {found[:12]}…",
        where=f"{model.name}/{file.path}",
        expected=f"{file.sha256[:12]}…",
        remedy=f"nothing was installed; try again: voice models pull {model.name}",
    )


def check_room(folder: Path, needed: int) -> None:
    """Raise MissingError where the disk has less room than `needed` bytes and a little to spare."""
    with writing(folder):
        free = shutil.disk_usage(folder).free
    if free < needed + SPARE_BYTES:
        raise disk_full(folder, free, needed + SPARE_BYTES)


def disk_full(folder: Path, free: int, needed: int) -> MissingError:
    """The error for a disk without room, in bytes."""
    return MissingError(
        f"the disk is full: {free // 2**20} MB free",
        where=str(folder),
        expected=f"{-(-needed // 2**20)} MB",
        remedy=MAKE_ROOM,
    )


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn this disk's failures into a MissingError that names the file."""
    try:
        yield
    except OSError as error:
        raise MissingError(
            error.strerror or str(error),
            where=str(error.filename or folder),
            expected="a writable folder with free space",
            remedy=MAKE_ROOM,
        ) from error
