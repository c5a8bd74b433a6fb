"""Encrypts what an older version wrote into a database file in the clear."""

from __future__ import annotations

import json
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from voice.sessions.log import Event
from voice.sessions.stores.encrypted import RecordCipher, SessionKeys, close_event, close_saved
from voice.sessions.stores.interface import Card, StoreError
from voice.sessions.stores.sqlite_file import MANY, Pages, connect, failures, prepare

SEALED = 0x766F6963
"""The file's application id once nothing in it is readable."""


def seal_file(path: Path, master: bytes, pages: Pages = MANY) -> int:
    """Encrypt all sessions of a file, or none if that fails; returns how many there were. Raises StoreError."""
    prepare(path, pages)
    with failures(path), closing(connect(path)) as file:
        if _sealed(file):
            return 0
        file.execute("BEGIN IMMEDIATE")
        try:
            count = 0 if _sealed(file) else _seal_all(file, SessionKeys(master))
            file.execute(f"PRAGMA application_id = {SEALED}")
            file.execute("COMMIT")
        except BaseException as error:
            if file.in_transaction:  # a full disk has rolled back already
                file.execute("ROLLBACK")
            if isinstance(error, ValueError):
                remedy = "bring back a copy of the file, or move it away"
                raise StoreError("what is stored cannot be read", where=str(path), remedy=remedy) from error
            raise
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return count


def _sealed(file: sqlite3.Connection) -> bool:
    return bool(file.execute("PRAGMA application_id").fetchone()[0] == SEALED)


def _seal_all(file: sqlite3.Connection, locksmith: SessionKeys) -> int:
    rows = file.execute("SELECT no, sid, epoch, token_hash, system, model, options, name, saved FROM sessions")
    sessions = rows.fetchall()
    for no, sid, epoch, token_hash, system, model, options, name, saved in sessions:
        key = secrets.token_bytes(32)
        seal = RecordCipher(key)
        closed = locksmith.close(Card(sid, epoch, token_hash, system, model, json.loads(options), name, key=key))
        state = None if saved is None else json.dumps(close_saved(seal, sid, json.loads(saved)))
        file.execute(
            "UPDATE sessions SET token_hash = ?, system = '', model = '', options = ?, name = ?, saved = ?"
            " WHERE no = ?",
            (b"", json.dumps(dict(closed.options)), closed.name, state, no),
        )
        events = file.execute("SELECT seq, turn, t, d, o FROM events WHERE no = ?", (no,)).fetchall()
        for seq, turn, t, d, o in events:
            made = close_event(seal, sid, Event(seq, turn, t, json.loads(d), o))
            file.execute("UPDATE events SET d = ? WHERE no = ? AND seq = ?", (json.dumps(made.d), no, seq))
    return len(sessions)
