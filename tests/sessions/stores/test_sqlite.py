"""The SQLite store on a real file: killed processes, moved clocks, deleted text, broken files."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from voice.sessions.log import Event
from voice.sessions.stores.interface import Card, LeaseHeld, StoreError, UnknownSession, Usage
from voice.sessions.stores.sqlite import SqliteStore
from voice.sessions.stores.sqlite_file import MANY, ONE, Pages

WRITER = """
import asyncio, sys
from pathlib import Path
from voice.sessions.log import Event
from voice.sessions.stores.sqlite import SqliteStore
from voice.sessions.stores.interface import Card, Usage

async def main():
    store = SqliteStore(Path(sys.argv[1]))
    try:
        await store.create(Card("s_1", "e1"))
    except Exception:
        pass
    lease = await store.acquire("s_1", "n", 10.0)
    seq = lease.seq
    while True:
        events = [Event(seq + n, 1, "delta", f"word {seq + n} ", n) for n in range(1, 8)]
        seq = await store.append("s_1", lease.fence, events, Usage(1, seq, 0, 0, True, 1, False, "done"))
        print(seq, flush=True)

asyncio.run(main())
"""


def holds(folder: Path, text: bytes) -> bool:
    """Whether any file of the folder holds these bytes."""
    return any(text in file.read_bytes() for file in folder.iterdir())


def test_no_acknowledged_event_is_lost_by_kill_minus_nine(tmp_path: Path) -> None:
    path, acknowledged = tmp_path / "chat.db", 0
    for _ in range(3):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(15):
                acknowledged = int(process.stdout.readline())
            process.kill()
            acknowledged = max([acknowledged, *(int(line) for line in process.stdout if line.endswith("\n"))])

    async def check() -> None:
        store = SqliteStore(path)
        events = await store.read("s_1", 0, 100_000)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert len(events) >= acknowledged
        assert all(event.d == f"word {event.seq} " for event in events)
        assert (await store.load("s_1")).seq == len(events)
        [row] = await store.usage("s_1")
        assert row.input == len(events) - 7, "events and their ledger row are written together"
        await store.acquire("s_1", "m", 10.0)
        await store.close()

    asyncio.run(check())


def test_a_commit_of_a_single_conversation_writes_little(tmp_path: Path) -> None:
    async def written(name: str, pages: Pages) -> int:
        store = SqliteStore(tmp_path / name, pages=pages)
        await store.create(Card("s_1", "e"))
        fence = (await store.acquire("s_1", "n", 10.0)).fence
        for seq in range(1, 41):
            await store.append("s_1", fence, [Event(seq, 1, "delta", "a few words ", seq)], at_once=True)
        size = (tmp_path / f"{name}-wal").stat().st_size
        await store.close()
        return size

    async def last(name: str, pages: Pages) -> int:
        store = SqliteStore(tmp_path / name, pages=pages)
        seq = (await store.load("s_1")).seq
        await store.close()
        return seq

    assert asyncio.run(written("one", ONE)) < asyncio.run(written("many", MANY)) / 3
    assert asyncio.run(last("many", ONE)) == asyncio.run(last("one", MANY)) == 40


def test_the_lease_of_a_living_process_is_respected(tmp_path: Path) -> None:
    path = tmp_path / "chat.db"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()

        async def check() -> None:
            store = SqliteStore(path)
            with pytest.raises(LeaseHeld):
                await store.acquire("s_1", "m", 10.0)
            await store.close()

        asyncio.run(check())
        process.kill()


def test_lifetimes_count_the_time_the_store_is_open(tmp_path: Path) -> None:
    """Whatever the wall clock and the machine's start do between two runs: no early and no missed expiry."""
    path = tmp_path / "chat.db"

    async def run(began: float, *ages: float) -> list[bool]:
        now = began
        store = SqliteStore(path, clock=lambda: now)
        if not ages:
            await store.create(Card("s_1", "e", ttl_s=1800.0))
        lives = []
        for age in ages:
            now = began + age
            try:
                await store.load("s_1")
                lives.append(True)
            except UnknownSession:
                lives.append(False)
        await store.close()
        return lives

    asyncio.run(run(5_000.0))
    assert asyncio.run(run(9_000_000.0, 0.0, 1000.0)) == [True, True]
    assert asyncio.run(run(3.0, 0.0, 790.0, 810.0)) == [True, True, False]


