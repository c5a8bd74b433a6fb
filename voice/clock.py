"""Virtual time: an event loop whose clock jumps to the next timer as soon as nothing is left to do.

Tests run long conversations in milliseconds with it, and `voice talk --fast` a recording as fast as the engines allow.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):
    """Where a real loop would sleep until its next timer, time jumps there instead, unless real work is under way."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.holds = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or (timeout > 0 and self.holds):
            # Nothing is scheduled, or a thread or server is working: its answer arrives as a real I/O event.
            return list(super().select(None))
        ready = list(super().select(0))
        if not ready and timeout > 0:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time, starting at 0 seconds; `working()` makes time stand still around real work."""

    def __init__(self) -> None:
        self.jumping = _JumpingSelector()
        super().__init__(self.jumping)

    def time(self) -> float:
        return self.jumping.now


@contextmanager
def working() -> Iterator[None]:
    """Mark work done outside the event loop (a thread, a server): virtual time waits for it; free on a real loop."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualLoop):
        yield
        return
    loop.jumping.holds += 1
    try:
        yield
    finally:
        loop.jumping.holds -= 1


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on virtual time, as `asyncio.run` does on real time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
