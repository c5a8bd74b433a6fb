"""What is known of one turn, the states it passes, and the policy it is held under."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from voice.turn.events import Announce, Outcome


class State(StrEnum):
    """IDLE; the person speaks; is silent, perhaps only for a breath; waits for us; hears us; speaks over us."""

    IDLE = "idle"
    LISTENING = "listening"
    ENDING = "ending"
    THINKING = "thinking"
    SPEAKING = "speaking"
    PAUSED = "paused"


class Overlap(StrEnum):
    """What words spoken over the reply are."""

    WORDS = "words"
    STOP = "stop"
    BACKCHANNEL = "backchannel"
    ECHO = "echo"


@dataclass(frozen=True, slots=True)
class Policy:
    """How the machine behaves; times in seconds.

    `speculate` is the last stage that may run before the end of turn is certain: off, asr, llm or tts.
    `judges` says that there is a turn model to ask.
    `by_name` says that speech over the reply is for others unless its words are to stop.
    After `enough_speech_s` of speech over the reply, the words so far are requested. A reply that was held
    `most_alarms` times for nothing is no longer held, only ended by words.
    No reply is in the room any more `echo_s` after its end.
    A tool that works longer than `bridge_s` is bridged by a phrase, and then by a soft sound every `sound_every_s`.
    `overlap(words)` tells words from backchannels and from the reply's own echo; `no_answer` is said for an empty
    reply.
    """

    speculate: str = "off"
    speculate_after_s: float = 0.1
    max_drafts: int = 3
    judges: bool = False
    barge_in: bool = True
    by_name: bool = False
    enough_speech_s: float = 0.8
    most_alarms: int = 2
    resume_after_s: float = 1.0
    echo_s: float = 0.6
    filler_s: float = 0.0
    bridge_s: float = 0.4
    sound_every_s: float = 0.8
    max_turn_s: float = 60.0
    overlap: Callable[[str], Overlap] = lambda text: Overlap.WORDS
    no_answer: str = "Sorry, I have no answer."


@dataclass(slots=True)
class Turn:
    """What is known of one turn. `transcript`, `sent` and `complete` (the turn model's) are the current revision's.

    The sound has been the same `since` that revision. `text` are the words of the newest partial, which came at
    `worded`; the model was asked with `asked_with`.
    `unread`: the recognizer failed when its words were asked for early. `overlaps`: it began over a reply; `resumed`:
    when it last went on there after a breath. `acts`: a tool waits until it counts; `counts`: it was committed for one,
    so that it can neither grow nor be dropped any more. `tools` work for its reply, the first since `tool_since`;
    `saying` names the phrase that fits; `bridged` says that it was said, `sounded` when there was a sound to wait by.
    """

    number: int
    started: float
    spoken: bool = True
    overlaps: bool = False
    resumed: float = 0.0
    revision: int = 1
    since: int = 1
    stopped: float | None = None
    text: str = ""
    worded: float = 0.0
    transcript: str | None = None
    complete: float | None = None
    asked: bool = False
    unread: bool = False
    judging: bool = False
    sent: bool = False
    asked_with: str = ""
    acts: bool = False
    counts: bool = False
    tools: int = 0
    tool_since: float = 0.0
    saying: str = ""
    bridged: bool = False
    sounded: float = 0.0
    drafts: int = 0
    decided: float | None = None
    filled: bool = False
    outcome: Outcome = Outcome.ANSWERED
    announces: Announce | None = None

    def grow(self) -> None:
        """The person goes on: the next revision, with nothing asked for it yet."""
        self.revision += 1
        self.since = self.revision
        self.stopped = self.transcript = self.complete = self.decided = None
        self.asked = self.judging = False
        self.drop()

    def drop(self) -> None:
        """The draft that was sent no longer counts, nor do the tools that work for it."""
        self.sent = self.acts = self.bridged = False
        self.tools = 0

    def stop(self, at: float) -> None:
        """The person is silent since then; words that were asked for before lack the end."""
        self.stopped = at
        if self.asked:
            self.revision += 1
            self.since = self.revision
            self.asked = False

    @property
    def words(self) -> str:
        """The best words so far."""
        return self.text if self.transcript is None else self.transcript
