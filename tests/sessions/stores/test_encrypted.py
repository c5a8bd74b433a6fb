"""Encryption at rest: nothing said is readable in the file, nothing can be moved, the key is the session's life."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from voice.sessions.log import Event
from voice.sessions.stores.encrypted import EncryptedStore, SessionKeys
from voice.sessions.stores.interface import Card, FenceLost, Lease, StoreError, UnknownSession
from voice.sessions.stores.memory import MemoryStore
from voice.sessions.stores.sqlite import SqliteStore

MASTER = b"m" * 32
WORDS = "swordfish 剑鱼"
CARD = Card("s_1", "e1", b"hash", f"system {WORDS}", f"model {WORDS}", {"stop": WORDS}, f"name {WORDS}")
READABLE = ("swordfish", "剑鱼", "\\u5251")


def found(folder: Path) -> list[str]:
    """Readable words in any file below the folder."""
    files = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    return [word for word in READABLE if any(word.encode() in raw for raw in files)]


async def fill(store: SqliteStore | EncryptedStore) -> None:
    await store.create(CARD)
    fence = (await store.acquire("s_1", "n", 10.0)).fence
    events = [Event(n, 1, "delta", f"{WORDS} {n}", n) for n in range(1, 30)]
    await store.append("s_1", fence, [*events, Event(30, 1, "done", {"usage": {"note": WORDS}})])
    await store.trim("s_1", fence, 5, {"messages": [WORDS]})


async def check(store: EncryptedStore) -> None:
    """Everything `fill` wrote is there."""
    sid = await store.find(f"name {WORDS}")
    assert sid == "s_1"
    stored = await store.load(sid)
    assert (stored.card.system, stored.card.model, stored.card.options) == (CARD.system, CARD.model, CARD.options)
    assert (stored.card.name, stored.card.token_hash, stored.seq) == (CARD.name, b"hash", 30)
    assert stored.saved == {"messages": [WORDS]}
    events = await store.read(sid, 5, 99)
    assert [event.d for event in events[:-1]] == [f"{WORDS} {n}" for n in range(6, 30)]
    assert events[-1].d == {"usage": {"note": WORDS}}


def test_nothing_said_is_readable_in_any_file(tmp_path: Path) -> None:
    async def run() -> None:
        store = EncryptedStore(SqliteStore(tmp_path / "chat.db"), MASTER)
        await fill(store)
        assert not found(tmp_path)
        await store.close()
        assert not found(tmp_path)
        again = EncryptedStore(SqliteStore(tmp_path / "chat.db"), MASTER)
        await check(again)
        assert await again.kept() == ["s_1"], "the card of the check is no session"
        await again.close()

    asyncio.run(run())


@pytest.mark.parametrize("use", [lambda s: s.find("x"), lambda s: s.load("s_1"), lambda s: s.create(Card("s_9", "e"))])
def test_another_key_is_refused_at_the_first_use(
    tmp_path: Path, use: Callable[[EncryptedStore], Coroutine[Any, Any, Any]]
) -> None:
    async def run() -> None:
        first = EncryptedStore(SqliteStore(tmp_path / "chat.db"), MASTER)
        await fill(first)
        await first.close()
        other = EncryptedStore(SqliteStore(tmp_path / "chat.db"), b"o" * 32, "chat.db")
        with pytest.raises(StoreError) as caught:
            await use(other)
        assert "another key" in str(caught.value)
        assert "chat.db" in str(caught.value)
        assert "VOICE_CHAT_STORE_KEY" in str(caught.value)
        await other.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    "forge",
    [
        "UPDATE events SET d = (SELECT d FROM events WHERE seq = 11) WHERE seq = 10",
        "UPDATE events SET o = 99 WHERE seq = 10",
        "UPDATE events SET t = 'effect', o = NULL WHERE seq = 10",
        "UPDATE events SET turn = 2 WHERE seq = 10",
        """UPDATE events SET d = '"words in the clear"' WHERE seq = 10""",
        "UPDATE events SET d = (SELECT d FROM events AS e WHERE e.no <> events.no AND e.seq = 10) WHERE seq = 10",
    ],
)
def test_events_cannot_be_forged_or_moved(tmp_path: Path, forge: str) -> None:
    path = tmp_path / "chat.db"

    async def run() -> None:
        store = EncryptedStore(SqliteStore(path), MASTER)
        for sid in ("s_1", "s_2"):
            await store.create(Card(sid, "e"))
            fence = (await store.acquire(sid, "n", 10.0)).fence
            await store.append(sid, fence, [Event(n, 1, "delta", f"{sid} {n}", n) for n in range(1, 20)])
        with closing(sqlite3.connect(path)) as file:
            file.execute(forge)
            file.commit()
        assert len(await store.read("s_1", 10, 5)) == 5
        with pytest.raises(StoreError, match="cannot be decrypted"):
            await store.read("s_1", 0, 99)
        await store.close()

    asyncio.run(run())


def test_a_card_of_another_session_does_not_open(tmp_path: Path) -> None:
    path = tmp_path / "chat.db"

    async def run() -> None:
        store = EncryptedStore(SqliteStore(path), MASTER)
        for sid in ("s_1", "s_2"):
            await store.create(Card(sid, "e", b"hash of " + sid.encode()))
        with closing(sqlite3.connect(path)) as file:
            options = "(SELECT options FROM sessions WHERE sid = 's_2')"
            file.execute(f"UPDATE sessions SET options = {options} WHERE sid = 's_1'")
            file.commit()
        with pytest.raises(StoreError, match="cannot be decrypted"):
            await store.load("s_1")
        await store.close()

    asyncio.run(run())


def test_what_is_left_of_a_deleted_session_opens_for_nobody(tmp_path: Path) -> None:
    """A copy of the events made before, the machine's key, and the file after the deletion: not enough."""

    async def run() -> None:
        inner = MemoryStore()
        store = EncryptedStore(inner, MASTER)
        await store.create(CARD)
        fence = (await store.acquire("s_1", "n", 10.0)).fence
        await store.append("s_1", fence, [Event(1, 1, "delta", WORDS, 0)])
        copied = await inner.read("s_1", 0, 9)
        await store.delete("s_1")
        with pytest.raises(UnknownSession):
            await store.read("s_1", 0, 9)
        await store.create(CARD)
        fence = (await store.acquire("s_1", "n", 10.0)).fence
        await inner.append("s_1", fence, copied)
        with pytest.raises(StoreError):
            await store.read("s_1", 0, 9)

    asyncio.run(run())


