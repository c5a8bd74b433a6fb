"""A session in this process: the same core as a served one, without a network in between."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from voice.llm.interface import Delta, Effect, Message
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine import FOREVER, Engine
from voice.sessions.interface import ReplyEvent, ReplyFailed, Working
from voice.sessions.log import ENDS, Event, Refused, SessionTurn, announcement, done_of
from voice.sessions.session_log import PAGE
from voice.sessions.stores.interface import StoreError
from voice.tools.interface import Tool

log = logging.getLogger(__name__)


async def open_local(engine: Engine, *, name: str | None = None, system: str = "") -> LocalSession:
    """Go on with the conversation of this name, or begin one; `system` counts for new ones only.

    Without a name it is deleted when it is closed, since no one could return to it.
    """
    live = None if name is None else await engine.find(name)
    if live is None:
        live, _ = await engine.create(system=system, name=name, ttl_s=FOREVER if name is not None else None)
    await live.own(regenerate=False)
    return LocalSession(engine, live)


class LocalSession:
    """A Session whose engine runs here."""

    def __init__(self, engine: Engine, live: ActiveSession) -> None:
        self._engine = engine
        self.id = live.card.sid
        self.effects: tuple[str, ...] = ()
        """What is carried out here besides saying the reply."""
        self.model = ""
        """The model that answers from now on; empty: the session's."""
        self.speaker: Callable[[], Mapping[str, str]] = dict
        """The speaker of what is sent next, id and name, as heard; nothing where no one listens for that."""
        self._say: Callable[[str], None] = lambda text: None
        self._hold(live)

    def send(self, text: str, *, draft: bool = False) -> LocalReply:
        return LocalReply(self, text, draft)

    def options(self) -> Mapping[str, Any]:
        """What its turns are asked with besides the words."""
        speaker = self.speaker()
        own = {"effects": list(self.effects), "model": self.model, "speaker": dict(speaker)}
        return {name: value for name, value in own.items() if value}

    def tools(self) -> dict[str, Tool]:
        """The tools offered to the model, by name."""
        tools = self._engine.parts.tools
        return tools.tools if tools is not None else {}

    def announce_to(self, say: Callable[[str], None]) -> None:
        self._say = say

    async def history(self) -> Sequence[Message]:
        """What was said and heard since the context was last cut, without the system message."""
        return [message for _, message in (await self.owned()).talk.messages()]

    async def close(self) -> None:
        turn = self.live.talk.open_turn()
        if turn is not None and self.live.lost is None:
            self.live.cancel(turn.number)
        self._leave()
        if self.live.card.name is None:
            await self._engine.delete(self.id)
        else:
            await self._engine.release(self.live)

    async def forget(self) -> None:
        """Remove everything said; what is sent next begins a session of the same name, prompt and options."""
        card, leave = self.live.card, self._leave
        life = FOREVER if card.ttl_s is None else card.ttl_s
        if card.name is not None:
            await self._gone(card.sid)
        live, _ = await self._engine.create(
            system=card.system, model=card.model, options=card.options, name=card.name, owner=card.owner, ttl_s=life
        )
        self.id = live.card.sid
        self._hold(live)
        leave()
        if card.name is None:  # the name does not hinder: there is a session for what is sent meanwhile, too
            await self._gone(card.sid)

    async def _gone(self, sid: str) -> None:
        with contextlib.suppress(Refused):  # it was gone already
            await self._engine.delete(sid)

    async def owned(self) -> ActiveSession:
        """The session as this process may change it, opened again if it was lost. Raises Refused or StoreError."""
        if self.live.lost is not None:
            self._leave()
            self._hold(await self._engine.open(self.id))
        await self.live.own(regenerate=False)
        return self.live

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run work that may outlive its caller."""
        return self._engine.parts.spawn(work)

    def _hold(self, live: ActiveSession) -> None:
        self.live, self._read = live, live.logged
        self._leave = live.listen(self._news)  # the engine releases sessions that are not followed

    def _news(self) -> None:
        events, self._read = self.live.recent(self._read, PAGE), self.live.logged
        for event in events or ():
            self._logged(event)

    def _logged(self, event: Event) -> None:
        """Have announced what was logged for that."""
        if text := announcement(event.t, event.d):
            self._say(text)


class LocalReply:
    """A Reply. A turn that is discarded or truncated while it runs ends with `Done`, too."""

    def __init__(self, session: LocalSession, text: str, draft: bool) -> None:
        self._session, self._text, self._draft = session, text, draft
        self._live = session.live
        self._turn: SessionTurn | None = None
        self._refused: Refused | StoreError | None = None
        self._events: AsyncIterator[ReplyEvent] | None = None
        self._starting: asyncio.Task[None] | None = None
        self.turn = self._live.talk.last + 1
        owned = self._live.lost is None and self._live.fence is not None
        if owned:
            options = session.options()
            if self._live.takes_time(text, options=options):
                self._starting = session.spawn(self._ask(options))
            else:
                self._start(options)

    def __aiter__(self) -> AsyncIterator[ReplyEvent]:
        if self._events is None:
            self._events = self._follow()
        return self._events

    async def commit(self) -> None:
        await self._change(lambda live: live.commit(self.turn))

    async def discard(self) -> None:
        await self._change(lambda live: live.discard(self.turn))

    async def truncate(self, heard: int) -> None:
        await self._change(lambda live: live.truncate(self.turn, heard))

    def _start(self, options: Mapping[str, Any]) -> None:
        try:
            self.turn = self._live.talk.last + 1
            self._turn = self._live.send(self.turn, self._text, draft=self._draft, options=options)
        except Refused as refused:
            self._refused = refused

    async def _ask(self, options: Mapping[str, Any]) -> None:
        """Begin the turn once its words were read and judged."""
        try:
            self.turn = self._live.talk.last + 1
            self._turn = await self._live.ask(self.turn, self._text, draft=self._draft, options=options)
        except Refused as refused:
            self._refused = refused

    async def _started(self) -> None:
        if self._starting is not None:
            await asyncio.shield(self._starting)

    async def _change(self, change: Callable[[ActiveSession], None]) -> None:
        """Decide about the turn. Where the session was lost, it is opened again; if that fails the next turn tells."""
        await self._started()
        if self._turn is None:
            return
        try:
            change(await self._session.owned())
            await self._session.live.settled()
        except (Refused, StoreError) as error:
            if isinstance(error, Refused) and not error.temporary:
                raise
            log.warning("turn %d was not truncated: %s", self.turn, error)

    async def _follow(self) -> AsyncIterator[ReplyEvent]:
        try:
            await self._started()
            if self._turn is None and self._refused is None:
                self._live = await self._session.owned()
                await self._ask(self._session.options())
            if self._refused is not None:
                raise self._refused
            assert self._turn is not None
            async with aclosing(self._live.follow(self._turn.first)) as events:
                async for event in events:
                    if event.turn > self.turn:
                        return
                    if event.turn < self.turn:
                        continue  # a participant's message, or what a tool of an earlier turn has answered
                    said = told(event)
                    if said is not None:
                        yield said
                    if event.t in ENDS:
                        return
        except (Refused, StoreError) as error:
            code, temporary = (error.code, error.temporary) if isinstance(error, Refused) else ("store_failed", True)
            yield ReplyFailed(code, str(error), temporary)


def working(event: Event) -> Working:
    """What a reply tells of a tool that was called, or has answered."""
    done = event.t == "result"
    return Working(event.d["name"], event.d.get("acts", False), done, event.d.get("saying", ""))


def told(event: Event) -> ReplyEvent | None:
    """An event as a reply tells it; None for those that only the log needs."""
    if event.t == "delta":
        return Delta(event.d)
    if event.t == "effect":
        return Effect(event.d["kind"], event.d["data"])
    if event.t in ("call", "result"):
        return working(event)
    if event.t in ("failed", "retry_failed"):
        return ReplyFailed(event.d["code"], event.d["message"], event.d["temporary"])
    if event.t in ENDS:
        return done_of(event.d or {})
    return None
