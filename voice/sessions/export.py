"""Everything that is stored of a session, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from voice.sessions.session_log import PAGE
from voice.sessions.state import SessionState
from voice.sessions.stores.interface import Store, Stored


async def exported(store: Store, stored: Stored) -> dict[str, Any]:
    """The messages as remembered, the log with what was not heard, the ledger."""
    card, talk = stored.card, SessionState(stored.card.epoch, system=stored.card.system)
    if stored.saved is not None:
        talk.restore(stored.saved)
    events = []
    while talk.seq < stored.seq:
        for event in await store.read(card.sid, talk.seq, PAGE):
            talk.apply(event)
            events.append(event.to_json())
    return {
        "name": card.name,
        "session_id": card.sid,
        "system": card.system,
        "model": card.model,
        "options": dict(card.options),
        "messages": talk.snapshot()["messages"],
        "events": events,
        "usage": [asdict(row) for row in await store.usage(card.sid)],
    }
