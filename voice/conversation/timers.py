"""Timers, alarms and reminders a person asked for: set, changed, cancelled, told how long is left, and rung.

Time is an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from voice.clock import Alarms
from voice.conversation.observer import Notice, Observer
from voice.errors import UsageError, VoiceError
from voice.llm.builtin.timer_choice import choose
from voice.sessions.interface import Effect
from voice.text.speakable import language_of

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
        raise UsageError(f"a timer cannot take {seconds:g} seconds", where="timer", expected="a time above 0")


class TimerRinger:
    """Carries out the effects of replies; `rings` is given each timer when its time has come."""

    def __init__(self, timers: Timers, alarms: Alarms, observer: Observer, rings: Callable[[Timer], None]) -> None:
        self._timers, self._alarms, self._observer, self._rings = timers, alarms, observer, rings

    def act(self, effect: Effect, now: float) -> None:
        """Do what a committed reply asked for; what cannot be done is said."""
        try:
            if effect.kind == "timer.set":
                self._set(effect.data, now)
            elif effect.kind == "timer.cancel":
                self._timers.cancel(self._meant(effect.data, now))
            elif effect.kind == "timer.change":
                for number in self._meant(effect.data, now):
                    self._timers.change(number, float(str(effect.data.get("by"))), now)
            else:
                self._observer(Notice(f"the reply asked for {effect.kind}, which nothing here can do", "warning"))
        except (VoiceError, ValueError) as error:
            self._observer(Notice(f"{effect.kind} was not done: {error}", "warning"))
        self._alarms.set("timers", self._timers.due(), self._ring)

    def _set(self, data: Mapping[str, object], now: float) -> None:
        kind = data.get("kind", "timer")
        if kind not in ("timer", "alarm", "reminder"):
            raise ValueError(f"no such kind of timer: {kind}")
        self._timers.set(float(str(data.get("seconds"))), str(data.get("label", "")), now, kind)

    def _meant(self, data: Mapping[str, object], now: float) -> list[int]:
        """The numbers of the timers an effect is for; one from a server that cannot see them says `which` in words."""
        if "number" in data:
            return [int(str(data["number"]))]
        if isinstance(numbers := data.get("numbers"), list | tuple):
            return [int(str(number)) for number in numbers]
        which = str(data.get("which", ""))
        chosen = choose(which, self._timers.running(now), None, chinese=language_of(which) == "zh")
        if not chosen:
            raise ValueError("no timer is meant for certain, so none was touched")
        return [timer.number for timer in chosen]

    def _ring(self, now: float) -> None:
        for timer in self._timers.tick(now):
            self._rings(timer)
        self._alarms.set("timers", self._timers.due(), self._ring)
