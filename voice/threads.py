"""Threads that run engines, which must end before the interpreter does."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable

PATIENCE_S = 10.0
"""How long the end of a program waits for engines: what they do last cannot be cancelled, but is short."""


def spare_for_engines() -> None:
    """Keep numpy's matrices to one thread; before numpy is imported, or without effect.

    Its second thread turns idle rounds for a while after each product, and takes a core from the recognizer that
    comes right after: Whisper's reading takes 40 ms longer on two cores. An owner's own setting is kept.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


_running: dict[threading.Thread, Callable[[], object]] = {}


def start(thread: threading.Thread, end: Callable[[], object]) -> None:
    """Start a daemon thread that `end_all` asks to stop after its current work."""
    if not _running:
        # Now, not at import: hooks run in reverse order, so this one comes after those of the libraries in use.
        atexit.unregister(end_all)
        atexit.register(end_all)
    for over in [known for known in list(_running) if not known.is_alive()]:
        _running.pop(over, None)
    thread.start()
    _running[thread] = end


def end_all(within_s: float = PATIENCE_S) -> bool:
    """Ask every thread to stop and wait; whether all have ended. For the end of the process only."""
    deadline = time.monotonic() + within_s
    threads = dict(_running)
    for end in threads.values():
        end()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)
