"""Sessions in memory: for tests, demos and conversations that are not stored."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from voice.sessions.log import Event
from voice.sessions.stores.interface import (
    GONE,
    Card,
    FenceLost,
    Lease,
    LeaseHeld,
    NameTaken,
    Posted,
    Stored,
    UnknownSession,
    Usage,
    Watchers,
)


@dataclass(slots=True)
class _Kept:
    card: Card
    events: list[Event] = field(default_factory=list)
    seq: int = 0
    saved: Mapping[str, Any] | None = None
    ledger: dict[int, Usage] = field(default_factory=dict)
    fence: int = 0
    holder: str = ""
    lease_until: float = 0.0
    expires: float | None = None
    used: float = 0.0


class MemoryStore:
    """A Store that forgets everything with the process.

    `clock` gives seconds, the running loop's time by default; `wall` those since 1970.
    """

    def __init__(self, clock: Callable[[], float] | None = None, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._kept: dict[str, _Kept] = {}
        self._watchers = Watchers()
        self._nodes: dict[str, tuple[Callable[[str], None], Posted | None]] = {}

    async def create(self, card: Card) -> None:
        if card.name is not None and await self.find(card.name) is not None:
            raise NameTaken(card.name)
        expires = None if card.ttl_s is None else self._clock() + card.ttl_s
        self._kept[card.sid] = _Kept(card, expires=expires, used=self._wall())

    async def find(self, name: str) -> str | None:
        return next((sid for sid, kept in self._kept.items() if kept.card.name == name), None)

    async def count(self, owner: str) -> int:
        return sum(1 for kept in self._kept.values() if kept.card.owner == owner)

    async def kept(self, before_s: float = math.inf) -> list[str]:
        found = [(kept.used, sid) for sid, kept in self._kept.items() if kept.used < before_s]
        return [sid for _, sid in sorted(found)]

    async def load(self, sid: str) -> Stored:
        kept = self._get(sid)
        return Stored(kept.card, kept.seq, kept.saved)

    def append(
        self, sid: str, fence: int, events: Sequence[Event], turn: Usage | None = None, *, at_once: bool = False
    ) -> asyncio.Future[int]:
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        try:
            kept = self._get(sid)
        except UnknownSession as unknown:
            answer.set_exception(unknown)
            return answer
        if kept.fence != fence or (events and events[0].seq != kept.seq + 1):
            answer.set_exception(FenceLost(sid))
            return answer
        kept.events += events
        kept.seq += len(events)
        if turn is not None:
            kept.ledger[turn.turn] = turn
        answer.set_result(kept.seq)
        asyncio.get_running_loop().call_soon(self._watchers.logged, sid, kept.seq)
        return answer

    async def read(self, sid: str, after: int, limit: int) -> list[Event]:
        events = self._get(sid).events
        start = max(0, after + 1 - events[0].seq) if events else 0
        return events[start : start + limit]

    async def usage(self, sid: str) -> list[Usage]:
        ledger = self._get(sid).ledger
        return [ledger[turn] for turn in sorted(ledger)]

    async def acquire(self, sid: str, node: str, ttl_s: float) -> Lease:
        kept, now = self._get(sid), self._clock()
        if kept.holder not in ("", node) and now < kept.lease_until:
            asked = self._nodes.get(kept.holder)
            if asked is not None:
                asyncio.get_running_loop().call_soon(asked[0], sid)
            raise LeaseHeld(sid, kept.holder, kept.lease_until - now)
        kept.fence, kept.holder, kept.lease_until, kept.used = kept.fence + 1, node, now + ttl_s, self._wall()
        return Lease(kept.fence, kept.seq)

    async def renew(self, fences: Mapping[str, int], ttl_s: float) -> None:
        for sid, fence in fences.items():
            kept = self._kept.get(sid)
            if kept is not None and kept.fence == fence:
                kept.lease_until, kept.used = self._clock() + ttl_s, self._wall()

    async def touch(self, left_s: Mapping[str, float]) -> None:
        now = self._clock()
        for sid, left in left_s.items():
            kept = self._kept.get(sid)
            if kept is not None and kept.expires is not None:
                kept.expires = now + left
        for sid in [sid for sid, kept in self._kept.items() if _over(kept, now)]:
            del self._kept[sid]

    async def trim(self, sid: str, fence: int, through: int, saved: Mapping[str, Any]) -> None:
        kept = self._get(sid)
        if kept.fence != fence:
            raise FenceLost(sid)
        kept.events = [event for event in kept.events if event.seq > through]
        kept.saved = saved

    async def delete(self, sid: str) -> None:
        if self._kept.pop(sid, None) is None:
            raise UnknownSession(sid)
        asyncio.get_running_loop().call_soon(self._watchers.logged, sid, GONE)

    async def post(self, sid: str, text: str) -> bool:
        kept = self._get(sid)
        _, posted = self._nodes.get(kept.holder, (None, None))
        if posted is None or self._clock() >= kept.lease_until:
            return False
        asyncio.get_running_loop().call_soon(posted, sid, text)
        return True

    def watch(self, sid: str, logged: Callable[[int], None]) -> Callable[[], None]:
        return self._watchers.add(sid, logged)

    def wanted(self, node: str, asked: Callable[[str], None], posted: Posted | None = None) -> None:
        self._nodes[node] = asked, posted

    async def close(self) -> None:
        self._kept.clear()

    def _get(self, sid: str) -> _Kept:
        kept = self._kept.get(sid)
        if kept is None or _over(kept, self._clock()):
            raise UnknownSession(sid)
        return kept


def _over(kept: _Kept, now: float) -> bool:
    return kept.expires is not None and kept.expires <= now
