"""Timers a person asked for: set, cancelled, told how long is left, and rung; time is an argument."""

from __future__ import annotations

from dataclasses import dataclass

from voice.errors import UsageError


@dataclass(frozen=True, slots=True)
class Timer:
    """One timer; rings at `at`, seconds on the caller's clock. `label` is what the person called it, or empty."""

    number: int
    label: str
    seconds: float
    at: float


class Timers:
    """The timers of one conversation, at most `limit`."""

    def __init__(self, limit: int = 32) -> None:
        self._limit = limit
        self._running: list[Timer] = []
        self._number = 0

    def set(self, seconds: float, label: str, now: float) -> Timer:
        """Start a timer. Raises UsageError for a length that is not above 0, or beyond the limit."""
        if not 0 < seconds < float("inf"):
            raise UsageError(f"a timer cannot take {seconds:g} seconds", where="timer", expected="a time above 0")
        if len(self._running) >= self._limit:
            raise UsageError(f"{self._limit} timers are running already", where="timer", remedy="cancel one first")
        self._number += 1
        timer = Timer(self._number, label, seconds, now + seconds)
        self._running.append(timer)
        self._running.sort(key=lambda running: (running.at, running.number))
        return timer

    def cancel(self, label: str = "") -> list[Timer]:
        """Stop the timers called `label`, or all; returns them."""
        gone = [timer for timer in self._running if not label or timer.label == label]
        self._running = [timer for timer in self._running if timer not in gone]
        return gone

    def due(self) -> float | None:
        """When the next timer rings, None when none runs."""
        return self._running[0].at if self._running else None

    def tick(self, now: float) -> list[Timer]:
        """The timers that ring by `now`, earliest first, each once."""
        rung = [timer for timer in self._running if timer.at <= now]
        self._running = [timer for timer in self._running if timer.at > now]
        return rung

    def left(self, now: float) -> list[tuple[str, float]]:
        """Label and seconds left of each running timer, the next to ring first."""
        return [(timer.label, max(0.0, timer.at - now)) for timer in self._running]
