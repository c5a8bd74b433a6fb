"""Sessions in one SQLite file: a write-ahead log, one writer thread, commits shared by all sessions of about 5 ms."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

from voice.clock import VirtualLoop, working
from voice.sessions.log import Event
from voice.sessions.stores.interface import (
    Card,
    FenceLost,
    Lease,
    LeaseHeld,
    NameTaken,
    Posted,
    Stored,
    UnknownSession,
    Usage,
    Watchers,
)
from voice.sessions.stores.sqlite_file import BUSY_MS, MANY, Pages, connect, failures, prepare
from voice.sessions.stores.sqlite_writer import Append, Job, Writer

T = TypeVar("T")

log = logging.getLogger(__name__)

WIPE_S = 0.05
"""Deletions within this time are wiped from the write-ahead log together."""
READERS_MS = 20

_holders_here: set[str] = set()


def _holder(node: str) -> str:
    """An owner's name from which its process can be found on the same machine."""
    holder = f"{socket.gethostname()}:{os.getpid()}:{node}"
    _holders_here.add(holder)
    return holder


def _gone(holder: str) -> bool:
    """Whether an owner certainly lives no more, so that its lease need not be waited for."""
    host, pid, _ = (*holder.rsplit(":", 2), "", "")[:3]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return holder not in _holders_here
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


