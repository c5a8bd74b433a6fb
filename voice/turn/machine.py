"""The turn machine: whose turn it is, decided by a table. Events and the time go in, actions come out.

It holds no clock, no thread and no task. `due()` says when `tick(now)` wants to run; nothing else is timed here,
because silence is counted from the audio that arrives.
"""

from __future__ import annotations

from collections.abc import Callable

from voice.turn import events as ev
from voice.turn.events import Action, Event, Outcome
from voice.turn.over_reply import OverReply
from voice.turn.state import State


class IllegalEvent(Exception):
    """An event that cannot happen in this state reached the machine: a defect of the driver."""


class TurnMachine(OverReply):
    """See the module. `receive` and `tick` return what to do, in order."""

    __slots__ = ()

    def receive(self, event: Event, now: float) -> list[Action]:
        """Take an event; raises IllegalEvent if it cannot happen in this state. Late ones are dropped."""
        if self._late(event):
            return []
        handler = TABLE[self.state].get(type(event))
        if handler is None:
            raise IllegalEvent(f"{type(event).__name__} while {self.state}")
        actions = handler(self, event, now)
        if self.state is State.IDLE and self._waiting:
            actions += self._open_for(self._waiting.popleft(), now)
        return actions

    def due(self) -> float | None:
        """When `tick` is wanted next, seconds; None when nothing is timed."""
        times = [at for at in (self._filler_due(), self._tool_due()) if at is not None]
        return min(times, default=None)

    def _filler_due(self) -> float | None:
        turn = self.turn
        waits = self.state is State.THINKING and turn and turn.decided is not None and not turn.filled
        return turn.decided + self.policy.filler_s if waits and turn and turn.decided and self.policy.filler_s else None

    def _tool_due(self) -> float | None:
        """When the person has waited for a tool so long that there has to be a sound."""
        turn = self.turn
        if turn is None or turn.decided is None or not turn.tools or not self.policy.bridge_s:
            return None
        if self.state not in (State.THINKING, State.SPEAKING):
            return None
        if not turn.bridged:
            return max(turn.decided, turn.tool_since) + self.policy.bridge_s
        return max(turn.sounded, turn.tool_since) + self.policy.sound_every_s

    def tick(self, now: float) -> list[Action]:
        """Do what is due; harmless when nothing is."""
        due = self.due()
        if due is None or now < due:
            return []
        turn = self._turn
        filler, tool = self._filler_due(), self._tool_due()
        if filler is not None and now >= filler:
            turn.filled = True
        if tool is None or now < tool:
            return [ev.Filler(turn.number)]
        turn.sounded, bridged, turn.bridged, turn.filled = now, turn.bridged, True, True
        return [ev.Filler(turn.number)] if bridged else [ev.Bridge(turn.number, turn.revision, turn.saying)]

    # A person begins.

    def _open(self, event: ev.SpeechStarted, now: float) -> list[Action]:
        self.turn, self.state = self._new(event.at), State.LISTENING
        return [ev.Listen(self.turn.number, event.at)]

    def _open_for(self, event: ev.Typed | ev.Announce, now: float) -> list[Action]:
        self.turn, self.state = self._new(now), State.THINKING
        number, revision = self.turn.number, self.turn.revision
        self.turn.spoken, self.turn.decided = False, now
        if isinstance(event, ev.Announce):
            self.turn.filled, self.turn.announces = True, event
            return [ev.Say(number, revision, event.text, rings=event.rings), ev.Release(number, revision)]
        self.turn.transcript, self.turn.asked_with, self.turn.sent = event.text, event.text, True
        return [
            ev.Decided(number, revision, now, "typed"),
            ev.Send(number, revision, event.text),
            ev.Release(number, revision),
        ]

    def _queue(self, event: ev.Typed | ev.Announce, now: float) -> list[Action]:
        self._waiting.append(event)
        return []

    def _nothing(self, event: Event, now: float) -> list[Action]:
        return []

    # While they speak.

    def _words(self, event: ev.WordsHeard, now: float) -> list[Action]:
        spoken = self._turn if event.turn == self._turn.number else self._over
        spoken.text, spoken.worded = event.text, now
        return self._draft_partial() if self.state is State.ENDING else []

    def _still_listening(self, event: ev.FrameHeard, now: float) -> list[Action]:
        if now - self._turn.started < self.policy.max_turn_s:
            return []
        self._turn.stopped = now
        decided = self._decide("longest turn", now)
        self.over = self._new(now)  # they speak on
        return [*decided, ev.Listen(self.over.number, now)]

    def _fall_silent(self, event: ev.SpeechStopped, now: float) -> list[Action]:
        turn = self._turn
        turn.stop(event.at)
        self.state = State.ENDING
        return self._draft_partial() if turn.worded > event.at else []

    def _heard_so_far(self, event: ev.Transcribed, now: float) -> list[Action]:
        """They speak on: what was asked while a reply was heard is a partial now."""
        self._turn.asked, self._turn.text = False, event.text
        return []

    def _cut_short(self, event: ev.MicrophoneLost, now: float) -> list[Action]:
        if self._turn.stopped is None:
            self._turn.stopped = now
        return self._decide("microphone lost", now)

    # They are silent: a breath, or the end?

    def _silence_grows(self, event: ev.FrameHeard, now: float) -> list[Action]:
        turn = self._turn
        assert turn.stopped is not None
        silence_s = now - turn.stopped
        newest = turn.transcript is not None or self.policy.speculate == "off"  # without it no newer words will come
        rule = self.endpointer.rule(turn.words, turn.complete, final=newest)
        if event.quiet and silence_s >= rule.silence_s - 1e-9:
            return self._decide(rule.why, now)
        return self._ask_early() if silence_s >= self.policy.speculate_after_s - 1e-9 else []

    def _ask_early(self) -> list[Action]:
        """Ask for the words, and for what the turn model makes of the sound, once each before the end is certain."""
        turn = self._turn
        asks: list[Action] = []
        if self.policy.speculate != "off" and not turn.asked and not turn.unread:
            turn.asked = True
            asks.append(ev.Transcribe(turn.number, turn.revision))
        if self.policy.judges and not turn.judging:
            turn.judging = True
            asks.append(ev.AskTurnModel(turn.number, turn.revision))
        return asks

    def _judged(self, event: ev.Judged, now: float) -> list[Action]:
        self._turn.complete = event.complete
        return []

    def _draft_partial(self) -> list[Action]:
        """A partial that comes after they fell silent often has all the words: asked with it, the reply is early."""
        turn = self._turn
        may_be_over = turn.transcript is None and self.endpointer.may_be_over(turn.text, turn.complete)
        return self._speculate(turn.text) if may_be_over and not turn.sent else []

    def _draft(self, event: ev.Transcribed, now: float) -> list[Action]:
        self._turn.transcript = event.text
        return self._speculate(event.text)

    def _draft_failed(self, event: ev.StageFailed, now: float) -> list[Action]:
        """A speculation that failed costs nothing: the decision asks again."""
        turn = self._turn
        if event.stage is ev.Stage.RECOGNIZER:
            turn.asked, turn.unread = False, True
            return []
        return self._discard()

    def _go_on(self, event: ev.SpeechStarted, now: float) -> list[Action]:
        """More speech before anything was heard: the turn grows."""
        turn = self._turn
        if self.over is not None:
            return self._over_goes_on(event, now)
        if turn.outcome is Outcome.FAILED or not turn.spoken or turn.counts:
            return self._interrupt_unheard(event, now)
        assert turn.stopped is not None
        self.endpointer.spoke_on_after(max(0.0, event.at - turn.stopped), turn.words, turn.complete)
        dropped: list[Action] = [ev.Discard(turn.number, turn.revision)] if turn.sent else []
        turn.grow()
        self.state = State.LISTENING
        return [*dropped, ev.Grew(turn.number, turn.revision)]

    def _interrupt_unheard(self, event: ev.SpeechStarted, now: float) -> list[Action]:
        """What was typed, announced or failed cannot grow: it gives way to a new turn. An announcement comes later."""
        if self._turn.announces is not None and self._turn.outcome is not Outcome.FAILED:
            self._waiting.appendleft(self._turn.announces)
        return self._interrupt(now) + self._open(event, now)

    def _decide(self, why: str, now: float) -> list[Action]:
        turn = self._turn
        assert turn.stopped is not None
        turn.decided, self.state = now, State.THINKING
        decided = ev.Decided(turn.number, turn.revision, turn.stopped, why)
        if turn.transcript is not None:
            return [decided, *self._answer()]
        if turn.asked:
            return [decided]
        turn.asked = True
        return [decided, ev.Transcribe(turn.number, turn.revision)]

    # It is our turn.

    def _transcribed(self, event: ev.Transcribed, now: float) -> list[Action]:
        if event.turn != self._turn.number or self._turn.outcome is Outcome.FAILED:
            return []
        self._turn.transcript = event.text
        return self._answer()

    def _answer(self) -> list[Action]:
        turn, words = self._turn, self._turn.transcript
        if words is None or not self._means_something(words):
            return self._take_back() + self._finish(Outcome.EMPTY)
        taken = self._take_back(words)
        release = ev.Release(turn.number, turn.revision)
        if turn.sent:
            return [release, *self._let_act()] if turn.acts else [release]
        turn.sent, turn.asked_with = True, words
        return [*taken, ev.Send(turn.number, turn.revision, words), release]

    def _tool_runs(self, event: ev.ToolRuns, now: float) -> list[Action]:
        turn = self._turn
        turn.tool_since = now if not turn.tools else turn.tool_since
        turn.tools += 1
        turn.saying = event.saying
        if not event.acts or turn.counts:
            return []
        turn.acts = True
        return self._let_act() if self.state is State.THINKING and turn.transcript is not None else []

    def _tool_rests(self, event: ev.ToolRests, now: float) -> list[Action]:
        self._turn.tools = max(0, self._turn.tools - 1)
        return []

    def _let_act(self) -> list[Action]:
        """The end of turn is decided, and a tool of the reply waits for nothing else."""
        self._turn.counts = True
        return [ev.Commit(self._turn.number, self._turn.revision)]

    def _first_sound(self, event: ev.Audible, now: float) -> list[Action]:
        turn = self._turn
        self.state = State.SPEAKING
        commit: list[Action] = [ev.Commit(turn.number, turn.revision)] if turn.sent else []
        if turn.spoken:
            self.endpointer.ended()
        begun = [*commit, ev.Forget(turn.number)]
        if self.over is None:
            return begun
        if self._is_words(self._over.words):  # the turn was too long, and they have not stopped speaking
            return begun + self._interrupt(now)
        self.state, self._over.overlaps = State.PAUSED, True
        return [*begun, ev.Pause(turn.number)]

    def _failed_thinking(self, event: ev.StageFailed, now: float) -> list[Action]:
        """What fails for the words of a partial is asked again with all the words, as soon as they are known."""
        turn = self._turn
        if turn.transcript is not None or not turn.sent or turn.outcome is Outcome.FAILED:
            return self._fail(event, now)
        if event.stage is ev.Stage.RECOGNIZER:
            return self._take_back() + self._fail(event, now)
        return self._discard()

    def _silent_reply(self, event: ev.Drained, now: float) -> list[Action]:
        """The reply ended without a sound: said aloud unless it was meant so, or is what we tried to say."""
        if event.mute and self._turn.outcome is not Outcome.FAILED:
            return [ev.Commit(event.turn, event.revision), *self._finish(Outcome.ANSWERED)]
        if self._turn.outcome is Outcome.FAILED or not self._turn.sent:
            return self._finish(Outcome.FAILED)
        return self._fail(ev.StageFailed(event.turn, event.revision, ev.Stage.MODEL, self.policy.no_answer), now)

    def _stop(self, event: ev.Stopped, now: float) -> list[Action]:
        """Enough of this reply; what a person says over it meanwhile is the next turn."""
        return self._interrupt(now)

    # The end of a turn by order, and of the conversation.

    def _drop(self, event: ev.Dropped, now: float) -> list[Action]:
        turn, actions = self._turn, self._leave_over()
        if turn.decided is None:
            actions += [ev.Discard(turn.number, turn.revision)] if turn.sent else []
            return actions + self._finish(Outcome.EMPTY)
        return [*actions, *self._cut(), *self._finish(self._cut_outcome)]

    def _close(self, event: ev.Closed, now: float) -> list[Action]:
        self._waiting.clear()
        turn, actions = self._turn, self._leave_over()
        outcome = self._cut_outcome if turn.words or turn.sent else Outcome.EMPTY
        if turn.sent:
            actions += self._cut()
        return actions + self._finish(outcome)


