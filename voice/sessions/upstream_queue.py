"""Admission and fairness: which turn runs next, decided without a clock, and the queue of waiting turns."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self, cast

from voice.llm.interface import Ask, Delta, Done, Effect, Upstream, UpstreamError
from voice.sessions.circuit_breaker import Breaker, BreakerPolicy
from voice.sessions.log import Refused

SHORTEST_S, LONGEST_S = 1.0, 60.0
"""Bounds of `Retry-After` for refused clients."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`turns` in flight at once, of which a key may have `per_key`; `queue` turns may wait, none longer than `wait_s`.

    A key alone may fill half of the queue, so that the next key finds room (dynamic thresholds, Choudhury and Hahne
    1998). `tokens_per_min` is what a key may use, input and output, paid afterwards. 0 is unlimited, but of `queue` it
    is none.
    """

    turns: int = 0
    per_key: int = 0
    queue: int = 0
    wait_s: float = 30.0
    tokens_per_min: float = 0.0


class Ticket:
    """A turn's place: waiting, then running, then given back. `low` ones run only while no other waits."""

    __slots__ = ("low", "owner", "since", "state")

    def __init__(self, owner: str, since: float, *, low: bool = False) -> None:
        self.owner, self.since, self.low = owner, since, low
        self.state = "waiting"


class Admission:
    """The queue in front of the model server. Times are seconds that only grow, given by the caller."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.running = self.waiting = 0
        self._running: dict[str, int] = {}
        self._lines: dict[str, deque[Ticket]] = {}  # in the order of their next turn
        self._low: deque[Ticket] = deque()
        self._took_s = 1.0
        self._owed: dict[str, tuple[float, float]] = {}

    def check(self, owner: str, now: float) -> None:
        """Raises Refused overloaded where the owner's next turn would find no place, rate_limited without tokens."""
        owed = self._debt(owner, now) if self.limits.tokens_per_min else 0.0
        if owed > 0:
            wait_s = owed / self.limits.tokens_per_min * 60
            what = f"more than {self.limits.tokens_per_min:g} tokens per minute"
            raise Refused("rate_limited", what, temporary=True, retry_after_s=wait_s)
        free = self.limits.queue - self.waiting
        if self._must_wait(owner) and len(self._lines.get(owner, ())) >= free:
            what = f"{self.running} turns in flight, {self.waiting} waiting"
            raise Refused("overloaded", what, temporary=True, retry_after_s=self.patience_s())

    def enter(self, owner: str, now: float, *, low: bool = False) -> Ticket:
        """Take a place; the ticket may run at once. Never refuses: `check` does, before anything is promised."""
        ticket = Ticket(owner, now, low=low)
        if low:
            self._low.append(ticket)
        else:
            self._lines.setdefault(owner, deque()).append(ticket)
            self.waiting += 1
        self._grant(now)
        return ticket

    def leave(self, ticket: Ticket, now: float) -> list[Ticket]:
        """Give a place back, waiting or running; return the tickets that run now because of it."""
        if ticket.state == "running":
            self.running -= 1
            self._running[ticket.owner] -= 1
            if not self._running[ticket.owner]:
                del self._running[ticket.owner]
            if not ticket.low:
                self._took_s += (now - ticket.since - self._took_s) / 8
        elif ticket.state == "waiting" and ticket.low:
            self._low.remove(ticket)
        elif ticket.state == "waiting":
            line = self._lines[ticket.owner]
            line.remove(ticket)
            self.waiting -= 1
            if not line:
                del self._lines[ticket.owner]
        ticket.state = "gone"
        return self._grant(now)

    def spend(self, owner: str, tokens: int, now: float) -> None:
        """Count what a turn has used."""
        if owner and self.limits.tokens_per_min:
            self._owed[owner] = self._debt(owner, now) + tokens, now

    def patience_s(self) -> float:
        """Seconds after which a refused turn has a chance: what those in front of it take."""
        wait_s = self._took_s * (self.waiting + 1) / max(1, self.limits.turns)
        return min(LONGEST_S, max(SHORTEST_S, wait_s))

    def _debt(self, owner: str, now: float) -> float:
        """Tokens used beyond what a minute allows at once; below 0 is what is left."""
        owed, at = self._owed.get(owner, (-self.limits.tokens_per_min, now))
        return max(-self.limits.tokens_per_min, owed - (now - at) * self.limits.tokens_per_min / 60)

    def _must_wait(self, owner: str) -> bool:
        return owner in self._lines or not self._free() or not self._free_for(owner)

    def _free(self) -> bool:
        return not self.limits.turns or self.running < self.limits.turns

    def _free_for(self, owner: str) -> bool:
        return not self.limits.per_key or not owner or self._running.get(owner, 0) < self.limits.per_key

    def _grant(self, now: float) -> list[Ticket]:
        """Let tickets run while there is room: one of each key in turn, low ones after all others."""
        granted: list[Ticket] = []
        while self._free():
            owner = next((owner for owner in self._lines if self._free_for(owner)), None)
            if owner is not None:
                line = self._lines.pop(owner)
                ticket = line.popleft()
                self.waiting -= 1
                if line:
                    self._lines[owner] = line  # at the end: the next key has its turn first
            elif self._low and not self._lines:
                ticket = self._low.popleft()
            else:
                break
            ticket.state = "running"
            ticket.since = now
            self.running += 1
            self._running[ticket.owner] = self._running.get(ticket.owner, 0) + 1
            granted.append(ticket)
        return granted


