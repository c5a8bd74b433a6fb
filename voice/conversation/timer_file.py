"""Timers that outlast the process: one encrypted file, readable by its owner only, written whole or not at all."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from voice.errors import VoiceError
from voice.llm.builtin.repeats import Repeat
from voice.llm.builtin.timer_list import KINDS, Timer
from voice.sessions.stores.encrypted import DamagedRecord, RecordCipher

log = logging.getLogger(__name__)

PLACE = "timers"


class TimerFile:
    """The timers of the owner. One process has them; `mine` is False in all others, which keep none.

    Nothing is written, and `key()` not asked for, before there is a timer to keep.
    """

    def __init__(self, path: Path, key: Callable[[], bytes]) -> None:
        self._path, self._key = path, key
        self._lock: IO[bytes] | None = None
        self._refused = False
        if path.exists():
            self._claim()

    @property
    def mine(self) -> bool:
        """Whether this process keeps and rings the owner's timers."""
        return not self._refused

    def _claim(self) -> None:
        if self._lock is not None or self._refused:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = open(self._path.with_suffix(".lock"), "ab", opener=_private)  # noqa: SIM115  it is held until close
            self._lock = lock
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            self._refused = True
        except OSError as error:
            self.close()
            raise _failed(self._path, error) from error

    @cached_property
    def _cipher(self) -> RecordCipher:
        return RecordCipher(self._key())

    def load(self) -> list[Timer]:
        """The timers that were kept; `at` has no meaning. What is damaged is said in the log and left out.

        Raises VoiceError for a file that cannot be read.
        """
        try:
            rows = self._cipher.open(self._path.read_text("ascii", "replace"), PLACE) if self._lock else []
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _failed(self._path, error) from error
        except DamagedRecord:
            log.warning("%s is damaged, or its key is another one; its timers are lost", self._path)
            return []
        found = []
        for row in rows if isinstance(rows, list) else []:
            try:
                found.append(_read(row))
            except (ValueError, KeyError, TypeError) as error:
                log.warning("a kept timer is damaged: %s", error)
        return found

    def save(self, timers: Iterable[Timer]) -> None:
        """Replace what is kept. Raises VoiceError."""
        kept = [_row(timer) for timer in timers]
        if kept or self._path.exists():
            self._claim()
        if self._lock is None:
            return
        new = self._path.with_suffix(".new")
        try:
            with open(new, "w", encoding="ascii", opener=_private) as file:
                file.write(self._cipher.close(kept, PLACE))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            raise _failed(self._path, error) from error

    def close(self) -> None:
        """Leave the timers to the next process."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _row(timer: Timer) -> dict[str, Any]:
    repeat = timer.repeat.to_data() if timer.repeat is not None else None
    return {"label": timer.label, "seconds": timer.seconds, "kind": timer.kind, "wall": timer.wall, "repeat": repeat}


def _read(row: Any) -> Timer:
    if row["kind"] not in KINDS:
        raise ValueError(f"no such kind: {row['kind']}")
    repeat = Repeat.read(row.get("repeat"))
    return Timer(0, str(row["label"]), float(row["seconds"]), 0.0, row["kind"], float(row["wall"]), repeat)


def _failed(path: Path, error: OSError) -> VoiceError:
    return VoiceError(f"the timers cannot be kept: {error.strerror}", where=str(path))
