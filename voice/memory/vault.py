"""What is remembered of a person: one SQLite image each, compressed and encrypted as a whole, open in memory only."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import sqlite3
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from voice.memory import record_book
from voice.memory.images.folder_images import FolderImages, Images, Stamp
from voice.memory.talks import talk_book
from voice.memory.voice_book import VOICES
from voice.sessions.stores.encrypted import DamagedRecord, RecordCipher
from voice.sessions.stores.interface import StoreError, derived

log = logging.getLogger(__name__)

MOST_OPEN = 128
"""People whose memory is open at once; the one used longest ago is closed for the next."""

_MAGIC = b"voice memory 1\n"
_TABLES = """
CREATE TABLE IF NOT EXISTS who (owner TEXT NOT NULL, person TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS facts (id INTEGER PRIMARY KEY, text TEXT NOT NULL, about TEXT NOT NULL, day TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS learned (text TEXT PRIMARY KEY, at TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS learned_goes AFTER DELETE ON facts
  BEGIN DELETE FROM learned WHERE text = old.text; END;
"""


class Who(NamedTuple):
    """A person: an id, unique among those of one `owner`, who is the holder of an API key, or "" on this machine."""

    owner: str
    person: str


@dataclass(slots=True)
class _Opened:
    """A person's memory as it was in the image with this `stamp`; None where there was none.

    No record or talk in it is from before `oldest`, whatever the image still has.
    """

    database: sqlite3.Connection
    stamp: Stamp | None
    used: float
    oldest: tuple[date, date] = date.min, date.min


class Vault:
    """The memories of all people, in a folder or other images, or without these in this process only.

    Every write replaces the person's image as a whole, under a lock that other processes respect; one that another
    process has replaced is read again. Nothing is written, and `key()` not asked for, before there is something to
    keep. Records are kept from the day `oldest()` on, earlier talks from `talks_from()` on. Methods block; they may be
    called from any thread. Raises StoreError.
    """

    def __init__(
        self,
        images: Path | Images | None,
        key: Callable[[], bytes],
        clock: Callable[[], float] = time.monotonic,
        oldest: Callable[[], date] = lambda: date.min,
        talks_from: Callable[[], date] = lambda: date.min,
    ) -> None:
        self._images = FolderImages(images) if isinstance(images, Path) else images
        self._key, self._clock, self.oldest, self._talks_from = key, clock, oldest, talks_from
        self._open: OrderedDict[Who, _Opened] = OrderedDict()
        self._lock = threading.RLock()

    @contextmanager
    def reading(self, who: Who) -> Iterator[sqlite3.Connection | None]:
        """The person's memory, not to be changed; None where nothing is kept."""
        with self._lock:
            opened = self._current(who)
            yield None if opened is None else opened.database

    @contextmanager
    def writing(self, who: Who) -> Iterator[sqlite3.Connection]:
        """The person's memory, kept as it is at the end, or not changed where an error ends this."""
        with self._lock, self._alone(who):
            opened = self._current(who) or self._new(who)
            try:
                yield opened.database
                opened.database.commit()
                if _empty(opened.database):
                    self._remove(who)
                else:
                    self._keep(who, opened)
            except BaseException:
                self._close(who)
                raise

    def forget(self, who: Who) -> bool:
        """Remove all that is remembered of a person; returns whether there was anything."""
        with self._lock:
            if self._images is not None and not self._images.begun():
                return False
            with self._alone(who):
                return self._remove(who)

    def forget_all(self) -> int:
        """Remove what is remembered of every person, also where the key was lost; returns of how many."""
        with self._lock:
            count = len(self._open)
            while self._open:
                self._close(next(iter(self._open)))
            if self._images is None:
                return count
            return sum(self._images.remove(name) for name in self._images.names())

    def people(self) -> list[Who]:
        """Everyone of whom something is kept. What is damaged is said in the log and left out."""
        return sorted(who for who, _ in self._each())

    def each(self, owner: str) -> Iterator[tuple[Who, sqlite3.Connection]]:
        """Every one of an owner's people with their memory, which is open for that step and not to be changed."""
        with self._lock:
            yield from ((who, database) for who, database in self._each() if who.owner == owner)

    def expire(self) -> None:
        """Remove what is too old from every image that has some."""
        for who in [who for who, database in self._each() if self._has_old(database)]:
            with self.writing(who):
                pass  # a memory that is opened has nothing old

    def size(self, who: Who) -> int:
        """Bytes that are kept, sealed."""
        return self._images.size(self._name(who)) if self._images is not None else 0

    def drop_unused(self, silent_s: float) -> None:
        """Close memories that were not used for so long; without images they stay: they are nowhere else."""
        with self._lock:
            before = self._clock() - silent_s
            for who in [
                who for who, opened in self._open.items() if opened.used <= before and self._images is not None
            ]:
                self._close(who)

    def close(self) -> None:
        with self._lock:
            while self._open:
                self._close(next(iter(self._open)))
            if self._images is not None:
                self._images.close()

    # Inside

    def _each(self) -> Iterator[tuple[Who, sqlite3.Connection]]:
        """Everyone's memory, open for one step."""
        if self._images is None:
            yield from [(who, opened.database) for who, opened in self._open.items()]
            return
        for name in self._images.names():
            try:
                database = self._unsealed(name)
            except StoreError as error:
                log.warning("%s", error)
                continue
            if database is None:
                continue  # it was removed meanwhile
            yield Who(*database.execute("SELECT owner, person FROM who").fetchone()), database
            database.close()

    def _current(self, who: Who) -> _Opened | None:
        """The memory as the image has it now."""
        opened = self._open.get(who)
        if self._images is not None:
            stamp = self._images.stamp(self._name(who)) if self._images.begun() else None  # else no key is made
            if opened is not None and opened.stamp != stamp:
                self._close(who)
                opened = None
            if opened is None and stamp is not None and (database := self._unsealed(self._name(who))) is not None:
                opened = self._hold(who, _Opened(database, stamp, 0.0))
        if opened is not None:
            if opened.oldest != (oldest := (self.oldest(), self._talks_from())):
                record_book.expire(opened.database, oldest[0])
                talk_book.expire(opened.database, oldest[1])
                opened.database.commit()
                opened.oldest = oldest
            opened.used = self._clock()
            self._open.move_to_end(who)
        return opened

    def _has_old(self, database: sqlite3.Connection) -> bool:
        return record_book.has_old(database, self.oldest()) or talk_book.has_old(database, self._talks_from())

    def _new(self, who: Who) -> _Opened:
        database = _connect()
        database.executescript(_TABLES + record_book.TABLES + VOICES)
        database.execute("INSERT INTO who VALUES (?, ?)", who)
        return self._hold(who, _Opened(database, None, self._clock()))

    def _hold(self, who: Who, opened: _Opened) -> _Opened:
        self._open[who] = opened
        while self._images is not None and len(self._open) > MOST_OPEN:
            self._close(next(iter(self._open)))
        return opened

    def _close(self, who: Who) -> None:
        opened = self._open.pop(who, None)
        if opened is not None:
            opened.database.close()

    def _remove(self, who: Who) -> bool:
        known = who in self._open
        self._close(who)
        return known if self._images is None else self._images.remove(self._name(who))

    def _keep(self, who: Who, opened: _Opened) -> None:
        if self._images is None:
            return
        name = self._name(who)
        image = self._cipher.seal(zlib.compress(opened.database.serialize(), 1), name)
        opened.stamp = self._images.write(name, _MAGIC + image, opened.stamp)

    def _unsealed(self, name: str) -> sqlite3.Connection | None:
        """The database in an image; None where there is none."""
        assert self._images is not None
        raw = self._images.read(name)
        if raw is None:
            return None
        try:
            image = zlib.decompress(self._cipher.unseal(raw.removeprefix(_MAGIC), name))
            database = _connect()
            database.deserialize(image)
            database.executescript(_TABLES + record_book.TABLES + VOICES)
        except (DamagedRecord, zlib.error, sqlite3.Error) as error:
            raise StoreError(
                "this memory is damaged, or was encrypted with another key",
                where=f"{self._images.where}, {name}",
                expected="the key file or the VOICE_CHAT_STORE_KEY it was made with",
                remedy="restore them, or forget everyone: voice forget --all",
            ) from error
        return database

    @contextmanager
    def _alone(self, who: Who) -> Iterator[None]:
        """No other process writes meanwhile."""
        if self._images is None:
            yield
            return
        with self._images.alone(self._name(who)):
            yield

    def _name(self, who: Who) -> str:
        name = hmac.digest(self._names, json.dumps(who).encode(), sha256)[:15]
        return base64.b32encode(name).decode().lower()

    @cached_property
    def _names(self) -> bytes:
        return derived(self._master, "names of people")

    @cached_property
    def _cipher(self) -> RecordCipher:
        return RecordCipher(derived(self._master, "people"))

    @cached_property
    def _master(self) -> bytes:
        return self._key()


def _connect() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", check_same_thread=False)  # the vault's lock lets one thread in
    database.execute("PRAGMA temp_store = memory")
    database.execute("PRAGMA secure_delete = on")  # what was removed is no longer in the image
    return database


def _empty(database: sqlite3.Connection) -> bool:
    """Whether nothing is kept besides whose memory it is."""
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    kept = [name for (name,) in tables if name != "who" and not name.startswith("talk_index")]
    return not any(database.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone() for name in kept)
