"""What every language model behind a session offers: messages in, deltas out as they are made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from voice.errors import VoiceError

ASKED = (
    "Not done yet: the person has to confirm it. Ask them now, in one short sentence that names what would be done. "
    "It is done as soon as they say yes; do not call it again yourself."
)
"""The answer to the caller of a tool that needs a yes of the person first."""

ASK = " Ask: "
"""Stands between that and the question, where the tool has its own."""

SLOW = (
    "Still running. Tell the person in one short sentence that it takes a while. They hear the result as soon as it is "
    "there; do not call it again."
)
"""The answer to the caller of a tool that goes on after the turn, whose result is announced."""

SLOW_UNTOLD = (
    "Still running. Tell the person in one short sentence that it takes a while and that they may ask for the result "
    "later. It is not announced; do not call it again."
)
"""The same where nothing can be announced: the result is part of the conversation once it is there."""

LATE = (
    "This came after your reply had ended. Say it now, as one short sentence to be spoken, in the language of the "
    "question, so that it is clear what it answers."
)
"""Behind the result of such a tool, for the caller who is to announce it."""

MARKED = ":\n"
"""Ends the warning before a result that comes from outside."""

CALL, CALL_PIECE = "function_call", "function_call_piece"
"""Kinds of effects: a whole function call (`call_id`, `name`, `arguments`), or a piece of one.

A call's first piece has its `place`, counted from 0, `call_id` and `name`; the following ones have its `place` and more
of its `arguments`.
"""

NOT_KNOWN = "The person has not asked you to remember anything that answers this."
"""The answer to the caller of a tool that found nothing in the person's memory."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the remembered conversation. An assistant's text is what was heard of it.

    `calls` are functions it called, each with `call_id`, `name` and `arguments`; a tool's message answers `call_id`.
    `raw` is the message as a client wrote it for the model server, where it is handed through. `name` is that of who
    said it, where several people speak: a model reads it before the words.
    """

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    calls: tuple[Mapping[str, str], ...] = ()
    call_id: str = ""
    raw: Mapping[str, object] | None = None
    name: str = ""

    @property
    def said(self) -> str:
        """The words as a model reads them."""
        return f"{self.name}: {self.text}" if self.name else self.text


@dataclass(frozen=True, slots=True)
class Delta:
    """More of the reply's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Effect:
    """Something the reply wants done besides being spoken, such as a timer; acts only after the turn is committed."""

    kind: str
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """The reply is complete. Token counts; `cached` is the part of `input` that upstream had cached.

    `finish` is why, in the model server's own word: stop, length, tool_calls, content_filter; empty where it said none.
    """

    input: int = 0
    cached: int = 0
    output: int = 0
    estimated: bool = True
    flagged: tuple[str, ...] = ()
    """Categories moderation found in the turn."""
    blocked: str = ""
    """`input` or `reply` where moderation stopped it, which the reply's text says in its place."""
    unchecked: bool = False
    """Moderation failed, and text passed without it."""
    finish: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: a byte-stable prefix of messages plus the new one; `key` is the same for all turns of a session.

    `effects` names what the client can carry out besides hearing the reply, such as a timer; None where it is unknown.

    `begun` is the beginning of the reply where it was delivered already: only what follows it is wanted. Models that
    cannot do that are not asked to.

    `pieces` asks for function calls piece by piece, as they arrive; a model may still give them whole.
    """

    messages: tuple[Message, ...]
    key: str = ""
    model: str = ""
    options: Mapping[str, object] = field(default_factory=dict)
    begun: str = ""
    effects: frozenset[str] | None = None
    pieces: bool = False


class UpstreamError(VoiceError):
    """The model server failed. `code` is a stable word; `temporary` says a retry may help, `retry_after_s` when."""

    exit_code = 69

    def __init__(
        self,
        what: str,
        *,
        code: str,
        temporary: bool,
        retry_after_s: float | None = None,
        where: str = "",
        expected: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(what, where=where, expected=expected, remedy=remedy)
        self.code, self.temporary, self.retry_after_s = code, temporary, retry_after_s


class Upstream(Protocol):
    """A model. `stream` yields deltas and effects, then one `Done`; it raises UpstreamError and never retries itself.

    Closing the iterator stops the generation.
    """

    @property
    def name(self) -> str: ...

    @property
    def continues(self) -> bool:
        """Whether it can continue a partial reply."""
        ...

    def stream(self, ask: Ask) -> AsyncIterator[Delta | Effect | Done]: ...

    async def prepare(self) -> object:
        """Connect, load the model: whatever makes the first turn as fast as the later ones. It never fails a turn."""
        ...

    async def close(self) -> None: ...