@pytest.mark.parametrize("end", ["delete", "expire"])
def test_deleted_text_is_in_no_file(tmp_path: Path, end: str) -> None:
    path = tmp_path / "chat.db"
    secret = "the word is swordfish"

    def found() -> bool:
        return holds(tmp_path, secret.encode())

    async def check() -> None:
        now = 0.0
        store = SqliteStore(path, clock=lambda: now)
        for sid in ("s_1", "s_2"):
            await store.create(Card(sid, "e", system=secret if sid == "s_1" else "harmless", ttl_s=60.0))
            fence = (await store.acquire(sid, "n", 10.0)).fence
            text = f"{secret} " * 50 if sid == "s_1" else "other " * 50
            events = [Event(n, 1, "delta", text, n) for n in range(1, 40)]
            await store.append(sid, fence, events, Usage(1, 1, 0, 1, True, 1, False, "done"))
        assert found()
        if end == "delete":
            await store.delete("s_1")
        else:
            now = 61.0
            await store.touch({"s_2": 60.0})
        assert not found()
        assert len(await store.read("s_2", 0, 99)) == 39
        await store.close()
        assert not found()

    asyncio.run(check())


def test_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "chat.db"
    asyncio.run(SqliteStore(path).close())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_appends_of_many_sessions_share_commits(tmp_path: Path) -> None:
    async def check() -> None:
        store = SqliteStore(tmp_path / "chat.db", group_s=0.2)
        fences = {}
        for n in range(20):
            await store.create(Card(f"s_{n}", "e"))
            fences[f"s_{n}"] = (await store.acquire(f"s_{n}", "n", 10.0)).fence
        with closing(sqlite3.connect(tmp_path / "chat.db")) as other:
            before = other.execute("PRAGMA data_version").fetchone()
            appends = [store.append(sid, fence, [Event(1, 1, "delta", "x", 0)]) for sid, fence in fences.items()]
            await asyncio.sleep(0)
            assert other.execute("PRAGMA data_version").fetchone() == before
            urgent = store.append("s_0", fences["s_0"], [Event(2, 1, "delta", "y", 1)], at_once=True)
            await urgent
            assert all(append.done() for append in appends), "what does not wait takes the waiting along"
        await store.close()

    asyncio.run(check())


def _not_a_database(path: Path) -> None:
    path.write_bytes(b"a letter to my aunt " * 100)


def _newer(path: Path) -> None:
    asyncio.run(SqliteStore(path).close())
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version = 99")


def _folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "words"), [(_not_a_database, "not a database"), (_newer, "newer version"), (_folder, "directory")]
)
def test_files_that_cannot_be_used_are_refused_in_one_line(tmp_path: Path, spoil: Any, words: str) -> None:
    path = tmp_path / "chat.db"
    spoil(path)
    with pytest.raises(StoreError) as caught:
        SqliteStore(path)
    line = str(caught.value)
    assert words in line
    assert str(path) in line
    assert "\n" not in line
    assert caught.value.remedy


def test_an_unwritable_folder_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(StoreError) as caught:
        SqliteStore(file / "below" / "chat.db")
    assert "chat.store" in str(caught.value)


