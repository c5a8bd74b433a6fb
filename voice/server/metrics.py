"""What the server counts, in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from voice.sessions.engine import Engine


class Figures(Collector):
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
        yield GaugeMetricFamily("voice_breaker_state", "Model server: 0 in use, 1 being tried, 2 given a rest", state)
        yield CounterMetricFamily("voice_breaker_openings", "Times the model server was given a rest",
                                  slots.breaker.opened)  # fmt: skip
        turns = CounterMetricFamily("voice_turns", "Turns by how they ended", labels=["end"])
        for name, count in sorted(self._engine.parts.counts.items()):
            if name.startswith("turns_"):
                turns.add_metric([name.removeprefix("turns_")], count)
            else:
                yield CounterMetricFamily(f"voice_{name}", name.replace("_", " "), count)
        yield turns


def text(figures: Figures) -> bytes:
    """All figures now."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(figures)
    return generate_latest(registry)
