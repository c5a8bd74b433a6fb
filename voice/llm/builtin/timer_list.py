"""The timers, alarms and reminders of one conversation. Time is an argument."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from voice.errors import UsageError
from voice.llm.builtin.repeats import Repeat

Kind = Literal["timer", "alarm", "reminder"]
KINDS: tuple[Kind, ...] = get_args(Kind)

SNOOZED_WITHIN_S = 1800.0
"""How long after it rang a timer can be snoozed."""


@dataclass(frozen=True, slots=True)
class Timer:
    """One timer; rings at `at`, seconds on the caller's clock.

    `label` is what the person called it, or what to be reminded of, or empty; `seconds` how long it takes in all.
    `wall` is when it rings as a time on the wall, seconds since 1970, where the caller keeps one; `repeat` the days on
    which it rings again.
    """

    number: int
    label: str
    seconds: float
    at: float
    kind: Kind = "timer"
    wall: float | None = None
    repeat: Repeat | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A timer that runs, with the seconds that are `left`; below 0 it has rung just now. The rest as in Timer."""

    label: str
    left: float
    seconds: float = 0.0
    number: int = 0
    kind: Kind = "timer"
    repeat: Repeat | None = None


class Timers:
    """The timers of one conversation, at most `limit`."""

    def __init__(self, limit: int = 32) -> None:
        self._limit = limit
        self._running: list[Timer] = []
        self._rung: list[Timer] = []
        self._number = 0
        self._watchers: dict[Callable[[Sequence[Timer]], None], None] = {}

    def watch(self, changed: Callable[[Sequence[Timer]], None]) -> Callable[[], None]:
        """Have `changed` called at each change, with the timers that ring at it; returns what ends that."""
        self._watchers[changed] = None
        return lambda: self._watchers.pop(changed, None)

    @property
    def all(self) -> tuple[Timer, ...]:
        """Those that run, in the order in which they ring."""
        return tuple(self._running)

    def set(
        self,
        seconds: float,
        label: str,
        now: float,
        kind: Kind = "timer",
        *,
        wall: float | None = None,
        repeat: Repeat | None = None,
        whole: float | None = None,
    ) -> Timer:
        """Start a timer; `wall` is the time on the wall now, `whole` how long it takes if a part of that is over.

        Raises UsageError for a length that is not above 0, or beyond the limit.
        """
        _check(seconds)
        if len(self._running) >= self._limit:
            raise UsageError(f"{self._limit} timers are running already", where="timer", remedy="cancel one first")
        self._number += 1
        rings = None if wall is None else wall + seconds
        timer = Timer(self._number, label, whole or seconds, now + seconds, kind, rings, repeat)
        self._keep([*self._running, timer])
        return timer

    def cancel(self, numbers: Collection[int] | None = None) -> list[Timer]:
        """Stop the timers of these numbers, without numbers all; returns them, and touches no other."""
        gone = [timer for timer in self._running if numbers is None or timer.number in numbers]
        self._keep([timer for timer in self._running if timer not in gone])
        return gone

    def change(self, number: int, by: float, now: float, repeat: Repeat | None = None) -> Timer | None:
        """Let a timer ring `by` seconds later, or earlier; None if it does not run. `repeat` replaces its own.

        Raises UsageError where nothing would be left of it.
        """
        timer = next((timer for timer in self._running if timer.number == number), None)
        if timer is None:
            return None
        _check(timer.at + by - now)
        wall = None if timer.wall is None else timer.wall + by
        changed = replace(timer, seconds=timer.seconds + by, at=timer.at + by, wall=wall, repeat=repeat or timer.repeat)
        self._keep([changed if other is timer else other for other in self._running])
        return changed

    def snooze(self, seconds: float, now: float, wall: float | None = None) -> Timer:
        """Let what rang last ring again after `seconds`. Raises UsageError where nothing rang lately."""
        if not (rung := self._lately(now)):
            raise UsageError("nothing has rung lately", where="timer")
        self._rung.remove(rung[-1])
        return self.set(seconds, rung[-1].label, now, rung[-1].kind, wall=wall)

    def follow(self, now: float, wall: float) -> None:
        """Let alarms and reminders ring by the clock on the wall, where that was set or the machine slept."""
        self._keep(
            [
                timer if timer.wall is None or timer.kind == "timer" else replace(timer, at=now + timer.wall - wall)
                for timer in self._running
            ]
        )

    def due(self) -> float | None:
        """When the next timer rings, None when none runs."""
        return self._running[0].at if self._running else None

    def tick(self, now: float) -> list[Timer]:
        """The timers that ring by `now`, earliest first, each once."""
        rung = [timer for timer in self._running if timer.at <= now]
        if rung:
            self._rung = [*self._lately(now), *(replace(timer, at=now) for timer in rung)]
            self._keep([timer for timer in self._running if timer.at > now], rung)
        return rung

    def running(self, now: float) -> list[Running]:
        """The timers that run, in the order they were set: the first and the second are what a person calls so."""
        return [_seen(timer, max(0.0, timer.at - now)) for timer in sorted(self._running, key=lambda one: one.number)]

    def seen(self, now: float) -> list[Running]:
        """The timers that run, and behind them the one that rang last and can be snoozed, if there is one."""
        return [*self.running(now), *(_seen(timer, min(-1.0, timer.at - now)) for timer in self._lately(now)[-1:])]

    def _lately(self, now: float) -> list[Timer]:
        return [timer for timer in self._rung if now - timer.at <= SNOOZED_WITHIN_S]

    def _keep(self, timers: list[Timer], rung: Sequence[Timer] = ()) -> None:
        self._running = sorted(timers, key=lambda timer: (timer.at, timer.number))
        for changed in tuple(self._watchers):
            changed(rung)


def _seen(timer: Timer, left: float) -> Running:
    return Running(timer.label, left, timer.seconds, timer.number, timer.kind, timer.repeat)


def _check(seconds: float) -> None:
    if not 0 < seconds < float("inf"):
        raise UsageError(f"invalid timer length: {seconds:g} seconds", where="timer", expected="a time above 0")
