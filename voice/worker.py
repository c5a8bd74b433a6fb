"""Runs a blocking engine on its own thread, and replaces it when it hangs."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Generic, TypeVar

from voice import threads
from voice.clock import working
from voice.errors import EngineError, VoiceError

T = TypeVar("T")
R = TypeVar("R")
_Job = tuple["Callable[[Any], Any]", "Future[Any]"]


class Worker(Generic[T]):
    """One engine on one daemon thread; the end of the process waits for it, but not for ever (`voice/threads.py`).

    `make` builds the engine there, at the first call and again after a call took longer than `patience_s` seconds: a
    thread that hangs cannot be stopped, so it is left behind with its engine, and its late answer goes nowhere.
    """

    def __init__(self, name: str, make: Callable[[], T], *, patience_s: float = 20.0) -> None:
        self.name, self.patience_s = name, patience_s
        self.engine: T | None = None
        """The engine once made, for those of its methods that any thread may call."""
        self._make = make
        self._jobs: queue.SimpleQueue[_Job | None] | None = None

    async def call(self, method: Callable[[T], R], *, patience_s: float | None = None) -> R:
        """Run `method(engine)` on the thread.

        Raises EngineError for whatever goes wrong inside, and for a hang; a VoiceError from there passes as it is.
        """
        answer: Future[R] = Future()
        if self._jobs is None:
            self._jobs = self._start()
        jobs = self._jobs
        jobs.put((method, answer))
        limit_s = self.patience_s if patience_s is None else patience_s
        try:
            with working():
                async with asyncio.timeout(limit_s):
                    return await asyncio.wrap_future(answer)
        except TimeoutError:
            if self._jobs is jobs:  # a call that waited behind the one that hung must not end its successor
                self.close()
            raise EngineError(
                f"{self.name} did not answer within {limit_s:g} s", remedy="it will be restarted"
            ) from None
        except VoiceError:
            raise
        except Exception as error:
            raise EngineError(f"{self.name} failed: {type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Let the thread end, with its engine, after what it is doing; the next call starts another."""
        if self._jobs is not None:
            self._jobs.put(None)
            self._jobs = self.engine = None

    def _start(self) -> queue.SimpleQueue[_Job | None]:
        jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        thread = threading.Thread(target=self._run, args=(jobs,), name=self.name, daemon=True)
        threads.start(thread, partial(jobs.put, None))
        return jobs

    def _run(self, jobs: queue.SimpleQueue[_Job | None]) -> None:
        engine: T | None = None  # this thread's own: a thread left behind must not touch its successor's
        while (job := jobs.get()) is not None:
            method, answer = job
            if answer.set_running_or_notify_cancel():
                try:
                    if engine is None:
                        engine = self._make()
                        if self._jobs is jobs:
                            self.engine = engine
                    answer.set_result(method(engine))
                except BaseException as error:  # noqa: BLE001  the caller gets it, whatever it is
                    answer.set_exception(error)
            del job, method, answer  # else they, and the conversation they belong to, would live until the next