M = TurnMachine
Handler = Callable[..., list[Action]]

TABLE: dict[State, dict[type, Handler]] = {
    State.IDLE: {
        ev.SpeechStarted: M._open, ev.SpeechStopped: M._nothing, ev.FrameHeard: M._nothing,
        ev.Stopped: M._nothing,
        ev.Typed: M._open_for, ev.Announce: M._open_for, ev.MicrophoneLost: M._nothing, ev.Closed: M._nothing,
        ev.Dropped: M._nothing,
    },
    State.LISTENING: {
        ev.SpeechStopped: M._fall_silent, ev.FrameHeard: M._still_listening, ev.WordsHeard: M._words,
        ev.Stopped: M._nothing,
        ev.Typed: M._queue, ev.Announce: M._queue, ev.MicrophoneLost: M._cut_short, ev.Closed: M._close,
        ev.Dropped: M._drop,
        ev.Transcribed: M._heard_so_far, ev.StageFailed: M._nothing,
    },
    State.ENDING: {
        ev.SpeechStarted: M._go_on, ev.FrameHeard: M._silence_grows, ev.WordsHeard: M._words,
        ev.Transcribed: M._draft, ev.Judged: M._judged, ev.StageFailed: M._draft_failed, ev.SpeechStopped: M._nothing,
        ev.ToolRuns: M._tool_runs, ev.ToolRests: M._tool_rests,
        ev.Stopped: M._nothing,
        ev.Typed: M._queue, ev.Announce: M._queue, ev.MicrophoneLost: M._cut_short, ev.Closed: M._close,
        ev.Dropped: M._drop,
    },
    State.THINKING: {
        ev.SpeechStarted: M._go_on, ev.SpeechStopped: M._over_stops, ev.FrameHeard: M._nothing, ev.WordsHeard: M._words,
        ev.Transcribed: M._transcribed, ev.Judged: M._nothing, ev.Audible: M._first_sound, ev.Drained: M._silent_reply,
        ev.StageFailed: M._failed_thinking, ev.ToolRuns: M._tool_runs, ev.ToolRests: M._tool_rests,
        ev.Stopped: M._stop,
        ev.Typed: M._queue, ev.Announce: M._queue, ev.MicrophoneLost: M._nothing, ev.Closed: M._close,
        ev.Dropped: M._drop,
    },
    State.SPEAKING: {
        ev.SpeechStarted: M._pause, ev.SpeechStopped: M._over_stops, ev.FrameHeard: M._beneath_frame,
        ev.WordsHeard: M._over_words, ev.ToolRuns: M._tool_runs, ev.ToolRests: M._tool_rests,
        ev.Transcribed: M._over_transcribed, ev.Judged: M._nothing, ev.Audible: M._nothing, ev.Drained: M._played_out,
        ev.StageFailed: M._over_failed,
        ev.Stopped: M._stop,
        ev.Typed: M._queue, ev.Announce: M._queue, ev.MicrophoneLost: M._over_lost, ev.Closed: M._close,
        ev.Dropped: M._drop,
    },
    State.PAUSED: {
        ev.ToolRuns: M._tool_runs, ev.ToolRests: M._tool_rests,
        ev.SpeechStarted: M._over_goes_on, ev.SpeechStopped: M._over_stops, ev.FrameHeard: M._over_frame,
        ev.WordsHeard: M._over_words, ev.Transcribed: M._over_transcribed, ev.Judged: M._nothing,
        ev.Audible: M._nothing, ev.Drained: M._played_out, ev.StageFailed: M._over_failed,
        ev.Stopped: M._stop,
        ev.Typed: M._queue, ev.Announce: M._queue, ev.MicrophoneLost: M._over_lost, ev.Closed: M._close,
        ev.Dropped: M._drop,
    },
}  # fmt: skip
"""The machine. A missing entry is an event that cannot happen there."""
