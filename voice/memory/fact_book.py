"""The facts in a person's memory: kept once, corrected, found, forgotten."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from datetime import date

from voice.memory.facts import MOST_CHARS, corrected, subject, turned
from voice.memory.ranking import Ranking
from voice.tools.interface import ToolError

MOST_FACTS = 200
LEAST = 0.34
"""The share of a question that a fact must cover to be told to the model."""
LEAST_SAID = 0.5
"""The same for a fact that is said as the answer."""


def facts(database: sqlite3.Connection | None) -> list[str]:
    """All that the person asked to have remembered, in their words, oldest first."""
    if database is None:
        return []
    return [text for (text,) in database.execute("SELECT text FROM facts ORDER BY id")]


def keep(database: sqlite3.Connection, fact: str, day: date, instead_of: str = "") -> tuple[str, bool]:
    """Keep a fact in place of another about the same, or of the one that `instead_of` names.

    Returns the fact as it is kept, and whether it has replaced one. Raises ToolError for one too many or too long.
    """
    fact = " ".join(fact.split())
    old = _named(database, instead_of) if instead_of else None
    if old is not None:
        fact = corrected(old, fact)
    if len(fact) > MOST_CHARS:
        raise ToolError(f"That is too long to remember: at most {MOST_CHARS} characters.")
    about = subject(fact)
    if old is None and about:
        found = database.execute("SELECT text FROM facts WHERE about = ?", (about,)).fetchone()
        old = found[0] if found else None
    known = {_plain(text) for text in facts(database)}
    if _plain(fact) in known:
        database.execute("DELETE FROM learned WHERE lower(text) = lower(?)", (fact,))  # it is asked for now
        return fact, False
    if old is not None:
        database.execute("DELETE FROM facts WHERE text = ?", (old,))
    elif len(known) >= MOST_FACTS:
        raise ToolError(f"My memory is full: at most {MOST_FACTS} things. Ask me to forget one first.")
    database.execute("INSERT INTO facts (text, about, day) VALUES (?, ?, ?)", (fact, about, day.isoformat()))
    return fact, old is not None


def drop(database: sqlite3.Connection, words: str) -> str | None:
    """Remove the fact that is meant and return it; None where no fact is meant for certain."""
    found = _named(database, words)
    if found is not None:
        database.execute("DELETE FROM facts WHERE text = ?", (found,))
    return found


def best(known: Sequence[str], question: str, *, least: float = LEAST, most: int = 5) -> list[str]:
    """The facts that fit a question, best first."""
    return [known[place] for share, place in Ranking(known).best(question)[:most] if share >= least]


def _named(database: sqlite3.Connection, words: str) -> str | None:
    """The fact that words name: its own, as it was said back in a reply, or enough of it."""
    known = facts(database)
    for fact in known:
        if _plain(fact) == _plain(words) or _plain(turned(fact)) in _plain(words):
            return fact
    found = best(known, words, least=0.6, most=2)
    return found[0] if found else None


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.lower()).strip()