def test_names_tell_nothing_without_the_key() -> None:
    one, other = SessionKeys(MASTER), SessionKeys(b"o" * 32)
    assert one.name("kitchen") == SessionKeys(MASTER).name("kitchen")
    assert len({one.name("kitchen"), one.name("attic"), other.name("kitchen")}) == 3


def test_an_event_that_is_no_json_is_refused_and_the_next_goes_on() -> None:
    async def run() -> None:
        store = EncryptedStore(MemoryStore(), MASTER)
        await store.create(CARD)
        fence = (await store.acquire("s_1", "n", 10.0)).fence
        appends: list[tuple[Any, type[Exception]]] = [(object(), TypeError), (float("nan"), ValueError)]
        for data, error in appends:
            with pytest.raises(error):
                await store.append("s_1", fence, [Event(1, 1, "effect", data)])
        assert await store.append("s_1", fence, [Event(1, 1, "effect", 1)]) == 1
        with pytest.raises(FenceLost):
            await store.append("s_2", fence, [Event(1, 1, "effect", 1)])
        await store.renew({"s_1": fence}, 0.0)
        with pytest.raises(FenceLost):
            await store.append("s_1", fence, [Event(2, 1, "effect", 1)])
        assert (await store.read("s_1", 0, 9))[0].d == 1

    asyncio.run(run())


class LateAnswer(MemoryStore):
    """Answers that a lease was given up only after the next owner has taken it."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = asyncio.Event()

    async def acquire(self, sid: str, node: str, ttl_s: float) -> Lease:
        lease = await super().acquire(sid, node, ttl_s)
        self.taken.set()
        return lease

    async def renew(self, fences: Mapping[str, int], ttl_s: float) -> None:
        self.taken.clear()
        await super().renew(fences, ttl_s)
        await self.taken.wait()
        await asyncio.sleep(0)


def test_a_lease_taken_again_while_it_is_given_up_can_be_written_under() -> None:
    async def run() -> None:
        store = EncryptedStore(LateAnswer(), MASTER)
        await store.create(CARD)
        fence = (await store.acquire("s_1", "n", 10.0)).fence
        given_up = asyncio.create_task(store.renew({"s_1": fence}, 0.0))
        await asyncio.sleep(0)
        fence = (await store.acquire("s_1", "n", 10.0)).fence
        await given_up
        assert await store.append("s_1", fence, [Event(1, 1, "effect", 1)]) == 1

    asyncio.run(run())


def test_the_key_of_a_session_that_ended_is_in_memory_no_more() -> None:
    async def run() -> None:
        store = EncryptedStore(MemoryStore(), MASTER)
        await store.create(CARD)
        await store.touch({"s_1": 9.0})
        assert "s_1" in store._keys
        await store.touch({"s_1": 0.0})
        assert not store._keys

    asyncio.run(run())
