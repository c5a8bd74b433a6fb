"""The database file of the SQLite store: its tables, how it is opened, and what its failures mean to a person."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from voice.sessions.stores.interface import StoreError

VERSION = 2
BUSY_MS = 5000


@dataclass(frozen=True, slots=True)
class Pages:
    """`size` bytes of a new file's pages, and how many KiB of them a connection keeps in memory, at most.

    A commit writes whole pages: small ones spare an SD card, large ones serve many sessions quicker.
    """

    size: int = 4096
    cache_kib: int = 2048


MANY, ONE = Pages(), Pages(1024, 256)
"""For a server's sessions, and for one conversation."""

_TABLES = """
CREATE TABLE sessions (
  no INTEGER PRIMARY KEY,
  sid TEXT NOT NULL UNIQUE,
  name TEXT UNIQUE,
  epoch TEXT NOT NULL,
  token_hash BLOB NOT NULL,
  system TEXT NOT NULL,
  model TEXT NOT NULL,
  options TEXT NOT NULL,
  owner TEXT NOT NULL,
  ttl_s REAL,
  expires_s REAL,
  seq INTEGER NOT NULL DEFAULT 0,
  saved TEXT,
  fence INTEGER NOT NULL DEFAULT 0,
  holder TEXT NOT NULL DEFAULT '',
  lease_until_s REAL NOT NULL DEFAULT 0,
  used_s REAL NOT NULL DEFAULT 0
);
CREATE INDEX sessions_by_expiry ON sessions (expires_s) WHERE expires_s IS NOT NULL;
CREATE INDEX sessions_by_owner ON sessions (owner);
CREATE TABLE events (
  no INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  turn INTEGER NOT NULL,
  t TEXT NOT NULL,
  o INTEGER,
  d TEXT NOT NULL,
  PRIMARY KEY (no, seq)
) WITHOUT ROWID;
CREATE TABLE ledger (
  no INTEGER NOT NULL,
  turn INTEGER NOT NULL,
  input INTEGER NOT NULL,
  cached INTEGER NOT NULL,
  output INTEGER NOT NULL,
  estimated INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  draft INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  PRIMARY KEY (no, turn)
) WITHOUT ROWID;
CREATE TABLE clock (one INTEGER PRIMARY KEY CHECK (one = 1), service_s REAL NOT NULL);
INSERT INTO clock VALUES (1, 0);
"""


def prepare(path: Path, pages: Pages = MANY) -> None:
    """Make the file (readable by its owner only) and its tables where they are missing. Raises StoreError."""
    with failures(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        with closing(connect(path)) as file:
            file.execute(f"PRAGMA page_size = {pages.size}")
            file.execute("PRAGMA journal_mode = WAL")
            file.execute("BEGIN IMMEDIATE")
            version = file.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _TABLES.split(";"):
                    file.execute(statement)
            elif version == 1:
                file.execute("ALTER TABLE sessions ADD COLUMN used_s REAL NOT NULL DEFAULT 0")
                file.execute("UPDATE sessions SET used_s = CAST(strftime('%s', 'now') AS REAL)")
            if version < VERSION:
                file.execute(f"PRAGMA user_version = {VERSION}")
            file.execute("COMMIT")
    if version > VERSION:
        raise StoreError(
            f"written by a newer version (format {version})",
            where=str(path),
            expected=f"format {VERSION}",
            remedy="update this program, or set chat.store to another file",
        )


def connect(path: Path, *, readonly: bool = False, cache_kib: int = MANY.cache_kib) -> sqlite3.Connection:
    """A connection for one thread at a time; deleted text is overwritten, and others' locks are waited for."""
    file = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
    file.execute("PRAGMA synchronous = NORMAL")
    file.execute("PRAGMA secure_delete = ON")
    file.execute(f"PRAGMA cache_size = -{cache_kib}")
    if readonly:
        file.execute("PRAGMA query_only = ON")
    return file


@contextmanager
def failures(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise into a StoreError of one line."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise explained(error, path) from error


def explained(error: sqlite3.Error | OSError, path: Path) -> StoreError:
    """The StoreError a person can act on."""
    text = str(error.strerror if isinstance(error, OSError) else error)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    remedies = {
        sqlite3.SQLITE_FULL: "free some disk space",
        sqlite3.SQLITE_NOTADB: "set chat.store to another file, or move this one away",
        sqlite3.SQLITE_CORRUPT: "move the file away, or restore it from a backup",
        sqlite3.SQLITE_BUSY: "close the other program that uses it",
        sqlite3.SQLITE_LOCKED: "close the other program that uses it",
    }
    remedy = remedies.get(
        code, "check that the folder can be written, or name another file, or memory, with chat.store"
    )
    return StoreError(text, where=str(path), expected="a writable conversation file", remedy=remedy)
