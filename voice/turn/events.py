"""Events and actions of the turn machine: plain data. `turn` and `revision` identify stale ones."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The one way a turn ends."""

    ANSWERED = "answered"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    EMPTY = "empty"


class Stage(StrEnum):
    """Where a turn failed."""

    RECOGNIZER = "recognizer"
    MODEL = "model"
    SYNTHESIZER = "synthesizer"


# Events: what happened. Times are seconds on the loop's clock, taken from the audio where audio is concerned.


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Someone began to speak; `at` is the first speech sample."""

    at: float


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """They fell silent; `at` is the last speech sample."""

    at: float


@dataclass(frozen=True, slots=True)
class FrameHeard:
    """One more frame of audio went by; `quiet` when neither speech nor its possible beginning was in it."""

    quiet: bool


@dataclass(frozen=True, slots=True)
class WordsHeard:
    """A partial: the words of turn `turn` so far."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Transcribed:
    """The answer to `Transcribe`: the words for all audio up to then."""

    turn: int
    revision: int
    text: str


@dataclass(frozen=True, slots=True)
class Judged:
    """The answer to `AskTurnModel`: the chance in 0…1 that the turn is complete, by its sound."""

    turn: int
    revision: int
    complete: float


@dataclass(frozen=True, slots=True)
class Audible:
    """The first sample of this reply is being heard."""

    turn: int
    revision: int


@dataclass(frozen=True, slots=True)
class Drained:
    """All of this reply that there is has been played, and it is complete; `mute`: it had nothing to hear."""

    turn: int
    revision: int
    mute: bool = False


@dataclass(frozen=True, slots=True)
class StageFailed:
    """A stage of this turn failed; `text` is what to say about it."""

    turn: int
    revision: int
    stage: Stage
    text: str


@dataclass(frozen=True, slots=True)
class ToolRuns:
    """A tool works for this reply; `saying` names the phrase that fits, `acts`: it waits until the turn counts."""

    turn: int
    revision: int
    saying: str = ""
    acts: bool = False


@dataclass(frozen=True, slots=True)
class ToolRests:
    """A tool of this reply has answered."""

    turn: int
    revision: int


@dataclass(frozen=True, slots=True)
class Typed:
    """The person typed instead of speaking."""

    text: str


@dataclass(frozen=True, slots=True)
class Announce:
    """The assistant has something to say, such as a timer, once no one is speaking. `rings`: after the bell."""

    text: str
    rings: bool = True


@dataclass(frozen=True, slots=True)
class Dropped:
    """Be quiet at once, and do not answer what was being said either."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The user stops this reply."""


@dataclass(frozen=True, slots=True)
class MicrophoneLost:
    """No more audio will come for now: what was heard is the turn."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The conversation is over: end what is open."""


Event = (
    SpeechStarted | SpeechStopped | FrameHeard | WordsHeard | Transcribed | Judged | Audible | Drained | StageFailed
    | ToolRuns | ToolRests | Typed | Announce | Stopped | Dropped | MicrophoneLost | Closed
)  # fmt: skip


# Actions: what to do about it.


@dataclass(frozen=True, slots=True)
class Listen:
    """Open an utterance for this turn, beginning with the audio kept from before speech was noticed."""

    turn: int
    at: float
    over_reply: bool = False
    """Someone speaks over a reply that was sounding."""


@dataclass(frozen=True, slots=True)
class Forget:
    """Close this turn's utterance; no more words are wanted from it."""

    turn: int


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Ask for the words of all audio so far; answered by `Transcribed` or `StageFailed`."""

    turn: int
    revision: int


@dataclass(frozen=True, slots=True)
class AskTurnModel:
    """Ask the turn model about the audio so far; `Judged` answers it, or nothing does."""

    turn: int
    revision: int


@dataclass(frozen=True, slots=True)
class Grew:
    """The person went on: the same turn, now with this revision."""

    turn: int
    revision: int


@dataclass(frozen=True, slots=True)
class Decided:
    """The turn is theirs no more: the end of turn was decided now, by this rule."""

    turn: int
    revision: int
    speech_end: float
    rule: str


@dataclass(frozen=True, slots=True)
class Send:
    """Send the words to the session as a draft and turn the reply into speech, held until `Release`."""

    turn: int
    revision: int
    text: str


@dataclass(frozen=True, slots=True)
class Discard:
    """Drop this revision's draft and everything made from it; none of it was heard."""

    turn: int
    revision: int


@dataclass(frozen=True, slots=True)
class Release:
    """Let the reply be heard as soon as there is any."""

    turn: int
    revision: int


@dataclass(frozen=True, slots=True)
class Commit:
    """The reply is being heard: the draft becomes a turn of the conversation, its effects act."""

    turn: int
    revision: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Fade the reply out and hold it at this sample."""

    turn: int


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on with the reply from the sample where it was paused."""

    turn: int


@dataclass(frozen=True, slots=True)
class Truncate:
    """Stop the reply for good within a fade, and cut the history to what was heard of it."""

    turn: int
    revision: int


@dataclass(frozen=True, slots=True)
class Say:
    """Stop generating; say this after what is already on its way, `rings` after the bell. It is not in the history."""

    turn: int
    revision: int
    text: str
    rings: bool = False


@dataclass(frozen=True, slots=True)
class Filler:
    """The reply takes long: let the person hear that it is coming."""

    turn: int


@dataclass(frozen=True, slots=True)
class Bridge:
    """A tool keeps the person waiting: say a short phrase of this name, which is no part of the reply."""

    turn: int
    revision: int
    saying: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The turn ended, in this one way."""

    turn: int
    outcome: Outcome


Action = (
    Listen | Forget | Transcribe | AskTurnModel | Grew | Decided | Send | Discard | Release | Commit | Pause | Resume
    | Truncate | Say | Filler | Bridge | Finish
)  # fmt: skip
