"""The earlier talks in a person's memory: kept turn by turn, found by their words, gone with their conversation."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from voice.memory.ranking import Ranking, terms
from voice.memory.talks.talk_questions import EarlierTurn, TalkQuestion

MOST_TALKS = 4_000
"""Turns that are kept of a person; the oldest gives way."""
MOST_CHARS = 2_000
"""Characters of either side of a turn."""
BREAK = timedelta(minutes=30)
"""A silence after which another talk begins."""
LEAST = 0.34
"""The share of a question's words that a turn must have."""
HALF_LIFE_DAYS = 30.0
"""The age at which a turn counts three quarters of what it counted when it was new; no age takes more than half."""

_CANDIDATES = 40
_TABLES = """
CREATE TABLE IF NOT EXISTS talks (
  id INTEGER PRIMARY KEY, sid TEXT NOT NULL, turn INTEGER NOT NULL, at TEXT NOT NULL, said TEXT NOT NULL,
  answer TEXT NOT NULL, UNIQUE (sid, turn)
);
CREATE INDEX IF NOT EXISTS talks_by_time ON talks (at);
CREATE VIRTUAL TABLE IF NOT EXISTS talk_index USING fts5(words, near, single);
"""
# The index has what `terms` finds: stems and pairs of Chinese characters, groups of near words, single characters.
_WEIGHTS = (1.0, 0.6, 0.35)


def count_talks(database: sqlite3.Connection | None) -> int:
    """How many turns are kept."""
    return int(_rows(database, "SELECT COUNT(*) FROM talks")[0][0]) if _any(database) else 0


def all_talks(database: sqlite3.Connection | None) -> list[EarlierTurn]:
    """Every turn, oldest first."""
    return _talks(_rows(database, "SELECT at, said, answer FROM talks ORDER BY at, id")) if _any(database) else []


def note(database: sqlite3.Connection, sid: str, turn: int, talk: EarlierTurn) -> None:
    """Keep a turn of a conversation in place of what was kept of it before; nothing where nothing is left of it."""
    database.executescript(_TABLES)
    earlier = database.execute("SELECT id, at FROM talks WHERE sid = ? AND turn = ?", (sid, turn)).fetchone()
    _remove(database, "sid = ? AND turn = ?", (sid, turn))
    said, answer = talk.said[:MOST_CHARS], talk.answer[:MOST_CHARS]
    if not said:
        return
    at = earlier[1] if earlier is not None else talk.at.replace(tzinfo=None).isoformat(" ", "seconds")
    values = (sid, turn, at, said, answer)
    row = database.execute("INSERT INTO talks (sid, turn, at, said, answer) VALUES (?, ?, ?, ?, ?)", values).lastrowid
    database.execute("INSERT INTO talk_index (rowid, words, near, single) VALUES (?, ?, ?, ?)",
                     (row, *map(" ".join, _sorted(terms(f"{said}\n{answer}")))))  # fmt: skip
    _remove(database, "id IN (SELECT id FROM talks ORDER BY at DESC, id DESC LIMIT -1 OFFSET ?)", (MOST_TALKS,))


def has_turn(database: sqlite3.Connection | None, sid: str, turn: int | None = None) -> bool:
    """Whether this turn of a conversation is kept, or any of it."""
    wanted = "SELECT 1 FROM talks WHERE sid = ? AND turn = ifnull(?, turn) LIMIT 1"
    return _any(database) and bool(_rows(database, wanted, sid, turn))


def drop_conversation(database: sqlite3.Connection, sid: str) -> None:
    """Remove all turns of a conversation."""
    if _any(database):
        _remove(database, "sid = ?", (sid,))


def has_old(database: sqlite3.Connection, oldest: date) -> bool:
    """Whether there are turns of before `oldest`."""
    return _any(database) and bool(_rows(database, "SELECT 1 FROM talks WHERE at < ? LIMIT 1", oldest.isoformat()))


def expire(database: sqlite3.Connection, oldest: date) -> None:
    """Remove turns of before `oldest`."""
    if _any(database):
        _remove(database, "at < ?", (oldest.isoformat(),))


