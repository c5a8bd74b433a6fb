"""What all parts of the server share: the engine, access control and a monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from voice.server.access import Access
from voice.server.metrics import Pressure
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine import FOREVER, Engine
from voice.settings.serving import ServeSettings


class Service:
    """`wall_s` is read once; from there on time is counted, so that moving the clock ends nothing early."""

    def __init__(self, engine: Engine, settings: ServeSettings, wall_s: Callable[[], float] = time.time) -> None:
        self.engine, self.settings = engine, settings
        self._ahead: float | None = None
        self._wall_s = wall_s
        self.access = Access(engine, settings, self.now_s)
        self.pressure = Pressure(settings.memory_mb, engine.parts.clock)
        engine.parts.slots.overfull = self.pressure

    def now_s(self) -> float:
        """Seconds since 1970 by the steady clock."""
        now = self.engine.parts.clock()
        if self._ahead is None:
            self._ahead = self._wall_s() - now
        return now + self._ahead

    def at(self, left_s: float) -> str:
        """The moment in `left_s` seconds, ISO 8601 in UTC."""
        return datetime.fromtimestamp(self.now_s() + left_s, UTC).isoformat(timespec="seconds")

    def expires_at(self, live: ActiveSession) -> str | None:
        """When a session expires if nothing more is heard of it; None for one that does not."""
        left = self.engine.left_s(live)
        return None if left == FOREVER else self.at(left)
