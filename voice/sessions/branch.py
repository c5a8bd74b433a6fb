"""A conversation that continues from an earlier turn: what came after it belongs to the old session only."""

from __future__ import annotations

from voice.sessions.active_session import ActiveSession
from voice.sessions.engine import Engine
from voice.sessions.log import SessionTurn


async def branched(engine: Engine, live: ActiveSession, number: int) -> ActiveSession:
    """A new session with all that is remembered up to a turn, and the old one's owner, model and options.

    Placeholders of private words stay as they are there: only the old session knows what they stand for.
    """
    card = live.card
    options = {name: value for name, value in card.options.items() if name != "record"}
    new, _ = await engine.create(system=card.system, model=card.model, options=options, owner=card.owner)
    for turn in list(live.talk.remembered()):
        if turn.number <= number:
            _repeat(new, turn)
    await new.settled()
    return new


def _repeat(live: ActiveSession, turn: SessionTurn) -> None:
    """Take over a turn as it is remembered elsewhere, where it was read and judged."""
    talk = live.talk
    options = {name: turn.options[name] for name in ("before", "instructions") if name in turn.options}
    copy, events = talk.send(talk.last + 1, turn.input, options=options, categories=turn.categories)
    live.put(events)
    at = 0
    for step in turn.steps:
        live.put_delta(copy, turn.text[at : step["at"]])
        at = step["at"]
        for call in step["calls"]:
            live.put_call(copy, call)
        for result in step["results"]:
            live.put_result(copy, result)
    live.put_delta(copy, turn.text[at:])
    for call in turn.calls:
        live.put_effect(copy, "function_call", call)
    live.end(copy, "done", {})
    live.put(talk.remove(copy.number, turn.removed))
