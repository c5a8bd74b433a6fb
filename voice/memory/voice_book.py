"""The voices of people who asked for it, each in its person's memory: kept, known again, renamed, forgotten."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from voice.speakers.recognition import ENOUGH_S, KnownVoice, Sample, mean

VOICES = """
CREATE TABLE IF NOT EXISTS voices (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, encoder TEXT NOT NULL, voice BLOB NOT NULL, seconds REAL NOT NULL
);
"""


def keep_voice(database: sqlite3.Connection, name: str, encoder: str, sample: Sample) -> None:
    """Keep one more sample of the person's voice, up to `ENOUGH_S` of them; those of another encoder are of no use."""
    database.execute("DELETE FROM voices WHERE encoder != ?", (encoder,))
    (there,) = database.execute("SELECT coalesce(sum(seconds), 0) FROM voices").fetchone()
    if there < ENOUGH_S:
        row = (name, encoder, sample.voice.astype("<f4").tobytes(), sample.seconds)
        database.execute("INSERT INTO voices (name, encoder, voice, seconds) VALUES (?, ?, ?, ?)", row)


def known_voice(database: sqlite3.Connection | None, id: str, encoder: str = "") -> KnownVoice | None:
    """The voice of the person with this id, as this encoder or any heard it; None where none is kept."""
    if database is None:
        return None
    rows = database.execute(
        "SELECT name, voice, seconds FROM voices WHERE ? IN ('', encoder) ORDER BY id", (encoder,)
    ).fetchall()
    if not rows:
        return None
    whole = mean([Sample(np.frombuffer(voice, "<f4"), seconds) for _, voice, seconds in rows])
    return KnownVoice(id, rows[-1][0], whole.voice, whole.seconds)


def known_voices(memories: Memories, encoder: str = "") -> list[KnownVoice]:
    """The voices of this machine's people."""
    found = (known_voice(database, who.person, encoder) for who, database in memories.each(""))
    return sorted((one for one in found if one is not None), key=lambda one: one.id)


class Memories(Protocol):
    """Where people's memories are."""

    def each(self, owner: str) -> Iterator[tuple[Any, sqlite3.Connection]]:
        """Every one of an owner's people with their memory."""
        ...


def rename_voice(database: sqlite3.Connection, name: str) -> None:
    """Call the person something else."""
    database.execute("UPDATE voices SET name = ?", (name,))


def drop_voice(database: sqlite3.Connection) -> bool:
    """Forget the voice, and nothing else of the person; returns whether there was one."""
    return database.execute("DELETE FROM voices").rowcount > 0


def plain(name: str) -> str:
    """A name as it is compared."""
    return unicodedata.normalize("NFKC", name).casefold().strip()
