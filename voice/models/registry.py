"""The model registry: which models exist, their files, sizes, checksums, licences and languages."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass

from voice.errors import ConfigError, UsageError

WHISPER, PIPER = "whisper", "piper"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model; `size` in bytes, exact where `sha256` is known, else approximate."""

    path: str
    size: int
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """One model of the registry. `folder` is where its files lie in the repository; `auto` prefers a high `rank`."""

    name: str
    kind: str
    repo: str
    revision: str
    folder: str
    languages: tuple[str, ...]
    licence: str
    rank: int
    about: str
    files: tuple[ModelFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    @property
    def pinned(self) -> bool:
        """Whether the registry knows the weights' checksum, rather than their commit alone."""
        return bool(max(self.files, key=lambda file: file.size).sha256)

    def speaks(self, language: str) -> bool:
        """Whether it serves a language given as `en` or `zh-CN`; an empty one is served by all."""
        base = language.replace("_", "-").partition("-")[0].lower()
        return not base or "*" in self.languages or base in self.languages


def parse_registry(text: str, origin: str = "registry.toml") -> tuple[Model, ...]:
    """The models of a registry file's text; ConfigError where an entry is not understood."""
    try:
        entries = tomllib.loads(text)["model"]
        models = tuple(
            Model(
                folder=entry.pop("folder", ""),
                languages=tuple(entry.pop("languages")),
                files=tuple(
                    ModelFile(file["path"], file["bytes"], file.get("sha256", "")) for file in entry.pop("files")
                ),
                **entry,
            )
            for entry in entries
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ConfigError(f"not a model registry: {error}", where=origin, expected="[[model]] tables") from error
    if len({model.name for model in models}) < len(models):
        raise ConfigError("a name stands twice", where=origin, expected="each model once")
    return models


def find_model(models: Sequence[Model], name: str) -> Model:
    """The model of that name; UsageError naming the nearest one."""
    for model in models:
        if model.name == name:
            return model
    near = difflib.get_close_matches(name, [model.name for model in models], n=1)
    raise UsageError(f"no model is named {name!r}", expected="".join(near), remedy="`voice models list` shows all")