class SqliteStore:
    """A Store in a file, for one machine.

    Lifetimes are counted on the store's own clock, which advances while a program has the file open: neither a moved
    wall clock nor a server that was down ends a session early. `clock` is the machine's monotonic one, seconds; `wall`
    those since 1970, which show how long ago a session was used.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        group_s: float = 0.005,
        pages: Pages = MANY,
    ) -> None:
        self._path, self._clock, self._wall, self._pages = path, clock, wall, pages
        prepare(path, pages)
        with failures(path):
            self._writer = Writer(path, self._logged, group_s=group_s, cache_kib=pages.cache_kib)
            self._readers = ThreadPoolExecutor(2, "chat-read")
            self._mine = threading.local()
            self._opened: list[sqlite3.Connection] = []
            with_clock = connect(path, readonly=True)
            self._base_s = float(with_clock.execute("SELECT service_s FROM clock").fetchone()[0]) - clock()
            with_clock.close()
        self._watchers = Watchers()
        self._wiping: asyncio.Task[None] | None = None
        self._unwiped = False
        self._numbers: dict[str, int] = {}

    async def create(self, card: Card) -> None:
        def insert(file: sqlite3.Connection) -> None:
            expires = None if card.ttl_s is None else self._service_s() + card.ttl_s
            what = (card.sid, card.name, card.epoch, card.token_hash, card.owner, card.ttl_s, expires, self._wall())
            try:
                file.execute(
                    "INSERT INTO sessions"
                    " (sid, name, epoch, token_hash, owner, ttl_s, expires_s, used_s, system, model, options)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*what, card.system, card.model, json.dumps(dict(card.options))),
                )
            except sqlite3.IntegrityError as error:
                raise NameTaken(card.name) from error

        await self._write(insert)

    async def find(self, name: str) -> str | None:
        row = await self._read("SELECT sid FROM sessions WHERE name = ?", (name,))
        return None if row is None else str(row[0])

    async def count(self, owner: str) -> int:
        row = await self._read("SELECT count(*) FROM sessions WHERE owner = ?", (owner,))
        return int(row[0])

    async def kept(self, before_s: float = math.inf) -> list[str]:
        row = await self._read(
            "SELECT json_group_array(sid) FROM (SELECT sid FROM sessions WHERE used_s < ? ORDER BY used_s)", (before_s,)
        )
        return list(json.loads(row[0]))

    async def load(self, sid: str) -> Stored:
        row = await self._read(
            "SELECT no, epoch, token_hash, system, model, options, name, owner, ttl_s, seq, saved FROM sessions"
            " WHERE sid = ? AND coalesce(expires_s > ?, 1)",
            (sid, self._service_s()),
        )
        if row is None:
            raise UnknownSession(sid)
        no, epoch, token_hash, system, model, options, name, owner, ttl_s, seq, saved = row
        self._numbers[sid] = no
        card = Card(sid, epoch, token_hash, system, model, json.loads(options), name, owner, ttl_s)
        return Stored(card, seq, None if saved is None else json.loads(saved))

    def append(
        self, sid: str, fence: int, events: Sequence[Event], turn: Usage | None = None, *, at_once: bool = False
    ) -> asyncio.Future[int]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[int] = loop.create_future()
        no = self._numbers.get(sid)
        if no is None:
            answer.set_exception(UnknownSession(sid))
        else:
            virtual = isinstance(loop, VirtualLoop)
            if virtual:  # its time stops until this is written, so it cannot wait for others
                hold = ExitStack()
                hold.enter_context(working())
                answer.add_done_callback(lambda _: hold.close())
            self._writer.append(Append(no, sid, fence, events, turn, answer), at_once=at_once or virtual)
        return answer

    async def read(self, sid: str, after: int, limit: int) -> list[Event]:
        row = await self._read(
            "SELECT json_group_array(json_array(seq, turn, t, json(d), o)) FROM (SELECT events.* FROM events"
            " JOIN sessions USING (no) WHERE sid = ? AND events.seq > ? ORDER BY events.seq LIMIT ?)",
            (sid, after, limit),
        )
        return [Event(*fields) for fields in json.loads(row[0])]

    async def usage(self, sid: str) -> list[Usage]:
        row = await self._read(
            "SELECT json_group_array(json_array(turn, input, cached, output, estimated, tries, draft, outcome)) FROM"
            " (SELECT ledger.* FROM ledger JOIN sessions USING (no) WHERE sid = ? ORDER BY turn)",
            (sid,),
        )
        return [
            Usage(turn, input, cached, output, bool(estimated), tries, bool(draft), outcome)
            for turn, input, cached, output, estimated, tries, draft, outcome in json.loads(row[0])
        ]

    async def acquire(self, sid: str, node: str, ttl_s: float) -> Lease:
        def take(file: sqlite3.Connection) -> Lease:
            now, me = self._clock(), _holder(node)
            row = file.execute(
                "SELECT no, fence, seq, holder, lease_until_s FROM sessions"
                " WHERE sid = ? AND coalesce(expires_s > ?, 1)",
                (sid, self._service_s()),
            ).fetchone()
            if row is None:
                raise UnknownSession(sid)
            no, fence, seq, holder, until = row
            # A lease that lasts longer than leases do was given before the machine's last start.
            if holder not in ("", me) and now < until <= now + 10 * ttl_s and not _gone(holder):
                raise LeaseHeld(sid)
            lease = (fence + 1, me, now + ttl_s, self._wall(), no)
            file.execute("UPDATE sessions SET fence = ?, holder = ?, lease_until_s = ?, used_s = ? WHERE no = ?", lease)
            self._numbers[sid] = no
            return Lease(fence + 1, seq)

        return await self._write(take)

    async def renew(self, fences: Mapping[str, int], ttl_s: float) -> None:
        def prolong(file: sqlite3.Connection) -> None:
            until, now = self._clock() + ttl_s, self._wall()
            rows = [(until, now, sid, fence) for sid, fence in fences.items()]
            file.executemany("UPDATE sessions SET lease_until_s = ?, used_s = ? WHERE sid = ? AND fence = ?", rows)

        await self._write(prolong)

    async def touch(self, left_s: Mapping[str, float]) -> None:
        def mark(file: sqlite3.Connection) -> bool:
            now = self._service_s()
            file.execute("UPDATE clock SET service_s = max(service_s, ?)", (now,))
            rows = [(now + left, sid) for sid, left in left_s.items()]
            file.executemany("UPDATE sessions SET expires_s = ? WHERE sid = ? AND expires_s IS NOT NULL", rows)
            over = file.execute("SELECT sid, no FROM sessions WHERE expires_s <= ?", (now,)).fetchall()
            for sid, no in over:
                self._remove(file, sid, no)
            return bool(over)

        if await self._write(mark) or self._unwiped:
            await self._wiped()

    async def trim(self, sid: str, fence: int, through: int, saved: Mapping[str, Any]) -> None:
        def shorten(file: sqlite3.Connection) -> None:
            row = file.execute(
                "UPDATE sessions SET saved = ? WHERE sid = ? AND fence = ? RETURNING no",
                (json.dumps(saved), sid, fence),
            ).fetchone()
            if row is None:
                raise FenceLost(sid)
            file.execute("DELETE FROM events WHERE no = ? AND seq <= ?", (row[0], through))

        await self._write(shorten)

    async def delete(self, sid: str) -> None:
        def forget(file: sqlite3.Connection) -> None:
            row = file.execute("SELECT no FROM sessions WHERE sid = ?", (sid,)).fetchone()
            if row is None:
                raise UnknownSession(sid)
            self._remove(file, sid, row[0])

        await self._write(forget)
        await self._wiped()

    def watch(self, sid: str, logged: Callable[[int], None]) -> Callable[[], None]:
        return self._watchers.add(sid, logged)

    async def post(self, sid: str, text: str) -> bool:
        return False

    def wanted(self, node: str, asked: Callable[[str], None], posted: Posted | None = None) -> None:
        """Processes on one file do not hear of one another: a lease that is held is waited for."""

    async def close(self) -> None:
        await self.touch({})
        if self._wiping is not None:
            await self._wiping
        await asyncio.to_thread(self._writer.close)
        self._readers.shutdown()
        for file in self._opened:
            file.close()

    def _service_s(self) -> float:
        return self._base_s + self._clock()

    def _logged(self, ends: dict[str, int]) -> None:
        for sid, seq in ends.items():
            self._watchers.logged(sid, seq)

    def _remove(self, file: sqlite3.Connection, sid: str, no: int) -> None:
        for table in ("events", "ledger", "sessions"):
            file.execute(f"DELETE FROM {table} WHERE no = ?", (no,))
        self._numbers.pop(sid, None)

    async def _wiped(self) -> None:
        """Wait until deleted data is gone from all files; deletions close together share the work."""
        if self._wiping is None:
            self._wiping = asyncio.create_task(self._wipe(), name="wipe")
        await asyncio.shield(self._wiping)

    async def _wipe(self) -> None:
        if not isinstance(asyncio.get_running_loop(), VirtualLoop):
            await asyncio.sleep(WIPE_S)
        self._wiping = None  # what is deleted from here on waits for the next one
        self._unwiped = not await self._write(_emptied, bare=True)
        if self._unwiped:
            log.warning("%s: another program reads it; deleted text is overwritten once it has ended", self._path)

    async def _write(self, do: Callable[[sqlite3.Connection], T], *, bare: bool = False) -> T:
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writer.put(Job(do, answer, bare))
        with working():
            return await answer

    async def _read(self, query: str, values: tuple[Any, ...]) -> Any:
        with working():
            return await asyncio.get_running_loop().run_in_executor(self._readers, self._fetch, query, values)

    def _fetch(self, query: str, values: tuple[Any, ...]) -> Any:
        with failures(self._path):
            file = getattr(self._mine, "file", None)
            if file is None:
                file = self._mine.file = connect(self._path, readonly=True, cache_kib=self._pages.cache_kib)
                self._opened.append(file)
            return file.execute(query, values).fetchone()


def _emptied(file: sqlite3.Connection) -> bool:
    """Move the write-ahead log into the file, so that no deleted text is left in either; False while others read it.

    They are waited for a moment only: meanwhile nothing else can be written.
    """
    file.execute(f"PRAGMA busy_timeout = {READERS_MS}")
    try:
        busy: int = file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        file.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    return not busy
