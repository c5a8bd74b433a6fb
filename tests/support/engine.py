"""An engine over the fake store and the fake model, in virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from random import Random
from typing import Any

from tests.support.scripted_llm import ScriptedUpstream, Step, echo
from voice.clock import run_virtual
from voice.llm.interface import Ask
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine import Engine
from voice.sessions.engine_context import EngineOptions
from voice.sessions.log import ENDS, Event
from voice.sessions.stores.memory import MemoryStore


class Answers:
    """Scripted answers, one for each request; the last one stays."""

    def __init__(self, *answers: Iterable[Step]) -> None:
        self.answers = [list(answer) for answer in answers]

    def __call__(self, ask: Ask) -> Iterable[Step]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def scene(play: Callable[[Engine, ScriptedUpstream], Awaitable[Any]], *answers: Iterable[Step], **how: Any) -> Any:
    """Play with an engine in virtual time."""

    async def run() -> Any:
        upstream = ScriptedUpstream(Answers(*answers) if answers else echo)
        options = EngineOptions(**how.pop("options", {}))
        engine = Engine(how.pop("store", None) or MemoryStore(), upstream, options, random=Random(7), **how)
        try:
            return await play(engine, upstream)
        finally:
            await engine.close()

    return run_virtual(run())


async def until_end(live: ActiveSession, after: int = 0) -> list[Event]:
    """The events after `after` up to the next end of a turn."""
    events: list[Event] = []
    async for event in live.follow(after):
        events.append(event)
        if event.t in ENDS:
            break
    return events


def text(events: list[Event]) -> str:
    """The reply in these events."""
    return "".join(event.d for event in events if event.t == "delta")
