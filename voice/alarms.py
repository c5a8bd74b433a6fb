"""One timer of the event loop per name, set to whatever is due next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarms:
    """Timers by name; each rings at most once for each time it was set to."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._armed: dict[str, asyncio.TimerHandle] = {}

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
        """Set all of them off the clock."""
        for armed in self._armed.values():
            armed.cancel()
        self._armed.clear()

    def _rings(self, name: str, due: float, ring: Callable[[float], None]) -> None:
        del self._armed[name]
        ring(max(due, self._loop.time()))
