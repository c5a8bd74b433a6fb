"""Someone speaks over us: a person has words, a noise has none, and the echo of the reply has its words."""

from __future__ import annotations

from voice.turn import events as ev
from voice.turn.events import Action
from voice.turn.floor import Floor
from voice.turn.state import Overlap, State

ECHO_ALARM = 2
"""A reply that was held for its own echo will be again: it counts as so many false alarms."""


class OverReply(Floor):
    """What the machine does while a reply is heard, or held because of a sound over it."""

    __slots__ = ()

    def _pause(self, event: ev.SpeechStarted, now: float) -> list[Action]:
        """Hold the reply until it is known whether that is a person; after false alarms, only listen beneath it."""
        if not self.policy.barge_in:
            return []
        pause: list[Action] = []
        if self.alarms < self.policy.most_alarms:
            self.state, pause = State.PAUSED, [ev.Pause(self._turn.number)]
        if self.over is not None:  # they go on, and what they said before is not known yet
            self._over_goes_on(event, now)
            return pause
        self.over = self._new(event.at)
        self.over.overlaps = True
        return [*pause, ev.Listen(self.over.number, event.at, over_reply=True)]

    def _over_words(self, event: ev.WordsHeard, now: float) -> list[Action]:
        if self.over is None or event.turn != self.over.number:
            return []
        self.over.text = event.text
        if self._is_words(event.text):
            return self._interrupt(now)
        echo = self.state is State.PAUSED and bool(event.text) and self.policy.overlap(event.text) is Overlap.ECHO
        return self._go_on_speaking(ECHO_ALARM) if echo else []

    def _over_stops(self, event: ev.SpeechStopped, now: float) -> list[Action]:
        if self.over is not None:
            self.over.stop(event.at)
        return []

    def _over_goes_on(self, event: ev.SpeechStarted, now: float) -> list[Action]:
        if self._over.stopped is not None:
            self._over.grow()
            self._over.resumed = event.at
        return []

    def _over_frame(self, event: ev.FrameHeard, now: float) -> list[Action]:
        """While the reply is held: ask what was said once they stop, or once it is long enough to be words."""
        over = self._over
        waited_s = now - max(over.started, over.resumed)
        speaking = over.stopped is None
        late = waited_s >= self.policy.resume_after_s
        if speaking and self.policy.by_name:  # others who go on talking are not waited for
            return self._resume() if late else []
        if not over.asked:
            return self._ask_over() if not speaking or waited_s >= self.policy.enough_speech_s else []
        return self._go_on_speaking() if late else []  # the recognizer takes long: its words may still interrupt

    def _beneath_frame(self, event: ev.FrameHeard, now: float) -> list[Action]:
        """While the reply goes on over them: what they said is asked for when they stop."""
        over = self.over
        return self._ask_over() if over is not None and over.stopped is not None and not over.asked else []

    def _ask_over(self) -> list[Action]:
        self._over.asked = True
        return [ev.Transcribe(self._over.number, self._over.revision)]

    def _over_transcribed(self, event: ev.Transcribed, now: float) -> list[Action]:
        if event.turn == self._turn.number:
            return []
        over, ended = self._over, self._over.stopped is not None
        if ended:
            over.transcript = event.text
        else:  # they go on: so far these are a partial
            over.text, over.asked = event.text, False
        if self._is_words(event.text):
            return self._interrupt(now)
        echo = bool(event.text) and self.policy.overlap(event.text) is Overlap.ECHO
        alarm = ECHO_ALARM if echo else 1
        return self._resume(alarm) if ended else self._go_on_speaking(alarm)

    def _over_failed(self, event: ev.StageFailed, now: float) -> list[Action]:
        return self._fail(event, now) if event.turn == self._turn.number else self._resume()

    def _over_lost(self, event: ev.MicrophoneLost, now: float) -> list[Action]:
        if self.over is None:
            return []
        return self._interrupt(now) if self._is_words(self.over.words) else self._resume()

    def _played_out(self, event: ev.Drained, now: float) -> list[Action]:
        self.alarms, self.spoke_until = max(0, self.alarms - 1), now
        return self._finish(self._turn.outcome)

    def _go_on_speaking(self, alarm: int = 0) -> list[Action]:
        """The reply goes on where it was held, while whatever sounds is listened to beneath it."""
        self.alarms = min(self.alarms + alarm, 2 * self.policy.most_alarms)
        held, self.state = self.state is State.PAUSED, State.SPEAKING
        return [ev.Resume(self._turn.number)] if held else []

    def _resume(self, alarm: int = 0) -> list[Action]:
        """No one spoke: the reply goes on, if it was held, and what was heard is forgotten."""
        return self._leave_over() + self._go_on_speaking(alarm)
