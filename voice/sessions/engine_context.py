"""What all sessions of an engine share: the store, the model server, the clock, and how patient they are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, TypeVar

from voice.llm.interface import Upstream
from voice.safety.filters import Guards, NoGuard
from voice.safety.moderation import Moderation
from voice.sessions.circuit_breaker import BreakerPolicy, RetryPolicy
from voice.sessions.log import SessionTurn
from voice.sessions.stores.interface import Card, Store
from voice.sessions.upstream_queue import Limits, UpstreamQueue
from voice.tools.registry import Registry

T = TypeVar("T")

LONG = 512
"""Code points of a text that is worked on in a thread: a shorter one is done within milliseconds."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How sessions run: `ttl_s` is their life without a sign of it, `stall_s` a model server's longest silence.

    `input_chars` is how much may be said in a turn. Of a session's log about `keep_events` stay in the store and
    `tail_events` in memory, for those who follow it. `advertise` is the address at which clients reach this process,
    told to those who want what it holds. `waiting` messages of participants may wait in a session, of each author
    `waiting_each`. `person` is whose sessions they are, unless a session names its own.
    """

    model: str = ""
    context_tokens: int = 8192
    input_chars: int = 32_768
    ttl_s: float = 1800.0
    stall_s: float = 30.0
    lease_s: float = 10.0
    renew_s: float = 3.0
    touch_s: float = 60.0
    evict_s: float = 60.0
    keep_events: int = 4096
    tail_events: int = 1024
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    advertise: str = ""
    waiting: int = 64
    waiting_each: int = 8
    limits: Limits = field(default_factory=Limits)
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    person: str = ""


@dataclass(slots=True)
class EngineContext:
    """What all sessions of an engine share. `clock` gives seconds that only ever grow."""

    store: Store
    upstream: Upstream
    options: EngineOptions
    clock: Callable[[], float]
    random: Random
    node: str
    guards: Guards = field(default_factory=NoGuard)
    moderation: Moderation | None = None
    tools: Registry | None = None
    notes: Callable[[str], str] = lambda words: ""
    """What the owner's notes say about somebody's words, for the model; empty where they say nothing."""
    forgotten: tuple[Callable[[Card], None], ...] = ()
    """Called with a session that is deleted or over."""
    settled: tuple[Callable[[Card, SessionTurn], None], ...] = ()
    """Called with each turn that has become part of a conversation, and again when less of it is left."""
    recall: Callable[[str, str, str], Awaitable[str]] | None = None
    """What is remembered about somebody's words, for the model, of an owner's person; empty where it is nothing."""
    now: Callable[[], datetime] = field(default=lambda: datetime.now().astimezone())
    counts: dict[str, int] = field(default_factory=dict)
    levels: dict[str, float] = field(default_factory=dict)
    """Figures of the metrics that are measured, not counted."""
    open: dict[str, None] = field(default_factory=dict)
    """Ids of the sessions with an open turn, and of some whose turn has ended meanwhile."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    stopping: bool = False
    """The process ends: what waits is left to another one."""
    slots: UpstreamQueue = field(init=False)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "long texts"))

    def __post_init__(self) -> None:
        self.slots = UpstreamQueue(self.options.limits, self.options.breaker, self.clock)

    def person(self, card: Card, turn: SessionTurn) -> str:
        """Whose memory a turn uses; empty where that is not known. A turn cannot say so, only who makes the session.

        At a microphone of this machine it is the one whose voice was heard.
        """
        if self.options.person and turn.speaker:
            return str(turn.speaker.get("id", ""))
        return str(card.options.get("person") or self.options.person)

    def count(self, name: str, by: int = 1) -> None:
        """Add to a figure of the metrics."""
        self.counts[name] = self.counts.get(name, 0) + by

    def forget(self, card: Card) -> None:
        """Keep nothing of a session that is deleted or over, besides the store."""
        self.guards.forget(card.sid)
        for told in self.forgotten:
            told(card)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine beside the caller; it is kept until it ends."""
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def aside(self, size: int, work: Callable[[], T]) -> T:
        """Do `work` on a text of `size` code points; on a long one in a thread, one after another.

        Other sessions go on meanwhile.
        """
        if size <= LONG:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """No more texts are worked on."""
        self._thread.shutdown(wait=False, cancel_futures=True)
