"""The floor and its owner: the turn that is held, the one spoken over it, and how a turn ends."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from voice.turn import events as ev
from voice.turn.endpointing import Endpointer
from voice.turn.events import Action, Event, Outcome
from voice.turn.state import Overlap, Policy, State, Turn


@dataclass(slots=True)
class Floor:
    """What the machine knows between events."""

    policy: Policy
    endpointer: Endpointer
    state: State = State.IDLE
    turn: Turn | None = None
    over: Turn | None = None
    alarms: int = 0
    """How often of late a reply was held for a false alarm."""
    spoke_until: float | None = None
    """When the last reply ended."""
    _issued: int = 0
    _waiting: deque[ev.Typed | ev.Announce] = field(default_factory=lambda: deque(maxlen=16))

    @property
    def _turn(self) -> Turn:
        assert self.turn is not None, "every state but IDLE has a turn"
        return self.turn

    @property
    def _over(self) -> Turn:
        assert self.over is not None, (
            "PAUSED has the turn that is spoken over us, SPEAKING the one whose words are late"
        )
        return self.over

    def _late(self, event: Event) -> bool:
        turn = getattr(event, "turn", None)
        if turn is None:
            return False
        owner = next((t for t in (self.turn, self.over) if t and t.number == turn), None)
        if owner is not None and isinstance(event, ev.Judged):  # what replaces a draft has the same sound
            return not owner.since <= event.revision <= owner.revision
        return owner is None or getattr(event, "revision", owner.revision) != owner.revision

    def _new(self, at: float) -> Turn:
        self._issued += 1
        return Turn(self._issued, at)

    def _finish(self, outcome: Outcome) -> list[Action]:
        """End the turn; a person who speaks meanwhile has the next one."""
        ended: list[Action] = [ev.Forget(self._turn.number), ev.Finish(self._turn.number, outcome)]
        self.turn, self.over = self.over, None
        if self.turn is None:
            self.state = State.IDLE
            return ended
        self.state = State.LISTENING if self.turn.stopped is None else State.ENDING
        return ended if self.state is State.LISTENING else ended + self._speculate(self._turn.transcript)

    def _interrupt(self, now: float) -> list[Action]:
        cut = self._cut()
        self.alarms, self.spoke_until = 0, now
        return cut + self._finish(self._cut_outcome)

    def _cut(self) -> list[Action]:
        """End the reply where it is; nothing is left, and nothing acts, of one to words that are not known for sure."""
        turn = self._turn
        if turn.sent and turn.transcript is None:
            return self._discard()
        return [ev.Truncate(turn.number, turn.revision)]

    def _discard(self) -> list[Action]:
        """Drop the draft that was sent, and what waits for it."""
        turn = self._turn
        turn.drop()
        return [ev.Discard(turn.number, turn.revision)]

    @property
    def _cut_outcome(self) -> Outcome:
        return Outcome.FAILED if self._turn.outcome is Outcome.FAILED else Outcome.INTERRUPTED

    def _leave_over(self) -> list[Action]:
        over, self.over = self.over, None
        return [] if over is None else [ev.Forget(over.number), ev.Finish(over.number, Outcome.EMPTY)]

    def _fail(self, event: ev.StageFailed, now: float) -> list[Action]:
        turn = self._turn
        if turn.outcome is Outcome.FAILED:
            return []
        turn.outcome, turn.filled = Outcome.FAILED, True
        return [ev.Say(turn.number, turn.revision, event.text), ev.Release(turn.number, turn.revision)]

    def _speculate(self, words: str | None) -> list[Action]:
        """Send the words before the end of turn is certain, where the policy allows it; they replace other words."""
        turn = self._turn
        taken = self._take_back(words)
        if turn.sent or self.policy.speculate not in ("llm", "tts") or turn.drafts >= self.policy.max_drafts:
            return taken
        if words is None or not self._means_something(words):
            return taken
        turn.sent, turn.asked_with = True, words
        turn.drafts += 1
        return [*taken, ev.Send(turn.number, turn.revision, words)]

    def _take_back(self, words: str | None = None) -> list[Action]:
        """Discard a draft that was sent with other words, those of a partial; what comes of it later is late."""
        turn = self._turn
        if not turn.sent or _plain(words) == _plain(turn.asked_with):
            return []
        taken = self._discard()
        turn.revision += 1
        return taken

    def _means_something(self, words: str) -> bool:
        """Somebody said it, and not we ourselves: the end of a reply may still be in the room.

        To have fallen silent is all the answer that a word to stop is owed; other words over it were for others.
        """
        kind = self.policy.overlap(words) if words else Overlap.ECHO
        if words and kind is Overlap.ECHO and self._after_any_echo():
            kind = Overlap.WORDS
        return kind is not Overlap.ECHO and not (self._turn.overlaps and (self.policy.by_name or kind is Overlap.STOP))

    def _after_any_echo(self) -> bool:
        """They began when the reply could no longer be in the room: they may say what it said."""
        return self.spoke_until is not None and self._turn.started > self.spoke_until + self.policy.echo_s

    def _is_words(self, text: str) -> bool:
        return bool(text) and self.policy.overlap(text) in (Overlap.WORDS, Overlap.STOP)


def _plain(words: str | None) -> list[str]:
    """Words without case and the marks around them: a reader may tell them apart, a question means the same."""
    return [word.strip(".,!?;:。，！？；：…") for word in (words or "").casefold().split()]