UNAVAILABLE = "upstream_unavailable"
WHY = "the model server failed repeatedly; requests are paused"
NOT_ASKED = frozenset({UNAVAILABLE, "overloaded"})
"""Failures of a turn for which the model server was not asked: no further try follows."""


class UpstreamQueue:
    """The way to the model server. `clock` gives seconds that only grow.

    `overfull` says why nothing new can be taken, "" while it can.
    """

    def __init__(self, limits: Limits, policy: BreakerPolicy, clock: Callable[[], float]) -> None:
        self.admission, self.breaker = Admission(limits), Breaker(policy)
        self.overfull: Callable[[], str] = lambda: ""
        self.shed = 0
        """Turns and sessions refused because the server was full."""
        self._clock = clock
        self._waiters: dict[Ticket, asyncio.Future[None]] = {}

    def check(self, owner: str) -> None:
        """Raises Refused overloaded, rate_limited or upstream_unavailable where a turn had better not be sent now."""
        now = self._clock()
        try:
            self.check_room()
            self.admission.check(owner, now)
        except Refused as refused:
            self.shed += refused.code == "overloaded"
            raise
        wait_s = self.breaker.wait_s(now)
        if wait_s is not None:
            raise Refused(UNAVAILABLE, WHY, temporary=True, retry_after_s=wait_s)

    def check_room(self) -> None:
        """Raises Refused overloaded while this process is overfull."""
        why = self.overfull()
        if why:
            raise Refused("overloaded", why, temporary=True, retry_after_s=5.0)

    def enter(self, owner: str, *, low: bool = False) -> Ticket:
        """Take a place in the queue; `leave` gives it back."""
        return self.admission.enter(owner, self._clock(), low=low)

    def leave(self, ticket: Ticket) -> None:
        """Release a slot and wake the next waiting turn."""
        for granted in self.admission.leave(ticket, self._clock()):
            waiter = self._waiters.pop(granted, None)
            if waiter is not None and not waiter.done():
                waiter.set_result(None)

    async def ready(self, ticket: Ticket) -> None:
        """Wait until the ticket may run. Raises UpstreamError overloaded after `wait_s` seconds."""
        if ticket.state == "running":
            return
        waiter = self._waiters[ticket] = asyncio.get_running_loop().create_future()
        wait_s = self.admission.limits.wait_s
        try:
            async with asyncio.timeout(None if ticket.low else wait_s):
                await waiter
        except TimeoutError as error:
            what = f"no free slot at the model server within {wait_s:g} s"
            raise UpstreamError(what, code="overloaded", temporary=True) from error
        finally:
            self._waiters.pop(ticket, None)

    def spend(self, owner: str, tokens: int) -> None:
        """Count what a turn has used against its key's tokens."""
        self.admission.spend(owner, tokens, self._clock())

    def attempt(self) -> Attempt:
        """One request to the model server, as the breaker sees it."""
        return Attempt(self.breaker, self._clock)

    @asynccontextmanager
    async def held(self, owner: str, *, low: bool = False) -> AsyncGenerator[None]:
        """A place for as long as the block runs. Raises UpstreamError overloaded where none is free in time."""
        ticket = self.enter(owner, low=low)
        try:
            await self.ready(ticket)
            yield
        finally:
            self.leave(ticket)

    async def stream(self, upstream: Upstream, ask: Ask, owner: str) -> AsyncGenerator[Delta | Effect | Done]:
        """A reply outside of any session, in its turn like the others. Raises UpstreamError."""
        async with self.held(owner):
            with self.attempt() as attempt:
                async with aclosing(cast("AsyncGenerator[Delta | Effect | Done]", upstream.stream(ask))) as items:
                    async for item in items:
                        attempt.answered()
                        yield item


class Attempt:
    """A context manager around one request; what is raised inside tells the breaker how it went.

    Entering raises UpstreamError upstream_unavailable while the breaker is open.
    """

    def __init__(self, breaker: Breaker, clock: Callable[[], float]) -> None:
        self._breaker, self._clock = breaker, clock
        self._told = False

    def __enter__(self) -> Self:
        self._mark = self._clock()
        wait_s = self._breaker.ask(self._mark)
        if wait_s is not None:
            raise UpstreamError(WHY, code=UNAVAILABLE, temporary=True, retry_after_s=wait_s)
        return self

    def answered(self) -> None:
        """Its first token came; more of them change nothing."""
        if not self._told:
            self._told = True
            self._breaker.worked(self._mark, self._clock())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, UpstreamError) and blames_server(error):
            self._breaker.failed(self._mark, self._clock())
        elif isinstance(error, UpstreamError) or error is None:
            self.answered()
        elif not self._told:
            self._breaker.gave_up(self._mark)


def blames_server(error: UpstreamError) -> bool:
    """Whether the failure says that the server is unwell: not for a refusal that concerns one key or one request."""
    return error.temporary and error.code != "upstream_rate_limited"
