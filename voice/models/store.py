"""The models on this disk: where each lies, which are whole, and whether their files are what was downloaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from voice.models.registry import Model, parse_registry
from voice.paths import models as models_folder
from voice.paths import shipped

PINS = "pins.json"
"""Beside a model: the commit it came from and the SHA-256 of each file when it was downloaded."""


def shipped_registry() -> tuple[Model, ...]:
    """The registry that comes with the package."""
    path = shipped("audio_models/registry.toml")
    return parse_registry(path.read_text("utf-8"), str(path))


class ModelStore:
    """The folder of models; each is a folder of its name in it. `folder` is the setting models.folder."""

    def __init__(self, folder: str = "") -> None:
        self.folder = models_folder(folder)

    def path(self, model: Model) -> Path:
        """Where the model lies or would lie."""
        return self.folder / model.name

    def has(self, model: Model) -> bool:
        """Whether every file is there; their content is `verify`'s business."""
        return all((self.path(model) / file.path).is_file() for file in model.files)

    def present(self, registry: Sequence[Model]) -> list[Model]:
        """Those of the registry that are here and whole."""
        return [model for model in registry if self.has(model)]

    def verify(self, model: Model) -> list[str]:
        """What is wrong with the model, a line per fault; nothing when it is sound. Reads every byte."""
        folder = self.path(model)
        pins = read_pins(folder)
        faults = []
        for file in model.files:
            expected = file.sha256 or pins.get(file.path, "")
            try:
                found = sha256_of(folder / file.path)
            except OSError as error:
                faults.append(f"{folder / file.path}: {error.strerror}")
                continue
            if expected and found != expected:
                faults.append(f"{folder / file.path}: wrong checksum; expected {expected[:12]}…, found {found[:12]}…")
        return faults


def read_pins(folder: Path) -> dict[str, str]:
    """SHA-256 by file as they were at the download; empty where the user put the model there by hand."""
    try:
        files = json.loads((folder / PINS).read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {str(path): str(digest) for path, digest in files.items()} if isinstance(files, dict) else {}


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
