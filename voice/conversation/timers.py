"""Timers, alarms and reminders of a conversation: what a reply asks for is done, and what is due rings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from voice.clock import Alarms
from voice.conversation.observer import Notice, Observer
from voice.errors import VoiceError
from voice.llm.builtin.repeats import Repeat
from voice.llm.builtin.timer_choice import choose
from voice.llm.builtin.timer_list import KINDS, Timer, Timers
from voice.llm.interface import Effect
from voice.text.speakable import language_of

LOOKS_S = 20.0
"""How often the clock on the wall is looked at: it may be set, and a machine that slept lags behind it."""

LATE_S = 60.0
"""A timer that came due longer ago, while no one was there, is reported as missed and does not ring."""


class KeptTimers(Protocol):
    """Where timers outlast the process."""

    def load(self) -> list[Timer]:
        """The timers that were kept, each with `wall`. Raises VoiceError."""
        ...

    def save(self, timers: Iterable[Timer]) -> None:
        """Replace what is kept. Raises VoiceError."""
        ...


class TimerRinger:
    """Carries out the effects of replies; `rings` is given each timer when its time has come.

    Several may share `timers`, as the pages that a person has open: what is set by one rings at all of them.
    `kept` are the timers that outlast the process, which need `wall`, seconds since 1970 on the wall; without it the
    time goes as the clock of `alarms` does.
    """

    def __init__(
        self,
        timers: Timers,
        alarms: Alarms,
        observer: Observer,
        rings: Callable[[Timer], None],
        kept: KeptTimers | None = None,
        wall: Callable[[], float] | None = None,
    ) -> None:
        self._timers, self._alarms, self._observer, self._rings = timers, alarms, observer, rings
        self._kept, self._wall = kept, wall
        self._leave: Callable[[], None] = lambda: None

    def begin(self, now: float) -> list[Timer]:
        """Ring from now on, those that were kept too; returns those that came due meanwhile, earliest first."""
        missed = []
        if self._wall is not None:
            wall = self._wall()
            missed = self._timers.tick(now - LATE_S) if self._timers.all else self._load(now, wall)
            for timer in missed:
                self._again(timer, now, wall)
        self._leave = self._timers.watch(self._changed)
        self._save()
        self._arm(now)
        return missed

    def close(self) -> None:
        """Ring no more; the timers stay."""
        self._leave()
        self._alarms.set("timers", None, self._ring)

    def _load(self, now: float, wall: float) -> list[Timer]:
        """Let the timers run that were kept; returns those that came due."""
        missed: list[Timer] = []
        try:
            kept = self._kept.load() if self._kept is not None else []
            for timer in sorted(kept, key=lambda timer: timer.wall or 0.0):
                left = (timer.wall or 0.0) - wall
                if left <= 0:
                    missed.append(timer)
                else:
                    self._timers.set(
                        left, timer.label, now, timer.kind, wall=wall, repeat=timer.repeat, whole=timer.seconds
                    )
        except VoiceError as error:
            self._observer(Notice(str(error), "warning"))
        return missed

    def act(self, effect: Effect, now: float) -> None:
        """Do what a committed reply asked for; what cannot be done is said."""
        data = effect.data
        try:
            if effect.kind == "timer.set":
                self._set(data, now)
            elif effect.kind == "timer.cancel":
                self._timers.cancel(self._meant(data, now))
            elif effect.kind == "timer.change":
                for number in self._meant(data, now):
                    self._timers.change(number, float(str(data.get("by"))), now, Repeat.read(data.get("repeat")))
            elif effect.kind == "timer.snooze":
                self._timers.snooze(float(str(data.get("seconds"))), now, self._wall and self._wall())
            else:
                self._observer(Notice(f"the reply requested {effect.kind}, which is not available", "warning"))
        except (VoiceError, ValueError) as error:
            self._observer(Notice(f"{effect.kind} was not done: {error}", "warning"))
        self._save()

    def _set(self, data: Mapping[str, object], now: float) -> None:
        kind = next((known for known in KINDS if known == data.get("kind", "timer")), None)
        if kind is None:
            raise ValueError(f"no such kind of timer: {data.get('kind')}")
        seconds, label = float(str(data.get("seconds"))), str(data.get("label", ""))
        wall, repeat = self._wall and self._wall(), Repeat.read(data.get("repeat"))
        self._timers.set(seconds, label, now, kind, wall=wall, repeat=repeat)

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
        if self._wall is not None:
            self._timers.follow(now, self._wall())
        rung = self._timers.tick(now)
        for timer in rung:
            self._again(timer, now, self._wall() if self._wall is not None else None)
        if rung:
            self._save()
        self._arm(now)

    def _changed(self, rung: Sequence[Timer]) -> None:
        for timer in rung:
            self._rings(timer)
        self._arm(self._alarms.now)

    def _again(self, timer: Timer, now: float, wall: float | None) -> None:
        """Set a timer that repeats for its next day."""
        if timer.repeat is not None:
            local = datetime.fromtimestamp(wall) if wall is not None else datetime.now()
            seconds = timer.repeat.after(local).timestamp() - local.timestamp()
            self._timers.set(seconds, timer.label, now, timer.kind, wall=wall, repeat=timer.repeat)

    def _save(self) -> None:
        if self._kept is not None:
            try:
                self._kept.save(self._timers.all)
            except VoiceError as error:
                self._observer(Notice(str(error), "warning"))

    def _arm(self, now: float) -> None:
        due = self._timers.due()
        if due is not None and self._wall is not None and any(timer.kind != "timer" for timer in self._timers.all):
            due = min(due, now + LOOKS_S)
        self._alarms.set("timers", due, self._ring)
