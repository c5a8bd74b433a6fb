"""What every language model behind a session offers: messages in, deltas out as they are made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from voice.errors import VoiceError
from voice.sessions.interface import Delta, Done, Effect, Message


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: a byte-stable prefix of messages plus the new one; `key` is the same for all turns of a session.

    `begun` is the beginning of the reply where it was delivered already: only what follows it is wanted. Models that
    cannot do that are not asked to.
    """

    messages: tuple[Message, ...]
    key: str = ""
    model: str = ""
    options: Mapping[str, object] = field(default_factory=dict)
    begun: str = ""


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
        """Whether it goes on with a reply that it is given the beginning of."""
        ...

    def stream(self, ask: Ask) -> AsyncIterator[Delta | Effect | Done]: ...

    async def prepare(self) -> object:
        """Connect, load the model: whatever makes the first turn as fast as the later ones. It never fails a turn."""
        ...

    async def close(self) -> None: ...
