"""Responses and conversations as sessions: found by their names, told from the log, continued by a turn."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from voice.llm.interface import Message
from voice.server.openai_api.responses.events import ResponseWriter
from voice.server.openai_api.responses.items import Item, ItemNames, told_turn
from voice.server.openai_api.responses.request import base
from voice.server.service import Service
from voice.sessions.active_session import ActiveSession
from voice.sessions.branch import branched
from voice.sessions.log import Event, Refused, SessionTurn
from voice.sessions.session_log import PAGE, catch_up
from voice.sessions.state import SessionState
from voice.sessions.tokens import Scope, opened_by, public_id


class ResponseStore:
    """What the routes of both APIs need of the sessions."""

    def __init__(self, service: Service) -> None:
        self._service, self.engine = service, service.engine

    async def _opened(self, kind: str, name: str, owner: str, scope: Scope) -> tuple[ActiveSession, int]:
        session, token, turn = opened_by(kind, name)
        try:
            live = await self._service.access.session(session, token, owner, scope)
            await catch_up(live, self.engine.parts)
            return live, turn
        except Refused as refused:
            if refused.code != "session_unknown":
                raise
            raise missing({"resp": "response", "conv": "conversation"}[kind]) from refused

    async def response(self, name: str, owner: str, scope: Scope = "read") -> tuple[ActiveSession, SessionTurn]:
        """The session and the turn of a response. Raises Refused not_found."""
        live, number = await self._opened("resp", name, owner, scope)
        turn = live.talk.turns.get(number)
        if turn is None or "response" in turn.removed or "response" not in turn.options.get("record", {}):
            raise missing("response")
        return live, turn

    async def conversation(self, name: str, owner: str, scope: Scope = "read") -> ActiveSession:
        """The session of a conversation. Raises Refused not_found."""
        live, _ = await self._opened("conv", name, owner, scope)
        if not is_conversation(live):
            raise missing("conversation")
        return live

    async def begin(self, owner: str, record: Mapping[str, Any]) -> ActiveSession:
        """A new session; its `record` says what it is."""
        await self._service.access.may_create(owner)
        live, _ = await self.engine.create(options={"record": record}, owner=owner)
        return live

    async def after(self, name: str, owner: str) -> ActiveSession:
        """The session in which a response is continued: its own, or a new one where that has gone another way."""
        live, turn = await self.response(name, owner, "write")
        if turn.running:
            raise Refused("turn_in_flight", "the previous response is still in progress", temporary=True)
        if turn.number == live.talk.last and not is_conversation(live):
            return live
        await self._service.access.may_create(owner)
        return await branched(self.engine, live, turn.number)

    async def ask(
        self, live: ActiveSession, words: str, options: Mapping[str, Any], *, answered: bool = True
    ) -> SessionTurn:
        """Add a turn. Raises Refused turn_in_flight where another one came first."""
        await live.own()
        try:
            return await live.ask(live.talk.last + 1, words, options=options, answered=answered)
        except Refused as refused:
            if refused.code != "sequence_conflict":
                raise
            what = "another response of this conversation is in progress"
            raise Refused("turn_in_flight", what, temporary=True) from refused

    def writer(self, live: ActiveSession, turn: SessionTurn) -> ResponseWriter:
        """What tells a turn as a response, from its first event on."""
        card = live.card
        conversation = public_id("conv", card.token_hash, card.sid) if is_conversation(live) else ""
        name = public_id("resp", card.token_hash, card.sid, turn.number)
        told = base(turn.options, turn.options["record"], name, conversation)
        return ResponseWriter(told, ItemNames(card.sid, turn.number))


def missing(what: str) -> Refused:
    """One answer for what never existed, was deleted, has expired, or belongs to another key."""
    return Refused("not_found", f"no such {what}", expected=f"a {what} of this key that has not expired")


def is_conversation(live: ActiveSession) -> bool:
    """Whether a session was made as a conversation, not by a response."""
    return "conversation" in live.card.options.get("record", {})


async def logged(live: ActiveSession, turn: SessionTurn) -> AsyncGenerator[Event]:
    """What the log has of a turn now. Raises Refused turn_gone where that was trimmed."""
    after = turn.first - 1
    while batch := await live.read(after, PAGE):
        after = batch[-1].seq
        for event in batch:
            if event.turn == turn.number:
                yield event


async def as_now(writer: ResponseWriter, live: ActiveSession, turn: SessionTurn) -> dict[str, Any]:
    """A response as it is now, whether it still runs or not."""
    await live.settled()
    try:
        async with aclosing(logged(live, turn)) as events:
            async for event in events:
                if writer.ended:
                    break
                writer.take(event)
    except Refused as refused:
        if refused.code != "turn_gone":
            raise
        if turn.number < live.talk.begins:
            raise missing("response") from refused
        writer.begin()
        writer.say(turn.text)
        for call in turn.calls:
            writer.call(call)
        writer.end("done", {"usage": turn.usage})
    return writer.response()


async def items_of(live: ActiveSession) -> list[Item]:
    """All items of a conversation that are still stored, oldest first."""
    found: list[Item] = []
    for turn in list(live.talk.turns.values()):
        if turn.kept:
            found += told_turn(live.card.sid, await whole(live, turn))
    return found


async def whole(live: ActiveSession, turn: SessionTurn) -> SessionTurn:
    """A turn with its text, read from the log where it is no longer in the model's window."""
    if turn.number >= live.talk.begins:
        return turn
    state = SessionState(live.talk.epoch)
    state.seq = turn.first - 1
    try:
        async with aclosing(logged(live, turn)) as events:
            async for event in events:
                state.apply(event._replace(seq=state.seq + 1))
    except Refused as refused:
        if refused.code != "turn_gone":
            raise
        return turn
    return state.turns[turn.number]


def remembered(live: ActiveSession, number: int) -> Sequence[Message]:
    """The messages up to a turn, as the model knows them."""
    return [said for turn in live.talk.remembered() if turn.number <= number for said in turn.messages()]