def search(
    database: sqlite3.Connection | None, question: TalkQuestion, now: datetime, most: int = 5
) -> list[EarlierTurn]:
    """The turns that a question is about: of a topic the best first, else the most telling ones in their order."""
    if not _any(database):
        return []
    if question.last:
        since, until = _last_talk(database, now)
    elif question.period is not None:
        since, until = f"{question.period.first}", f"{question.period.last}~"
    else:
        since, until = "", "~"
    if question.about:
        return _about(database, question.about, (since, until), now, most)
    rows = _talks(_rows(database, "SELECT at, said, answer FROM talks WHERE at BETWEEN ? AND ? ORDER BY at, id",
                        since, until))  # fmt: skip
    telling = Ranking([talk.said for talk in rows]).telling()
    return [rows[place] for place in sorted(telling[:most])]


def _about(
    database: sqlite3.Connection | None, about: Mapping[str, float], between: tuple[str, str], now: datetime, most: int
) -> list[EarlierTurn]:
    """The turns about a topic: BM25, times a factor for their age."""
    columns = _sorted(about)
    either = ['"' + '" OR "'.join(found) + '"' if found else "" for found in columns]
    named = zip(("words", "near", "single"), either, strict=True)
    wanted = " OR ".join(f"{column} : ({terms_of})" for column, terms_of in named if terms_of)
    rows = _rows(
        database,
        "SELECT at, said, answer, bm25(talk_index, ?, ?, ?) AS rank FROM talk_index JOIN talks ON id = talk_index.rowid"
        " WHERE talk_index MATCH ? AND at BETWEEN ? AND ? ORDER BY rank LIMIT ?",
        *_WEIGHTS, wanted, *between, _CANDIDATES,
    )  # fmt: skip
    whole = sum(weight for term, weight in about.items() if term[0] != "#") or 1.0
    ranked = []
    for at, said, answer, rank in rows:
        talk = EarlierTurn(datetime.fromisoformat(at), said, answer)
        has = terms(f"{said}\n{answer}")
        if sum(weight for term, weight in about.items() if term in has) < LEAST * whole:
            continue
        days = max(0.0, (now.replace(tzinfo=None) - talk.at).total_seconds() / 86_400)
        ranked.append((rank * (0.5 + 0.5 * 0.5 ** (days / HALF_LIFE_DAYS)), talk))
    return [talk for _, talk in sorted(ranked, key=lambda one: one[0])[:most]]


def _last_talk(database: sqlite3.Connection | None, now: datetime) -> tuple[str, str]:
    """From when to when the talk before the one of now was: talks are apart by a BREAK."""
    until, before = "", now.replace(tzinfo=None)
    for (text,) in _rows(database, "SELECT at FROM talks ORDER BY at DESC, id DESC"):
        at = datetime.fromisoformat(text)
        if before - at > BREAK:
            if until:
                break
            until = text
        before = at
    return before.isoformat(" ", "seconds"), until or "~"


def _sorted(found: Iterable[str]) -> tuple[list[str], list[str], list[str]]:
    """Terms by the column of the index they belong to."""
    words, near, single = list[str](), list[str](), list[str]()
    for term in found:
        plain = "".join(letter for letter in term if letter.isalnum())
        if term[0] == "#":
            near.append(f"g{plain}")
        elif plain:
            (single if len(plain) == 1 and not plain.isascii() else words).append(plain)
    return words, near, single


def _remove(database: sqlite3.Connection, where: str, values: tuple[object, ...]) -> None:
    """Remove turns, from the index too, so that no page of the file has their words."""
    rows = database.execute(f"DELETE FROM talks WHERE {where} RETURNING id", values).fetchall()
    database.executemany("DELETE FROM talk_index WHERE rowid = ?", rows)
    if rows:
        database.execute("INSERT INTO talk_index (talk_index) VALUES ('optimize')")


def _any(database: sqlite3.Connection | None) -> bool:
    """Whether a turn was ever kept: the tables are made for the first one, since an index takes room."""
    return database is not None and bool(_rows(database, "SELECT 1 FROM sqlite_master WHERE name = 'talks'"))


def _talks(rows: Iterable[tuple[str, str, str]]) -> list[EarlierTurn]:
    return [EarlierTurn(datetime.fromisoformat(at), said, answer) for at, said, answer in rows]


def _rows(database: sqlite3.Connection | None, question: str, *values: object) -> list[tuple[Any, ...]]:
    return [] if database is None else database.execute(question, values).fetchall()
