"""The log of one session in this process: written in order, followed, and taken over from another process."""

from __future__ import annotations

import asyncio
import logging
import math
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from voice.logs import short
from voice.sessions.engine_context import EngineContext
from voice.sessions.log import Event, Refused, SessionTurn
from voice.sessions.state import SessionState
from voice.sessions.stores.interface import Card, FenceLost, Lease, LeaseHeld, StoreError, UnknownSession, Usage

log = logging.getLogger(__name__)

PAGE = 1000
HAND_OVER_S = (0.02, 0.04, 0.08)
"""Waits in which a holder that is not using a session releases it to a node that requests it."""


def moved(what: str, *, node: str = "") -> Refused:
    """Another process has the session; where its address is known, the client may go there."""
    return Refused("session_moved", what, temporary=True, at=node.partition("@")[2])


def unknown_session() -> Refused:
    """One answer for sessions that never existed, were deleted, or whose token is wrong."""
    return Refused("session_unknown", "no such session, or the token is wrong", remedy="create a session")


class SessionLog(ABC):
    """The store has events before followers: `logged` says how far. Once `lost` is set, the log ends here."""

    __slots__ = ("_appending", "_listeners", "_parts", "_pending", "_tail", "_tail_after", "card", "fence", "logged",
                 "lost", "seen", "talk")  # fmt: skip

    def __init__(self, parts: EngineContext, card: Card, talk: SessionState, tail: Sequence[Event]) -> None:
        self._parts, self.card, self.talk = parts, card, talk
        self.logged = talk.seq
        self.fence: int | None = None
        self.lost: Refused | None = None
        self.seen = parts.clock()
        self._tail = list(tail)
        self._tail_after = talk.seq - len(self._tail)
        self._pending: list[Event] = []
        self._appending = 0
        self._listeners: dict[Callable[[], None], None] = {}

    @abstractmethod
    def leave(self, why: Refused) -> None:
        """Go on no more in this process, and tell followers why."""

    @abstractmethod
    def learn(self, events: Sequence[Event]) -> None:
        """Take what another owner logged, from the store."""

    @property
    @abstractmethod
    def answering(self) -> bool:
        """Whether a reply is being generated, here or elsewhere."""

    @property
    def followed(self) -> bool:
        return bool(self._listeners)

    def alive(self) -> None:
        """Take a sign of life."""
        self.seen = self._parts.clock()

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have `wake` called whenever there is something new; returns what ends that."""
        self._listeners[wake] = None

        def leave() -> None:
            self._listeners.pop(wake, None)
            self.alive()

        return leave

    def recent(self, after: int, limit: int) -> Sequence[Event] | None:
        """Logged events after `after` if memory still has them, else None: then `read`."""
        start = after - self._tail_after
        if start < 0:
            return None
        return self._tail[start : min(start + limit, self.logged - self._tail_after)]

    async def read(self, after: int, limit: int) -> Sequence[Event]:
        """Logged events after `after`, from memory or from the store. Raises Refused turn_gone if they were trimmed."""
        recent = self.recent(after, limit)
        if recent is not None:
            return recent
        events = await self._parts.store.read(self.card.sid, after, limit)
        if not events or events[0].seq != after + 1:
            raise Refused("turn_gone", f"the events after {after} were trimmed from the log", remedy="attach again")
        return [event for event in events if event.seq <= self.logged]

    async def follow(self, after: int) -> AsyncGenerator[Event]:
        """Every event after `after`, first the logged, then the live ones, without end. Raises Refused when `lost`."""
        async with aclosing(self.batches(after)) as batches:
            async for batch in batches:
                for event in batch:
                    yield event

    async def batches(
        self, after: int, *, patience_s: float = math.inf, until: float = math.inf
    ) -> AsyncGenerator[Sequence[Event]]:
        """Like `follow`, but all there is at once; an empty batch after `patience_s` seconds without an event.

        Ends at `until`, a time of the engine's clock.
        """
        news = asyncio.Event()
        leave = self.listen(news.set)
        try:
            while (left_s := until - self._parts.clock()) > 0:
                news.clear()
                batch = await self.read(after, PAGE)
                if batch:
                    after = batch[-1].seq
                    yield batch
                elif self.lost is not None:
                    raise self.lost
                else:
                    wait_s = min(patience_s, left_s)
                    try:
                        async with asyncio.timeout(wait_s if wait_s < math.inf else None):
                            await news.wait()
                    except TimeoutError:
                        if left_s > patience_s:
                            yield ()
        finally:
            leave()

    async def settled(self) -> None:
        """Wait until everything up to now is logged. Raises Refused when it could not be."""
        goal, news = self.talk.seq, asyncio.Event()
        if self._pending:
            self._flush(at_once=True)
        leave = self.listen(news.set)
        try:
            while self.logged < goal and self.lost is None:
                news.clear()
                await news.wait()
        finally:
            leave()
        if self.lost is not None:
            raise self.lost

    async def counts(self, turn: SessionTurn) -> bool:
        """Wait until a draft is decided and what was logged is kept; returns whether the turn counts and still runs."""
        news = asyncio.Event()
        leave = self.listen(news.set)
        try:
            while turn.draft and turn.running and self.lost is None:
                news.clear()
                await news.wait()
        finally:
            leave()
        await self.settled()
        return turn.running

    def _write(self, events: Sequence[Event], row: Usage | None = None, *, at_once: bool) -> None:
        if not events or self.lost is not None:
            return
        self._tail += events
        self._pending += events
        if at_once or row is not None or not self._appending:
            self._flush(row, at_once=at_once)

    def _flush(self, row: Usage | None = None, *, at_once: bool) -> None:
        assert self.fence is not None
        events, self._pending = self._pending, []
        self._appending += 1
        self._parts.count("events_logged", len(events))
        written = self._parts.store.append(self.card.sid, self.fence, events, row, at_once=at_once)
        written.add_done_callback(self._written)

    def _written(self, written: asyncio.Future[int]) -> None:
        self._appending -= 1
        error = None if written.cancelled() else written.exception()
        if isinstance(error, FenceLost):
            self.leave(moved("another process took over the session"))
        elif isinstance(error, UnknownSession):
            self.leave(unknown_session())
        elif error is not None:
            log.error("session %s cannot be logged: %s", short(self.card.sid), error)
            self.leave(Refused("store_failed", f"the conversation cannot be stored: {error}", temporary=True))
        elif self._pending and not self._appending and self.lost is None:
            self._flush(at_once=False)

    def _reached(self, seq: int) -> None:
        """The store has everything up to `seq`: followers may have it, and memory keeps the recent part."""
        self.logged = max(self.logged, seq)
        keep = self._parts.options.tail_events
        if len(self._tail) > 2 * keep:
            drop = min(len(self._tail) - keep, self.logged - self._tail_after)
            del self._tail[:drop]
            self._tail_after += drop
        self._wake()

    def _wake(self) -> None:
        for wake in tuple(self._listeners):
            wake()

    def trim(self) -> None:
        """Forget the oldest events of a log that has grown long, here and in the store."""
        talk, keep = self.talk, self._parts.options.keep_events
        if talk.seq - talk.trimmed > 2 * keep and (through := talk.trim_point(keep)) > talk.trimmed:
            talk.trim(through)
            if self.fence is not None:
                self._parts.spawn(self._shorten(through, talk.to_json(), self.fence))

    async def _shorten(self, through: int, saved: Mapping[str, Any], fence: int) -> None:
        try:
            await self._parts.store.trim(self.card.sid, fence, through, saved)
        except (StoreError, FenceLost, UnknownSession) as error:
            log.warning("the log of session %s could not be shortened: %s", short(self.card.sid), error)


async def acquire(live: SessionLog, parts: EngineContext) -> Lease:
    """Take the session's lease and learn everything logged before. Raises Refused session_moved or session_unknown."""
    lease = await _lease(live, parts)
    await read_on(live, parts, lease.seq)
    return lease