def test_a_full_disk_fails_the_appends_and_later_ones_work(tmp_path: Path) -> None:
    async def check() -> None:
        store = SqliteStore(tmp_path / "chat.db")
        await store.create(Card("s_1", "e"))
        fence = (await store.acquire("s_1", "n", 10.0)).fence
        await store._write(lambda file: file.execute("PRAGMA max_page_count = 20").fetchall(), bare=True)
        big = [Event(n, 1, "delta", "x" * 4000, 0) for n in range(1, 40)]
        results = await asyncio.gather(
            store.append("s_1", fence, big), store.append("s_1", fence, big), return_exceptions=True
        )
        assert all(isinstance(result, StoreError) for result in results)
        assert "full" in str(results[0])
        assert "disk space" in str(results[0])
        assert await store.append("s_1", fence, [Event(1, 1, "delta", "small", 0)]) == 1
        await store.close()

    asyncio.run(check())


def test_an_unserializable_event_fails_alone(tmp_path: Path) -> None:
    async def check() -> None:
        store = SqliteStore(tmp_path / "chat.db")
        for sid in ("s_1", "s_2"):
            await store.create(Card(sid, "e"))
            await store.acquire(sid, "n", 10.0)
        results = await asyncio.gather(
            store.append("s_1", 1, [Event(1, 1, "effect", object())]),
            store.append("s_2", 1, [Event(1, 1, "delta", "x", 0)]),
            return_exceptions=True,
        )
        assert isinstance(results[0], TypeError)
        assert results[1] == 1
        await store.close()

    asyncio.run(check())


def test_closing_leaves_no_thread_and_no_file_open(tmp_path: Path) -> None:
    async def use() -> None:
        store = SqliteStore(tmp_path / "chat.db")
        await store.create(Card("s_1", "e"))
        await store.load("s_1")
        await store.close()

    asyncio.run(use())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("chat")]
    table = Path("/proc/self/fd")
    opened = [str(fd.readlink()) for fd in table.iterdir() if fd.is_symlink()] if table.is_dir() else []
    assert not [name for name in opened if str(tmp_path) in name]


def test_a_file_of_the_first_format_is_read(tmp_path: Path) -> None:
    path = tmp_path / "chat.db"

    async def make() -> None:
        store = SqliteStore(path)
        await store.create(Card("s_1", "e", name="kitchen"))
        await store.close()

    asyncio.run(make())
    with closing(sqlite3.connect(path)) as file:
        file.execute("ALTER TABLE sessions DROP COLUMN used_s")
        file.execute("PRAGMA user_version = 1")

    async def check() -> None:
        store = SqliteStore(path)
        assert await store.find("kitchen") == "s_1"
        assert await store.kept() == ["s_1"]
        assert await store.kept(1_000_000.0) == []
        await store.close()

    asyncio.run(check())


def test_deletions_share_the_work_of_wiping(tmp_path: Path) -> None:
    async def check() -> None:
        store = SqliteStore(tmp_path / "chat.db")
        for n in range(50):
            await store.create(Card(f"s_{n}", "e", system="swordfish"))
        written = store._write
        jobs: list[bool] = []

        async def counted(do: Any, *, bare: bool = False) -> Any:
            jobs.append(bare)
            return await written(do, bare=bare)

        store._write = counted  # type: ignore[method-assign]
        await asyncio.gather(*(store.delete(f"s_{n}") for n in range(50)))
        assert (jobs.count(False), jobs.count(True)) == (50, 1)
        assert not holds(tmp_path, b"swordfish")
        await store.close()

    asyncio.run(check())


def test_a_reader_delays_the_wiping_and_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def check() -> None:
        store = SqliteStore(tmp_path / "chat.db")
        for sid in ("s_1", "s_2"):
            await store.create(Card(sid, "e", system=f"swordfish {sid}"))
        fence = (await store.acquire("s_2", "n", 10.0)).fence
        with closing(sqlite3.connect(tmp_path / "chat.db", isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM sessions").fetchone()
            deleting = asyncio.create_task(store.delete("s_1"))
            assert await store.append("s_2", fence, [Event(1, 1, "delta", "x", 0)]) == 1
            await deleting
            assert "another program reads it" in caplog.text
            other.execute("ROLLBACK")
        await store.touch({})
        assert not holds(tmp_path, b"swordfish s_1")
        await store.close()

    asyncio.run(check())
