"""The one thread that writes the database: appends share commits, everything else runs alone between them."""

from __future__ import annotations

import asyncio
import json
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from voice.sessions.log import Event
from voice.sessions.stores.interface import FenceLost, Usage
from voice.sessions.stores.sqlite_file import connect, explained

Answers = list[tuple[asyncio.Future[Any], Any]]


@dataclass(slots=True)
class Append:
    """Events of session number `no`, dense from the first one's seq."""

    no: int
    sid: str
    fence: int
    events: Sequence[Event]
    turn: Usage | None
    answer: asyncio.Future[int]


@dataclass(slots=True)
class Job:
    """Something to do in a transaction of its own, or `bare` of one."""

    do: Callable[[sqlite3.Connection], Any]
    answer: asyncio.Future[Any]
    bare: bool = False


_LANDING = """
CREATE TEMP VIEW landing (moves, rows, ledger) AS SELECT NULL, NULL, NULL;
CREATE TEMP TRIGGER land INSTEAD OF INSERT ON landing BEGIN
  UPDATE sessions SET seq = new_end.last FROM (
    SELECT value ->> 0 AS no, value ->> 1 AS fence, value ->> 2 AS before, value ->> 3 AS last FROM json_each(NEW.moves)
  ) AS new_end
  WHERE sessions.no = new_end.no AND sessions.fence = new_end.fence AND sessions.seq = new_end.before;
  SELECT RAISE(ABORT, 'fence lost') WHERE changes() <> json_array_length(NEW.moves);
  INSERT INTO events
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value -> 5 FROM json_each(NEW.rows);
  INSERT OR REPLACE INTO ledger
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
      value ->> 8 FROM json_each(NEW.ledger);
END;
"""
"""A whole commit is one statement: this thread gives the interpreter lock up and takes it back once, not for every row.

With a busy event loop beside it, each time may cost a switch interval of the interpreter (5 ms by default).
"""
_LARGEST_GROUP = 2048


class Writer:
    """Owns the writing connection. `told` is called on the event loop after commits, with the new end of each log.

    Appends wait up to `group_s` seconds for others, on the event loop: waking the thread for every word would cost more
    than writing the word.
    """

    def __init__(self, path: Path, told: Callable[[dict[str, int]], None], *, group_s: float, cache_kib: int) -> None:
        self._path, self._told, self._group_s = path, told, group_s
        self._file = connect(path, cache_kib=cache_kib)
        self._file.executescript(_LANDING)
        self._waiting: list[Append] = []
        self._timer: asyncio.TimerHandle | None = None
        self._queue: queue.SimpleQueue[list[Append] | Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="chat-store", daemon=True)
        self._thread.start()

    def append(self, append: Append, *, at_once: bool) -> None:
        """Log this with the next commit; all is written in the order it came."""
        self._waiting.append(append)
        if at_once or len(self._waiting) >= _LARGEST_GROUP:
            self._hand_over()
        elif self._timer is None:
            self._timer = append.answer.get_loop().call_later(self._group_s, self._hand_over)

    def put(self, job: Job) -> None:
        """Do something between two commits."""
        self._hand_over()
        self._queue.put(job)

    def close(self) -> None:
        """Finish what is queued and close the file; blocks until then."""
        self._queue.put(None)
        self._thread.join()

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            self._queue.put(self._waiting)
            self._waiting = []

    def _run(self) -> None:
        work = self._queue.get()
        while work is not None:
            if isinstance(work, Job):
                self._deliver([(work.answer, self._do(work))])
                work = self._queue.get()
                continue
            appends = work
            work = self._more(appends)
            self._deliver(list(zip((append.answer for append in appends), self._commit(appends), strict=True)), appends)
            work = self._queue.get() if isinstance(work, list) else work
        self._file.close()

    def _more(self, appends: list[Append]) -> list[Append] | Job | None:
        """Add the appends that have come meanwhile; returns what came after them, an empty list if nothing yet."""
        while len(appends) < _LARGEST_GROUP:
            try:
                work = self._queue.get_nowait()
            except queue.Empty:
                break
            if not isinstance(work, list):
                return work
            appends += work
        return []

    def _commit(self, appends: list[Append]) -> list[int | Exception]:
        """Log a group in one transaction. If one of them is to blame for a failure, each is tried by itself."""
        try:
            return self._log(appends)
        except sqlite3.Error as error:
            return [explained(error, self._path)] * len(appends)
        except Exception as error:  # noqa: BLE001 - passed to the waiting caller
            return [self._commit([append])[0] for append in appends] if len(appends) > 1 else [error]

    def _log(self, appends: list[Append]) -> list[int | Exception]:
        moves: dict[int, list[int]] = {}
        rows: list[list[Any]] = []
        ledger: list[list[Any]] = []
        for append in appends:
            first, last = append.events[0].seq, append.events[-1].seq
            move = moves.setdefault(append.no, [append.no, append.fence, first - 1, first - 1])
            if move[1] != append.fence or move[3] != first - 1:
                raise FenceLost(append.sid)
            move[3] = last
            rows += [[append.no, e.seq, e.turn, e.t, e.o, e.d] for e in append.events]
            if append.turn is not None:
                ledger.append([append.no, *astuple(append.turn)])
        values = [
            json.dumps(part, ensure_ascii=False, allow_nan=False) for part in (list(moves.values()), rows, ledger)
        ]
        try:
            self._file.execute("INSERT INTO landing VALUES (?, ?, ?)", values)
        except sqlite3.IntegrityError as error:
            raise FenceLost(appends[0].sid) from error
        return [append.events[-1].seq for append in appends]

    def _do(self, job: Job) -> Any:
        try:
            if job.bare:
                return job.do(self._file)
            with self._transaction():
                return job.do(self._file)
        except sqlite3.Error as error:
            return explained(error, self._path)
        except Exception as error:  # noqa: BLE001 - passed to the waiting caller
            return error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._file.execute("COMMIT")
        except BaseException:
            if self._file.in_transaction:  # some failures, such as a full disk, have rolled back already
                self._file.execute("ROLLBACK")
            raise

    def _deliver(self, answers: Answers, appends: Sequence[Append] = ()) -> None:
        """Give the answers on the event loops they belong to, and tell the watchers what was logged."""
        logged = {append.sid: seq for append, (_, seq) in zip(appends, answers, strict=False) if isinstance(seq, int)}
        for loop in {answer.get_loop() for answer, _ in answers}:
            mine = [(answer, result) for answer, result in answers if answer.get_loop() is loop]
            try:
                loop.call_soon_threadsafe(self._resolve, mine, logged)
            except RuntimeError:
                if not loop.is_closed():  # a program that ended does not wait for its answers
                    raise

    def _resolve(self, answers: Answers, logged: dict[str, int]) -> None:
        for answer, result in answers:
            if answer.cancelled():
                continue
            if isinstance(result, Exception):
                answer.set_exception(result)
            else:
                answer.set_result(result)
        self._told(logged)