async def read_on(live: SessionLog, parts: EngineContext, goal: int) -> None:
    """Learn what others logged, at least up to `goal`. Raises Refused if it is no longer available."""
    while live.talk.seq < goal:
        events = await parts.store.read(live.card.sid, live.talk.seq, PAGE)
        if not events or events[0].seq > live.talk.seq + 1:
            raise moved("another process wrote to the log; attach again")
        live.learn(events)


async def catch_up(live: SessionLog, parts: EngineContext) -> None:
    """Learn what another owner has logged by now, whose notice may still be on its way. Raises Refused."""
    try:
        while live.fence is None and (events := await parts.store.read(live.card.sid, live.talk.seq, PAGE)):
            if events[0].seq != live.talk.seq + 1:
                return  # trimmed, or learned meanwhile
            live.learn(events)
    except UnknownSession as unknown:
        raise unknown_session() from unknown


async def _lease(live: SessionLog, parts: EngineContext) -> Lease:
    waits = iter(HAND_OVER_S)
    while True:
        try:
            return await parts.store.acquire(live.card.sid, parts.node, parts.options.lease_s)
        except UnknownSession as unknown:
            raise unknown_session() from unknown
        except LeaseHeld as held:
            wait_s = next(waits, None)
            if wait_s is None or not held.node or live.answering:
                raise moved("another process owns the session", node=held.node) from held
        await asyncio.sleep(wait_s)


def ledger_row(turn: SessionTurn) -> Usage:
    """What a turn cost, as the ledger keeps it."""
    assert turn.usage is not None
    return Usage(turn.number, **turn.usage, tries=turn.tries, draft=turn.drafted, outcome=turn.outcome)
