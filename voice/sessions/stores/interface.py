"""Where sessions are kept: a log of events for each, one writer at a time, and what each turn cost."""

from __future__ import annotations

import asyncio
import hmac
import math
from collections.abc import Callable, KeysView, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

from voice.errors import VoiceError
from voice.sessions.log import Event


class StoreError(VoiceError):
    """The store cannot be read or written; nothing of the failed call was kept."""

    exit_code = 66


class UnknownSession(Exception):
    """No session has this id: never made, deleted or expired."""


class NameTaken(Exception):
    """Another conversation has this name."""


class FenceLost(Exception):
    """Another owner has taken the session since this fence was given; the append was refused."""


class LeaseHeld(Exception):
    """Another living owner, `node`, holds the session's lease for `left_s` more seconds."""

    def __init__(self, sid: str, node: str = "", left_s: float = 0.0) -> None:
        super().__init__(sid)
        self.node, self.left_s = node, left_s


GONE, REWRITTEN = -1, -2
"""Told to watchers in place of a log's new end: the session was removed; acknowledged events were lost, so that the log
continues under another epoch.
"""


@dataclass(frozen=True, slots=True)
class Card:
    """What is fixed about a session when it is made. `ttl_s` None never expires; `owner` is a hash of an API key.

    `key` is random and the session's own: what is at rest is encrypted with it, and it is gone with the session. Only a
    store that encrypts keeps it.
    """

    sid: str
    epoch: str
    token_hash: bytes = b""
    system: str = ""
    model: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    owner: str = ""
    ttl_s: float | None = None
    key: bytes = field(default=b"", repr=False)

    def secret(self, purpose: str) -> bytes:
        """32 bytes that only this session has, others for each purpose; they end with the session."""
        return derived(self.key or self.token_hash, purpose)


def derived(key: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose: HKDF-Expand of RFC 5869, one block of SHA-256."""
    return hmac.digest(key, purpose.encode() + b"\x01", sha256)


@dataclass(frozen=True, slots=True)
class Usage:
    """One ledger row: tokens of a turn. `cached` is part of `input`; `tries` counts requests, `outcome` is its end."""

    turn: int
    input: int
    cached: int
    output: int
    estimated: bool
    tries: int
    draft: bool
    outcome: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A session as found: its card, the last event's seq, and the state saved at the last trim, if there was one.

    `epoch` names the log if it is no longer the card's: acknowledged events were lost.
    """

    card: Card
    seq: int
    saved: Mapping[str, Any] | None = None
    epoch: str = ""


Posted = Callable[[str, str], None]
"""Called with a session's id and a text."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to append: `fence` goes with every append, `seq` is the log's end when it was given."""

    fence: int
    seq: int


class Store(Protocol):
    """Sessions on disk or elsewhere. All methods are called on the event loop and do not block it.

    Raises StoreError when the medium fails, UnknownSession for an id that is not there.
    """

    async def create(self, card: Card) -> None:
        """Keep a new session. Raises NameTaken."""
        ...

    async def find(self, name: str) -> str | None:
        """The id of a named conversation."""
        ...

    async def count(self, owner: str) -> int:
        """How many sessions an owner has."""
        ...

    async def kept(self, before_s: float = math.inf) -> list[str]:
        """Ids of sessions not made, acquired or renewed since `before_s` (seconds since 1970), oldest first."""
        ...

    async def load(self, sid: str) -> Stored: ...

    def append(
        self, sid: str, fence: int, events: Sequence[Event], turn: Usage | None = None, *, at_once: bool = False
    ) -> asyncio.Future[int]:
        """Log events and write a turn's ledger row, both or neither; the future is the log's new end.

        Appends of a session are logged in the order of the calls. `at_once` does not wait for others to share a
        commit. The future raises FenceLost, or StoreError; then later appends may be refused too.
        """
        ...

    async def read(self, sid: str, after: int, limit: int) -> list[Event]:
        """Up to `limit` events after `after`, in order."""
        ...

    async def usage(self, sid: str) -> list[Usage]:
        """The ledger of a session, by turn."""
        ...

    async def acquire(self, sid: str, node: str, ttl_s: float) -> Lease:
        """Become the one writer; every earlier fence is void. Raises LeaseHeld while another's lease lasts.

        The other node learns that the session is `wanted`.
        """
        ...

    async def renew(self, fences: Mapping[str, int], ttl_s: float) -> None:
        """Prolong leases still held; 0 gives them up. A lost one is left alone: its next append tells."""
        ...

    async def touch(self, left_s: Mapping[str, float]) -> None:
        """Set how long sessions live from now on, and remove those whose time is over.

        A store that many processes share lets none of them shorten a life that another one has prolonged.
        """
        ...

    async def trim(self, sid: str, fence: int, through: int, saved: Mapping[str, Any]) -> None:
        """Remove events up to `through`, keeping the state they led to."""
        ...

    async def delete(self, sid: str) -> None:
        """Remove a session and everything said in it."""
        ...

    async def post(self, sid: str, text: str) -> bool:
        """Hand a text to the node that holds the session's lease; False where there is none to be reached.

        It may be lost, and may come twice.
        """
        ...

    def watch(self, sid: str, logged: Callable[[int], None]) -> Callable[[], None]:
        """Have `logged` called on the event loop with the log's new end after appends; returns what ends that.

        A store that many processes share tells of all their appends, and of GONE and REWRITTEN.
        """
        ...

    def wanted(self, node: str, asked: Callable[[str], None], posted: Posted | None = None) -> None:
        """Have `asked` called with the id of each session that others want and `node` holds the lease of.

        `posted` is called with what others `post` to such a session.
        """
        ...

    async def close(self) -> None: ...


Logged = Callable[[int], None]


class Watchers:
    """Callbacks by session; called on the event loop."""

    def __init__(self) -> None:
        self._by_session: dict[str, list[Logged]] = {}

    @property
    def sessions(self) -> KeysView[str]:
        """The watched sessions."""
        return self._by_session.keys()

    def add(self, sid: str, logged: Logged) -> Callable[[], None]:
        """Have `logged` called with the log's new end; returns what ends that."""
        self._by_session.setdefault(sid, []).append(logged)

        def remove() -> None:
            watching = self._by_session.get(sid, [])
            if logged in watching:
                watching.remove(logged)
            if not watching:
                self._by_session.pop(sid, None)

        return remove

    def logged(self, sid: str, seq: int) -> None:
        """Tell those who watch this session."""
        for callback in tuple(self._by_session.get(sid, ())):
            callback(seq)
