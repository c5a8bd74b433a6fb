"""Virtual time: an event loop whose clock jumps to the next timer as soon as nothing is left to do.

Tests run long conversations in milliseconds with it, and `voice talk --fast` a recording as fast as the engines allow.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):
    """Where a real loop would sleep until its next timer, time jumps there instead, unless real work is under way."""

    def __init__(self, frozen: bool) -> None:
        super().__init__()
        self.now = 0.0
        self.holds = 0
        self._frozen = frozen

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return list(super().select(0))
        if timeout is not None and not self.holds:
            ready = list(super().select(0))
            if not ready:
                self.now += timeout
            return ready
        began = time.perf_counter()
        ready = list(super().select(None if self._frozen else timeout))
        if not self._frozen:
            took = time.perf_counter() - began
            self.now += took if timeout is None else min(timeout, took)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time, from 0 seconds on. Around real work, marked by `working()`, time does not jump.

    There it runs in real time, or stops if `frozen`, so that a test does not depend on an engine's speed.
    """

    def __init__(self, frozen: bool = False) -> None:
        self.jumping = _JumpingSelector(frozen)
        super().__init__(self.jumping)

    def time(self) -> float:
        return self.jumping.now


@contextmanager
def working() -> Iterator[None]:
    """Mark work done outside the event loop (a thread, a server), which virtual time must not jump over."""
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
    """Run a coroutine to its end on frozen virtual time, as `asyncio.run` does in real time."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(frozen=True)) as runner:
        return runner.run(main)


class Alarms:
    """Timers by name; each rings at most once for each time it was set to."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._armed: dict[str, asyncio.TimerHandle] = {}

    @property
    def now(self) -> float:
        """The time of its loop."""
        return self._loop.time()

    def set(self, name: str, due: float | None, ring: Callable[[float], None]) -> None:
        """Ring at `due`, or not at all; the time `ring` is given is not before `due`, as the clock may be by a hair."""
        armed = self._armed.get(name)
        if armed is not None:
            if armed.when() == due:
                return
            armed.cancel()
            del self._armed[name]
        if due is not None:
            self._armed[name] = self._loop.call_at(due, self._rings, name, due, ring)

    def cancel(self) -> None:
        """Cancel all of them."""
        for armed in self._armed.values():
            armed.cancel()
        self._armed.clear()

    def _rings(self, name: str, due: float, ring: Callable[[float], None]) -> None:
        del self._armed[name]
        ring(max(due, self._loop.time()))
