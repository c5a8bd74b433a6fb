"""Timers a person asked for: set, cancelled, asked about, and rung. Time is an argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from voice.clock import Alarms
from voice.conversation.observer import Notice, Observer
from voice.errors import UsageError, VoiceError
from voice.llm.interface import Effect


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


class TimerRinger:
    """Carries out the effects of replies; `rings` is given each timer when its time has come."""

    def __init__(self, timers: Timers, alarms: Alarms, observer: Observer, rings: Callable[[Timer], None]) -> None:
        self._timers, self._alarms, self._observer, self._rings = timers, alarms, observer, rings

    def act(self, effect: Effect, now: float) -> None:
        """Do what a committed reply asked for; what cannot be done is said."""
        if effect.kind == "timer.set":
            seconds, label = effect.data.get("seconds"), effect.data.get("label", "")
            try:
                self._timers.set(float(str(seconds)), str(label), now)
            except (VoiceError, ValueError) as error:
                self._observer(Notice(f"the timer was not set: {error}", "warning"))
        elif effect.kind == "timer.cancel":
            self._timers.cancel(str(effect.data.get("label", "")))
        else:
            self._observer(Notice(f"the reply asked for {effect.kind}, which nothing here can do", "warning"))
        self._alarms.set("timers", self._timers.due(), self._ring)

    def _ring(self, now: float) -> None:
        for timer in self._timers.tick(now):
            self._rings(timer)
        self._alarms.set("timers", self._timers.due(), self._ring)
