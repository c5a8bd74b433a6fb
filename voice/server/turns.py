"""A turn as HTTP tells it: its events up to its end, and its failure as a refusal."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from voice.sessions.active_session import Live
from voice.sessions.log import ENDS, Event, Refused

NO_USAGE: Mapping[str, Any] = {"input": 0, "cached": 0, "output": 0, "estimated": False}
FAILED = ("failed", "retry_failed")


async def turn_events(live: Live, number: int, first: int) -> AsyncGenerator[Event]:
    """The turn's events from `started` to its end. Raises Refused when the session is lost meanwhile."""
    async with aclosing(live.follow(first - 1)) as events:
        async for event in events:
            if event.turn == number:
                yield event
                if event.t in ENDS:
                    return


def usage(end: Event) -> Mapping[str, Any]:
    """What a turn that ended like that has used."""
    used: Mapping[str, Any] = (end.d or {}).get("usage") or NO_USAGE
    return used


def failed(end: Event) -> Refused:
    """A failed turn. The same sequence would only replay it, so clients are not told to try that again."""
    remedy = "send it as the next turn" if end.d["temporary"] else ""
    return Refused(end.d["code"], end.d["message"], temporary=False, remedy=remedy)
