"""Waiting for a turn at the model server: admission and breaker on a clock, with futures for those who wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from types import TracebackType
from typing import Self, cast

from voice.llm.interface import Ask, Upstream, UpstreamError
from voice.sessions.admission import Admission, Limits, Ticket
from voice.sessions.circuit_breaker import Breaker, BreakerPolicy
from voice.sessions.interface import Delta, Done, Effect
from voice.sessions.log import Refused

UNAVAILABLE = "upstream_unavailable"
WHY = "the model server failed too often; it is being tried again"
NOT_ASKED = frozenset({UNAVAILABLE, "overloaded"})
"""Failures of a turn for which the model server was not asked: no further try follows."""


class Slots:
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
        """Give a place back, and wake whoever may run now."""
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
            what = f"no place at the model server within {wait_s:g} s"
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
