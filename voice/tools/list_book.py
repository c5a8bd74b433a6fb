"""Where lists are kept: one JSON file per owner, written whole or not at all; or memory, for visitors."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path


class ListFolder:
    """A `Book` of files in a folder, readable by their owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, owner: str) -> dict[str, list[str]]:
        """The lists of `owner`; none where there is no file, or one that is none of ours."""
        try:
            found = json.loads(self._file(owner).read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {str(name): [str(item) for item in items] for name, items in found.items() if isinstance(items, list)}

    def write(self, owner: str, lists: Mapping[str, list[str]]) -> None:
        """Raises OSError."""
        path = self._file(owner)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        with open(new, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            json.dump(lists, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)

    def _file(self, owner: str) -> Path:
        name = sha256(owner.encode()).hexdigest()[:16] if owner else "own"
        return self._folder / f"{name}.json"


class ListMemory:
    """A `Book` that lasts as long as the process, and remembers the last `most` owners."""

    def __init__(self, most: int = 256) -> None:
        self._lists: dict[str, dict[str, list[str]]] = {}
        self._most = most

    def read(self, owner: str) -> dict[str, list[str]]:
        return {name: list(items) for name, items in self._lists.get(owner, {}).items()}

    def write(self, owner: str, lists: Mapping[str, list[str]]) -> None:
        self._lists.pop(owner, None)
        while len(self._lists) >= self._most:
            del self._lists[next(iter(self._lists))]
        self._lists[owner] = {name: list(items) for name, items in lists.items()}
