"""The events that a running conversation reports to observers: a terminal, a log, a test, a kiosk page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voice.llm.interface import Done
from voice.sessions.interface import ConnectionChanged

if TYPE_CHECKING:
    from voice.trace import TurnTrace


@dataclass(frozen=True, slots=True)
class Level:
    """Loudness of the last frame heard, dBFS; sent at most ten times a second."""

    dbfs: float


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The turn machine's new state: idle, listening, ending, thinking, speaking or paused."""

    state: str


@dataclass(frozen=True, slots=True)
class TranscriptChanged:
    """What the person said so far in this turn; `final` once the reply may be heard.

    The first `stable` code points are final.
    """

    text: str
    final: bool
    stable: int = 0


@dataclass(frozen=True, slots=True)
class ReplySpoken:
    """The reply as far as it has been played, and the whole text received so far."""

    heard: str
    text: str


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """A turn ended in its one way: answered, interrupted, failed or empty."""

    trace: TurnTrace


@dataclass(frozen=True, slots=True)
class Notice:
    """A line for the person: a device lost, an engine replaced, a timer rung. `level` is info, warning or error.

    `code` names what happened, for those who say it in other words; empty where nothing but the text does.
    """

    text: str
    level: str = "info"
    code: str = ""


@dataclass(frozen=True, slots=True)
class Remark(Notice):
    """A notice of how a reply ended, which belongs behind the reply."""


CUT = {
    "length": "the reply was cut at the model server's limit of tokens; say “go on” for the rest",
    "content_filter": "the reply was stopped by the model server's filter",
}


def remarks(done: Done) -> Iterator[Remark]:
    """What a person should know about how a reply ended."""
    found = ", ".join(done.flagged)
    if done.finish in CUT:
        yield Remark(CUT[done.finish], "warning", done.finish)
    if done.blocked:
        what = "your words were" if done.blocked == "input" else "the reply was"
        yield Remark(f"{what} blocked by moderation: {found}", "warning", "blocked")
    elif done.flagged:
        yield Remark(f"flagged by moderation: {found}", code="flagged")
    if done.unchecked:
        yield Remark("moderation failed; this turn was not checked", "warning", "unchecked")


@dataclass(frozen=True, slots=True)
class Woken:
    """The wake word was heard."""

    phrase: str


@dataclass(frozen=True, slots=True)
class Muted:
    """The microphone was muted or unmuted."""

    muted: bool


@dataclass(frozen=True, slots=True)
class TimerRang:
    """A timer is up; `label` is what the person called it, or empty."""

    label: str


Note = (
    Level
    | StateChanged
    | TranscriptChanged
    | ReplySpoken
    | TurnEnded
    | Notice
    | Woken
    | Muted
    | TimerRang
    | ConnectionChanged
)
Observer = Callable[[Note], None]
