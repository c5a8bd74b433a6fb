"""Timers, alarms and reminders of a conversation: what a reply asks for is done, and what is due rings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from voice.clock import Alarms
from voice.conversation.observer import Notice, Observer
from voice.errors import VoiceError
from voice.llm.builtin.timer_choice import choose
from voice.llm.builtin.timer_list import Timer, Timers
from voice.llm.interface import Effect
from voice.text.speakable import language_of


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
                self._observer(Notice(f"the reply requested {effect.kind}, which is not available", "warning"))
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
