"""Records in a memory: each once by its key, rolled up by day and thing, gone when they are old."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.errors import UsageError
from voice.memory.record_book import all_rows, counts, expire, has_old, put
from voice.memory.records import RecordKind, Row
from voice.memory.vault import Vault, Who

KIND = RecordKind("orders", {})
TODAY = date(2026, 11, 27)
OLDEST = TODAY - timedelta(days=30)


@pytest.fixture
def book() -> Iterator[sqlite3.Connection]:
    with Vault(None, bytes).writing(Who("", "ann")) as database:
        yield database


def row(key: str, back: int = 0, item: str = "coffee", quantity: float = 1, amount: int | None = 10_000) -> Row:
    return Row(key, TODAY - timedelta(days=back), key, item, quantity, amount, "shipped")


def rolled_up(database: sqlite3.Connection) -> list[tuple[str, str, float, int]]:
    return database.execute("SELECT day, item, quantity, amount FROM totals ORDER BY day, item").fetchall()


def test_a_row_comes_in_place_of_the_one_with_its_key(book: sqlite3.Connection) -> None:
    assert put(book, KIND, [row("a"), row("b", quantity=2)], OLDEST) == 2
    assert put(book, KIND, [row("a", back=3, quantity=5)], OLDEST) == 1
    assert counts(book) == {"orders": 2}
    assert rolled_up(book) == [("2026-11-24", "coffee", 5.0, 10_000), ("2026-11-27", "coffee", 2.0, 10_000)]


def test_what_is_old_is_not_kept(book: sqlite3.Connection) -> None:
    assert put(book, KIND, [row("a", back=31), row("b", back=30)], OLDEST) == 1
    assert put(book, KIND, [row("b", back=31)], OLDEST) == 0
    assert all_rows(book, "orders") == []
    assert rolled_up(book) == []
    put(book, KIND, [row("c", back=2)], OLDEST)
    assert not has_old(book, TODAY - timedelta(days=2))
    assert has_old(book, TODAY)
    expire(book, TODAY)
    assert (counts(book), rolled_up(book)) == ({}, [])


def test_a_person_has_so_many_and_no_more(book: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voice.memory.record_book.MOST_ROWS", 2)
    with pytest.raises(UsageError, match="more than 2 orders of one person"):
        put(book, KIND, [row("a"), row("b"), row("c")], OLDEST)


def test_rows_are_shown_as_they_were(book: sqlite3.Connection) -> None:
    put(book, KIND, [row("a", item="'; DROP TABLE records; --", amount=None)], OLDEST)
    (shown,) = all_rows(book, "orders")
    assert shown == {"day": "2026-11-27", "number": "a", "item": "'; DROP TABLE records; --", "quantity": 1.0,
                     "amount": None, "state": "shipped"}  # fmt: skip
    assert all_rows(None, "orders") == []
    assert counts(None) == {}


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 40), st.sampled_from(["tea", "咖啡"]), st.integers(1, 9)),
        max_size=12,
    )
)
def test_the_roll_up_is_always_what_the_rows_say(told: list[tuple[str, int, str, int]]) -> None:
    with Vault(None, bytes).writing(Who("", "ann")) as book:
        for key, back, item, quantity in told:
            put(book, KIND, [row(key, back, item, quantity)], OLDEST)
        summed = "SELECT day, item, SUM(quantity), SUM(amount) FROM records GROUP BY day, item ORDER BY day, item"
        assert rolled_up(book) == book.execute(summed).fetchall()
        book.execute("INSERT INTO facts (text, about, day) VALUES ('x', '', '')")


def test_the_vault_shows_nothing_old_and_removes_it(tmp_path: Path) -> None:
    days = [TODAY]
    ann, bob = Who("", "ann"), Who("", "bob")

    def opened() -> Vault:
        return Vault(tmp_path / "people", lambda: b"k" * 32, oldest=lambda: days[0] - timedelta(days=30))

    vault = opened()
    for who, back in ((ann, 1), (bob, 20)):
        with vault.writing(who) as database:
            put(database, KIND, [row("a", back)], vault.oldest())
    days[0] = TODAY + timedelta(days=15)
    with opened().reading(bob) as read:
        assert counts(read) == {}
    assert opened().size(bob) > 0
    vault.expire()
    assert opened().people() == [ann]
    with vault.reading(ann) as read:
        assert counts(read) == {"orders": 1}
