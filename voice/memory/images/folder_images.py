"""Where sealed memories are: a folder with a file for each person, which other processes may use at the same time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Protocol

from voice.sessions.stores.interface import StoreError

ENDING = ".person"

Stamp = tuple[int, ...]
"""What changes whenever an image is replaced."""


class Images(Protocol):
    """Sealed memories by the names of their people, which tell nothing. Methods block, and raise StoreError."""

    where: str

    def begun(self) -> bool:
        """Whether anything was ever kept here; else no key is needed to look."""
        ...

    def names(self) -> list[str]: ...

    def stamp(self, name: str) -> Stamp | None:
        """The stamp of an image; None where there is none."""
        ...

    def read(self, name: str) -> bytes | None: ...

    def write(self, name: str, image: bytes, old: Stamp | None) -> Stamp:
        """Put an image in place of the one with the stamp `old`, whole or not at all."""
        ...

    def remove(self, name: str) -> bool:
        """Remove an image; returns whether there was one."""
        ...

    def size(self, name: str) -> int:
        """Bytes of an image, 0 where there is none."""
        ...

    def alone(self, name: str) -> AbstractContextManager[None]:
        """As long as this is open, no one else writes the image."""
        ...

    def close(self) -> None: ...


class FolderImages:
    """Images in files that only their owner may read. The folder is made for the first one."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.where = folder, str(folder)

    def begun(self) -> bool:
        return self._folder.exists()

    def names(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob(f"*{ENDING}"))

    def stamp(self, name: str) -> Stamp | None:
        try:
            found = self._file(name).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def read(self, name: str) -> bytes | None:
        try:
            return self._file(name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _failed(self._file(name), error) from error

    def write(self, name: str, image: bytes, old: Stamp | None) -> Stamp:
        """`alone` lets no one else write, so `old` is still the stamp."""
        path = self._file(name)
        new = path.with_suffix(".new")
        try:
            with open(new, "wb", opener=_private) as file:
                file.write(image)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except OSError as error:
            raise _failed(path, error) from error
        return self.stamp(name) or ()

    def remove(self, name: str) -> bool:
        try:
            self._file(name).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _failed(self._file(name), error) from error
        return True

    def size(self, name: str) -> int:
        return (self.stamp(name) or (0,))[-1]

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        path = self._folder / "lock"
        try:
            for folder in (self._folder.parent, self._folder):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock: IO[bytes] = open(path, "ab", opener=_private)  # noqa: SIM115  closed below, in every case
        except OSError as error:
            raise _failed(path, error) from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def close(self) -> None:
        """No file stays open."""

    def _file(self, name: str) -> Path:
        return self._folder / (name + ENDING)


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _failed(path: Path, error: OSError) -> StoreError:
    return StoreError(f"memory cannot be kept: {error.strerror}", where=str(path))
