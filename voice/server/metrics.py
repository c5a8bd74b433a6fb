"""What the server counts, in the text format of Prometheus, and when memory is too short for new work."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from voice.sessions.engine import Engine


class ServerMetrics(Collector):
    """Reads the engine's counts when they are asked for, so that counting costs nothing."""

    def __init__(self, engine: Engine, connections: Callable[[], int], memory_bytes: Callable[[], int]) -> None:
        self._engine, self._connections, self._memory_bytes = engine, connections, memory_bytes

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        lives = self._engine.lives
        yield GaugeMetricFamily("voice_sessions_in_memory", "Sessions held in memory", len(lives))
        yield GaugeMetricFamily("voice_turns_running", "Replies being generated", sum(live.running for live in lives))
        yield GaugeMetricFamily("voice_websocket_connections", "Open WebSocket connections", self._connections())
        yield GaugeMetricFamily("voice_resident_memory_bytes", "Resident memory", self._memory_bytes())
        for name, level in sorted(self._engine.parts.levels.items()):
            yield GaugeMetricFamily(f"voice_{name}", name.replace("_", " "), level)
        slots = self._engine.parts.slots
        yield GaugeMetricFamily("voice_turns_waiting", "Turns waiting for the model server", slots.admission.waiting)
        yield CounterMetricFamily("voice_shed", "Requests refused because the server was full", slots.shed)
        state = ("closed", "half open", "open").index(slots.breaker.state)
        yield GaugeMetricFamily(
            "voice_breaker_state", "Circuit breaker of the model server: 0 closed, 1 half-open, 2 open", state
        )
        yield CounterMetricFamily("voice_breaker_openings", "Times the circuit breaker opened",
                                  slots.breaker.opened)  # fmt: skip
        turns = CounterMetricFamily("voice_turns", "Turns by how they ended", labels=["end"])
        for name, count in sorted(self._engine.parts.counts.items()):
            if name.startswith("turns_"):
                turns.add_metric([name.removeprefix("turns_")], count)
            else:
                yield CounterMetricFamily(f"voice_{name}", name.replace("_", " "), count)
        yield turns


def text(figures: ServerMetrics) -> bytes:
    """All figures now."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(figures)
    return generate_latest(registry)


LOOK_S = 0.25
CGROUP = Path("/sys/fs/cgroup/memory.max")


class Pressure:
    """Says why nothing new should be taken. `most_mib` 0 is three quarters of the machine's or the container's memory.

    `clock` gives seconds that only grow. Where the system does not tell a process its size, nothing is ever refused.
    """

    def __init__(self, most_mib: int, clock: Callable[[], float]) -> None:
        self._most = most_mib * 1024 * 1024 or available_bytes() * 3 // 4
        self._clock = clock
        self._looked, self._used = float("-inf"), 0

    def __call__(self) -> str:
        """Why nothing new should be taken, "" where it may."""
        if self.used_bytes() <= self._most:
            return ""
        return f"{self._used >> 20} MiB of memory are in use; new work is accepted up to {self._most >> 20} MiB"

    def used_bytes(self) -> int:
        """Resident memory, at most a quarter of a second old."""
        now = self._clock()
        if now - self._looked >= LOOK_S:
            self._looked, self._used = now, resident_bytes()
        return self._used


def resident_bytes() -> int:
    """Resident memory of this process; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def available_bytes() -> int:
    """The machine's memory, or what its container may use of it."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        allowed = CGROUP.read_text().strip()
    except OSError:
        return machine
    return min(machine, int(allowed)) if allowed.isdigit() else machine
