"""The records in a person's memory: put once by their key, rolled up by day and item, gone when they are old."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import date

from voice.errors import UsageError
from voice.memory.records import RecordKind, Row

MOST_ROWS = 100_000
"""Rows of one kind that are kept of a person."""

TABLES = """
CREATE TABLE IF NOT EXISTS records (
  kind TEXT NOT NULL, key TEXT NOT NULL, day TEXT NOT NULL, number TEXT NOT NULL, item TEXT NOT NULL,
  quantity REAL NOT NULL, amount INTEGER, state TEXT NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS records_by_day ON records (kind, day);
CREATE TABLE IF NOT EXISTS totals (
  kind TEXT NOT NULL, day TEXT NOT NULL, item TEXT NOT NULL, quantity REAL NOT NULL, amount INTEGER,
  PRIMARY KEY (kind, day, item)
) WITHOUT ROWID;
"""


def put(database: sqlite3.Connection, kind: RecordKind, rows: Iterable[Row], oldest: date) -> int:
    """Keep rows, each in place of one with its key, but none of before `oldest`; returns how many were kept.

    Raises UsageError for more than a person may have.
    """
    kept, days = 0, set[str]()
    for row in rows:
        day = row.day.isoformat()
        old = database.execute("SELECT day FROM records WHERE kind = ? AND key = ?", (kind.name, row.key)).fetchone()
        if old is not None:
            days.add(old[0])
        if row.day < oldest:
            database.execute("DELETE FROM records WHERE kind = ? AND key = ?", (kind.name, row.key))
            continue
        values = (kind.name, row.key, day, row.number, row.item, row.quantity, row.amount, row.state)
        database.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        kept += 1
        days.add(day)
    (count,) = database.execute("SELECT COUNT(*) FROM records WHERE kind = ?", (kind.name,)).fetchone()
    if count > MOST_ROWS:
        what = f"more than {MOST_ROWS} {kind.name} of one person"
        raise UsageError(what, expected="fewer, or rows that are older than memory.days", remedy="nothing was kept")
    for day in days:
        _roll_up(database, kind.name, day)
    return kept


def has_old(database: sqlite3.Connection, oldest: date) -> bool:
    """Whether there are records of before `oldest`."""
    return database.execute("SELECT 1 FROM totals WHERE day < ? LIMIT 1", (oldest.isoformat(),)).fetchone() is not None


def expire(database: sqlite3.Connection, oldest: date) -> None:
    """Remove records of before `oldest`."""
    for table in ("records", "totals"):
        database.execute(f"DELETE FROM {table} WHERE day < ?", (oldest.isoformat(),))


def counts(database: sqlite3.Connection | None) -> dict[str, int]:
    """How many records there are, by kind."""
    if database is None:
        return {}
    return dict(database.execute("SELECT kind, COUNT(*) FROM records GROUP BY kind ORDER BY kind"))


def all_rows(database: sqlite3.Connection | None, kind: str) -> list[dict[str, object]]:
    """Every record of a kind, oldest first."""
    if database is None:
        return []
    names = ("day", "number", "item", "quantity", "amount", "state")
    rows = database.execute(
        "SELECT day, number, item, quantity, amount / 10000.0, state FROM records WHERE kind = ?"
        " ORDER BY day, number, key",
        (kind,),
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def _roll_up(database: sqlite3.Connection, kind: str, day: str) -> None:
    database.execute("DELETE FROM totals WHERE kind = ? AND day = ?", (kind, day))
    database.execute(
        "INSERT INTO totals SELECT kind, day, item, SUM(quantity), SUM(amount) FROM records"
        " WHERE kind = ? AND day = ? GROUP BY item",
        (kind, day),
    )
