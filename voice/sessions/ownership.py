"""Sessions that several processes share: who may change one, and how the others learn what is logged."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from voice.sessions.engine_context import Parts
from voice.sessions.log import Refused
from voice.sessions.stores.interface import Lease, LeaseHeld, UnknownSession

if TYPE_CHECKING:
    from voice.sessions.active_session import Live

PAGE = 1000
HAND_OVER_S = (0.02, 0.04, 0.08)
"""Waits in which a holder that does nothing with a session gives it up to whoever wants it."""


async def acquire(live: Live, parts: Parts) -> Lease:
    """Take the session's lease and learn everything logged before. Raises Refused session_moved or session_unknown."""
    lease = await _lease(live, parts)
    await read_on(live, parts, lease.seq)
    return lease


async def read_on(live: Live, parts: Parts, goal: int) -> None:
    """Learn what others logged, at least up to `goal`. Raises Refused where that is not to be had any more."""
    while live.talk.seq < goal:
        events = await parts.store.read(live.card.sid, live.talk.seq, PAGE)
        if not events or events[0].seq > live.talk.seq + 1:
            raise moved("the log went on without this process; attach again")
        live.learn(events)


def moved(what: str, *, node: str = "") -> Refused:
    """Another process has the session; where its address is known, the client may go there."""
    return Refused("session_moved", what, temporary=True, at=node.partition("@")[2])


def unknown_session() -> Refused:
    """Said of sessions that never were, are no more, or whose token is wrong: in the same words."""
    return Refused("session_unknown", "no such session, or the token is wrong", remedy="create a session")


async def _lease(live: Live, parts: Parts) -> Lease:
    waits = iter(HAND_OVER_S)
    while True:
        try:
            return await parts.store.acquire(live.card.sid, parts.node, parts.options.lease_s)
        except UnknownSession as unknown:
            raise unknown_session() from unknown
        except LeaseHeld as held:
            wait_s = next(waits, None)
            if wait_s is None or not held.node or live.answering:
                raise moved("another process has the session", node=held.node) from held
        await asyncio.sleep(wait_s)
