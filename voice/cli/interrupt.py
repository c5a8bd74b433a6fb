"""Ctrl-C: the coroutine of a command is cancelled and cleans up; a second one leaves at once.

A file of its own, since help must not import asyncio.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from voice.cli.group import INTERRUPTED

T = TypeVar("T")
GRACE_S = 0.9
"""How long cleaning up may take after the first Ctrl-C."""


def run(main: Coroutine[Any, Any, T], loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None) -> T:
    """Run a coroutine to its end; SIGINT and SIGTERM cancel it and raise KeyboardInterrupt here."""
    interrupted = False

    async def guarded() -> T:
        task = asyncio.current_task()
        assert task is not None

        def stop() -> None:
            nonlocal interrupted
            if interrupted:
                _leave()
            interrupted = True
            last_resort = threading.Timer(GRACE_S, _leave)
            last_resort.daemon = True
            last_resort.start()
            task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        return await main

    before = signal.getsignal(signal.SIGTERM)
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            return runner.run(guarded())
    except asyncio.CancelledError:
        if interrupted:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)  # closing the loop restored the default handler, which kills


def _leave() -> None:
    """Exit at once, since a thread inside a C library cannot be stopped, and restore the cursor."""
    if sys.stdout.isatty():
        os.write(sys.stdout.fileno(), b"\x1b[?25h\n")
    os._exit(INTERRUPTED)
