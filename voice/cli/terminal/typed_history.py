"""The lines typed in a conversation that is kept, for the arrow keys: one file for each, only for its owner."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from prompt_toolkit.history import FileHistory

from voice import paths

LONGEST_BYTES = 1 << 20
"""A longer file loses its older half when it is opened."""


def history_file(conversation: str) -> Path:
    """Where the lines typed in the conversation of this name are kept; its name is not to be seen there."""
    return folder() / (hashlib.sha256(conversation.encode("utf-8", "replace")).hexdigest()[:24] + ".txt")


def folder() -> Path:
    """The folder of these files."""
    return paths.user_state() / "typed"


def forget_typed(conversation: str | None) -> None:
    """Delete the lines typed in one conversation, or in all. Raises OSError."""
    for file in [history_file(conversation)] if conversation is not None else list(folder().glob("*.txt")):
        file.unlink(missing_ok=True)


class TypedHistory(FileHistory):
    """A history in a file of mode 600. `redact` takes out what is not to be stored; `failed` is called once.

    A file that cannot be read or written costs the arrows their memory, and nothing else.
    """

    def __init__(self, file: Path, redact: Callable[[str], str], failed: Callable[[OSError], None]) -> None:
        super().__init__(str(file))
        self._file, self._redact, self._failed = file, redact, failed
        self._broken = False
        self._try(self._shorten)

    def load_history_strings(self) -> Iterable[str]:
        """The lines, the newest first."""
        found: list[str] = []
        self._try(lambda: found.extend(super(TypedHistory, self).load_history_strings()))
        return found

    def store_string(self, string: str) -> None:
        """Keep a line."""
        text = "".join(f"+{line}\n" for line in self._redact(string).split("\n"))
        self._try(lambda: self._write(b"\n# typed\n" + text.encode("utf-8", "replace"), os.O_APPEND))

    def erase(self) -> None:
        """Forget all lines."""
        self._loaded_strings.clear()
        self._try(lambda: self._file.unlink(missing_ok=True))

    def _write(self, content: bytes, how: int) -> None:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self._file, os.O_WRONLY | os.O_CREAT | how, 0o600), "ab") as out:
            os.fchmod(out.fileno(), 0o600)
            out.write(content)

    def _shorten(self) -> None:
        if self._file.exists() and self._file.stat().st_size > LONGEST_BYTES:
            kept = self._file.read_bytes()[-LONGEST_BYTES // 2 :]
            self._write(kept[kept.find(b"\n#") :], os.O_TRUNC)

    def _try(self, work: Callable[[], object]) -> None:
        if self._broken:
            return
        try:
            work()
        except OSError as error:
            self._broken = True
            self._failed(error)
