"""The timers, alarms and reminders of one conversation. Time is an argument."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from voice.errors import UsageError

Kind = Literal["timer", "alarm", "reminder"]


@dataclass(frozen=True, slots=True)
class Timer:
    """One timer; rings at `at`, seconds on the caller's clock.

    `label` is what the person called it, or what to be reminded of, or empty; `seconds` how long it takes in all.
    """

    number: int
    label: str
    seconds: float
    at: float
    kind: Kind = "timer"


@dataclass(frozen=True, slots=True)
class Running:
    """A timer that runs, with the seconds that are `left`; the rest as in Timer."""

    label: str
    left: float
    seconds: float = 0.0
    number: int = 0
    kind: Kind = "timer"


class Timers:
    """The timers of one conversation, at most `limit`."""

    def __init__(self, limit: int = 32) -> None:
        self._limit = limit
        self._running: list[Timer] = []
        self._number = 0

    def set(self, seconds: float, label: str, now: float, kind: Kind = "timer") -> Timer:
        """Start a timer. Raises UsageError for a length that is not above 0, or beyond the limit."""
        _check(seconds)
        if len(self._running) >= self._limit:
            raise UsageError(f"{self._limit} timers are running already", where="timer", remedy="cancel one first")
        self._number += 1
        timer = Timer(self._number, label, seconds, now + seconds, kind)
        self._keep([*self._running, timer])
        return timer

    def cancel(self, numbers: Collection[int] | None = None) -> list[Timer]:
        """Stop the timers of these numbers, without numbers all; returns them, and touches no other."""
        gone = [timer for timer in self._running if numbers is None or timer.number in numbers]
        self._keep([timer for timer in self._running if timer not in gone])
        return gone

    def change(self, number: int, by: float, now: float) -> Timer | None:
        """Let a timer ring `by` seconds later, or earlier; None if it does not run.

        Raises UsageError where nothing would be left of it.
        """
        timer = next((timer for timer in self._running if timer.number == number), None)
        if timer is None:
            return None
        _check(timer.at + by - now)
        changed = replace(timer, seconds=timer.seconds + by, at=timer.at + by)
        self._keep([changed if other is timer else other for other in self._running])
        return changed

    def due(self) -> float | None:
        """When the next timer rings, None when none runs."""
        return self._running[0].at if self._running else None

    def tick(self, now: float) -> list[Timer]:
        """The timers that ring by `now`, earliest first, each once."""
        rung = [timer for timer in self._running if timer.at <= now]
        self._running = [timer for timer in self._running if timer.at > now]
        return rung

    def running(self, now: float) -> list[Running]:
        """The timers that run, in the order they were set: the first and the second are what a person calls so."""
        return [
            Running(timer.label, max(0.0, timer.at - now), timer.seconds, timer.number, timer.kind)
            for timer in sorted(self._running, key=lambda timer: timer.number)
        ]

    def _keep(self, timers: list[Timer]) -> None:
        self._running = sorted(timers, key=lambda timer: (timer.at, timer.number))


def _check(seconds: float) -> None:
    if not 0 < seconds < float("inf"):
        raise UsageError(f"invalid timer length: {seconds:g} seconds", where="timer", expected="a time above 0")
