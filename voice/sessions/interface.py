"""The session as a conversation sees it: it remembers, so only the new words travel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from voice.llm.interface import Delta, Done, Effect, Message


@dataclass(frozen=True, slots=True)
class Working:
    """A tool is called for the reply, by its name; `acts` says that it waits until the turn counts.

    `done` says that it has answered, and `saying` which phrase fits while it has not.
    """

    tool: str
    acts: bool = False
    done: bool = False
    saying: str = ""


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """The turn ended without a full reply. `code` is a stable word, `message` one line for a person."""

    code: str
    message: str
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """The connection to a remote session went (`up=False`) or came back; nothing is lost or repeated by it."""

    up: bool
    reason: str = ""


ReplyEvent = Delta | Effect | Working | Done | ReplyFailed | ConnectionChanged


class Reply(Protocol):
    """One turn in flight: iterate it for events until `Done` or `ReplyFailed`, each exactly once and in order."""

    @property
    def turn(self) -> int:
        """The turn's sequence number in its session."""
        ...

    def __aiter__(self) -> AsyncIterator[ReplyEvent]: ...

    async def commit(self) -> None:
        """Make a draft a turn of the conversation. Harmless if it is one already."""
        ...

    async def discard(self) -> None:
        """Drop a draft: it leaves no trace in the context, and generation stops."""
        ...

    async def truncate(self, heard: int) -> None:
        """Stop generation and keep only the first `heard` code points of the reply in the history."""
        ...


class Session(Protocol):
    """A persistent conversation. One turn is in flight at a time; a new one waits for or replaces none."""

    @property
    def id(self) -> str:
        """Names the session; another one once it was forgotten."""
        ...

    def send(self, text: str, *, draft: bool = False) -> Reply:
        """Send the user's new words; the session adds the context. A failure is a `ReplyFailed` event, never raised."""
        ...

    def announce_to(self, say: Callable[[str], None]) -> None:
        """Have `say` given what is to be said once no one speaks: the answers of tools that outlast their turns."""
        ...

    async def history(self) -> Sequence[Message]:
        """What the session remembers, oldest first, drafts left out."""
        ...

    async def forget(self) -> None:
        """Remove everything said in the session; what is sent next begins a new one, with another id."""
        ...

    async def close(self) -> None:
        """Leave the session; it stays stored."""
        ...
