"""What a reply wants done besides being spoken: timers, set when the turn counts and rung when they are due."""

from __future__ import annotations

from collections.abc import Callable

from voice.alarms import Alarms
from voice.conversation.observer import Notice, Observer
from voice.conversation.timers import Timer, Timers
from voice.errors import VoiceError
from voice.sessions.interface import Effect


class Ringing:
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
