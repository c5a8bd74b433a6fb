"""Sessions over a store and a model server: opened, kept alive, handed over, ended when their time is over."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from random import Random
from typing import Any

from voice.llm.interface import Upstream
from voice.safety.filters import Guards, NoGuard
from voice.safety.moderation import Moderation
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine_context import EngineContext, EngineOptions
from voice.sessions.group import rules_of
from voice.sessions.log import Event, Refused
from voice.sessions.session_log import PAGE, moved, unknown_session
from voice.sessions.state import SessionState
from voice.sessions.stores.interface import Card, Store, StoreError, UnknownSession, Usage
from voice.sessions.tokens import new_session_id, new_token, token_hash
from voice.tools.registry import Registry

log = logging.getLogger(__name__)

FOREVER = float("inf")


class Engine:
    """All sessions this process works on.

    `clock` gives seconds that only grow (the running loop's time by default), `random` draws waits, `guards` look at
    every text before it is logged. `tools` are offered to the model, `notes` tell it what the owner has written down
    about somebody's words, `recall` what is remembered of the person, `now` is the local time. Methods raise Refused,
    and StoreError when the store fails.
    """

    def __init__(
        self,
        store: Store,
        upstream: Upstream,
        options: EngineOptions | None = None,
        *,
        clock: Callable[[], float] | None = None,
        random: Random | None = None,
        guards: Guards | None = None,
        moderation: Moderation | None = None,
        tools: Registry | None = None,
        notes: Callable[[str], str] | None = None,
        recall: Callable[[str, str, str], Awaitable[str]] | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.parts = EngineContext(
            store,
            upstream,
            options or EngineOptions(),
            clock or (lambda: asyncio.get_running_loop().time()),
            random or Random(),
            "",
            guards or NoGuard(),
            moderation,
            tools,
        )
        self.parts.notes = notes or self.parts.notes
        self.parts.recall = recall
        self.parts.now = now or self.parts.now
        self.parts.node = secrets.token_hex(4) + (
            f"@{self.parts.options.advertise}" if self.parts.options.advertise else ""
        )
        store.wanted(self.parts.node, self._wanted, self._posted)
        self._lives: dict[str, ActiveSession] = {}
        self._opening: dict[str, asyncio.Task[None]] = {}
        self._keeper: asyncio.Task[None] | None = None
        self._touched = self._tidied = 0.0

    async def create(
        self,
        *,
        system: str = "",
        model: str = "",
        options: Mapping[str, Any] | None = None,
        name: str | None = None,
        owner: str = "",
        ttl_s: float | None = None,
    ) -> tuple[ActiveSession, str]:
        """A new session, owned here, and the token that opens it; it is kept nowhere else.

        `ttl_s` is its life without a sign of it, the engine's by default; a session with a name lives on.
        """
        token = new_token()
        life = None if name is not None or ttl_s == FOREVER else ttl_s or self.parts.options.ttl_s
        who = (new_session_id(), secrets.token_hex(4), token_hash(token))
        card = Card(*who, system, model, options or {}, name, owner, life, secrets.token_bytes(32))
        await self.parts.store.create(card)
        live = self._keep(ActiveSession(self.parts, card, self._conversation(card)))
        await live.own()
        return live, token

    async def open(self, sid: str) -> ActiveSession:
        """The session with this id; `own` it to change it, `alive` keeps it. Raises Refused session_unknown."""
        live = self._lives.get(sid)
        if live is not None and live.lost is None and self._over(live):
            await self._end([live])
        if live is None or live.lost is not None:
            task = self._opening.get(sid)
            if task is None:
                task = self._opening[sid] = self.parts.spawn(self._load(sid))
            try:
                await asyncio.shield(task)
            finally:
                if task.done():
                    self._opening.pop(sid, None)
            live = self._lives[sid]
        return live

    async def find(self, name: str) -> ActiveSession | None:
        """The conversation with this name, if there is one."""
        sid = await self.parts.store.find(name)
        return None if sid is None else await self.open(sid)

    async def adopt(self, live: ActiveSession) -> None:
        """Continue a reply whose owner has failed; an owner that still runs holds the lease and is followed."""
        try:
            await live.own()
        except Refused as refused:
            if refused.code != "session_moved":
                raise

    async def delete(self, sid: str) -> None:
        """Remove a session and everything said in it."""
        live = self._lives.pop(sid, None)
        if live is not None:
            live.leave(unknown_session())
        try:
            self.parts.forget(live.card if live is not None else (await self.parts.store.load(sid)).card)
            await self.parts.store.delete(sid)
        except UnknownSession as unknown:
            raise unknown_session() from unknown

    async def forget_unused_since(self, before_s: float) -> None:
        """Delete named conversations not used since then (seconds since 1970), here or elsewhere."""
        old = [sid for sid in await self.parts.store.kept(before_s) if sid not in self._lives]
        await asyncio.gather(*(self._forget_named(sid) for sid in old))

    async def usage(self, sid: str) -> list[Usage]:
        """The ledger: one row for each turn that has ended."""
        return await self.parts.store.usage(sid)

    async def count(self, owner: str) -> int:
        """How many sessions an owner has."""
        return await self.parts.store.count(owner)

    async def release(self, live: ActiveSession) -> None:
        """Give the session up here, everything logged, so that another process may have it at once."""
        if live.lost is None:
            await live.settled()
            await self._let_go([live])

    @property
    def lives(self) -> tuple[ActiveSession, ...]:
        """The sessions in memory."""
        return tuple(self._lives.values())

    def owner(self, sid: str) -> str:
        """Whose session it is, of those in memory; empty for any other."""
        live = self._lives.get(sid)
        return "" if live is None else live.card.owner

    def left_s(self, live: ActiveSession) -> float:
        """Seconds until a session expires if nothing is heard of it; infinite for named ones."""
        if live.card.ttl_s is None:
            return FOREVER
        return live.card.ttl_s if self._busy(live) else live.card.ttl_s - (self.parts.clock() - live.seen)

    async def close(self) -> None:
        """Stop: replies that were heard in part end as interrupted, others are left to the next owner."""
        self.parts.stopping = True
        if self._keeper is not None:
            self._keeper.cancel()
        for live in self.lives:
            turn = live.talk.open_turn()
            if live.fence is not None and turn is not None and turn.running and (turn.length or turn.acted):
                live.interrupt(turn)
        living = [live for live in self.lives if live.lost is None]
        for live in living:
            await live.settled()
        await self._let_go(living)
        while self.parts.tasks:
            await asyncio.wait(self.parts.tasks)
        if self.parts.tools is not None:
            await self.parts.tools.close()
        self.parts.close()

    # Inside

    def _conversation(self, card: Card) -> SessionState:
        options = self.parts.options
        rules = rules_of(card.options.get("group"), waiting=options.waiting, each=options.waiting_each)
        return SessionState(card.epoch, system=card.system, window=options.context_tokens, rules=rules)

    def _keep(self, live: ActiveSession) -> ActiveSession:
        self._lives[live.card.sid] = live
        if self._keeper is None or self._keeper.done():
            self._touched = self._tidied = self.parts.clock()
            self._keeper = self.parts.spawn(self._watch_over())
        return live

    async def _load(self, sid: str) -> None:
        try:
            stored = await self.parts.store.load(sid)
        except UnknownSession as unknown:
            raise unknown_session() from unknown
        talk = self._conversation(stored.card)
        talk.epoch = stored.epoch or talk.epoch
        if stored.saved is not None:
            talk.restore(stored.saved)
        tail: list[Event] = []
        while talk.seq < stored.seq:
            events = await self.parts.store.read(sid, talk.seq, PAGE)
            if not events or events[0].seq > talk.seq + 1:
                raise moved("the log was trimmed meanwhile; attach again")
            for event in events:
                talk.apply(event)
                tail.append(event)
        self._keep(ActiveSession(self.parts, stored.card, talk, tail[-self.parts.options.tail_events :]))

    async def _forget_named(self, sid: str) -> None:
        with contextlib.suppress(UnknownSession):  # it ended meanwhile
            card = (await self.parts.store.load(sid)).card
            if card.name is not None:
                self.parts.forget(card)
                await self.parts.store.delete(sid)

    def _busy(self, live: ActiveSession) -> bool:
        return live.followed or live.running

    def _over(self, live: ActiveSession) -> bool:
        return self.left_s(live) <= 0

    async def _watch_over(self) -> None:
        """Renew leases in use, record activity, release idle sessions, delete expired ones."""
        options = self.parts.options
        while True:
            await asyncio.sleep(options.renew_s)
            try:
                await self._look_after()
            except (StoreError, Refused) as error:
                log.warning("session maintenance failed: %s", error)

    async def _look_after(self) -> None:
        options, now = self.parts.options, self.parts.clock()
        self.parts.guards.tidy(now)
        open = self._open()
        leases = {live.card.sid: live.fence for live in open if live.fence is not None}
        if leases:
            await self.parts.store.renew(leases, options.lease_s)
            for live in open:
                live.leased = now if live.card.sid in leases else live.leased
        await asyncio.gather(*(self.adopt(live) for live in open if live.orphaned), return_exceptions=True)
        if now - self._tidied >= options.evict_s / 4:
            self._tidied = now
            await self._tidy(now)
        if now - self._touched >= options.touch_s:
            self._touched = now
            await self._touch(self.lives)

    def _open(self) -> list[ActiveSession]:
        """Sessions with an open turn or a waiting message; the others are forgotten until they have one again."""
        found: list[ActiveSession] = []
        for sid in tuple(self.parts.open):
            live = self._lives.get(sid)
            if live is None or live.lost is not None or live.talk.idle:
                del self.parts.open[sid]
            else:
                found.append(live)
        return found

    async def _tidy(self, now: float) -> None:
        """Forget sessions that are lost, end those that are over, let go of those unused: once through all of them.

        Most of many thousands are none of these, so it is not done at every look.
        """
        over: list[ActiveSession] = []
        unused: list[ActiveSession] = []
        for live in self.lives:
            if live.lost is not None:
                del self._lives[live.card.sid]
            elif not self._busy(live):
                silent_s = now - live.seen
                if live.card.ttl_s is not None and silent_s >= live.card.ttl_s:
                    over.append(live)
                elif silent_s > self.parts.options.evict_s:
                    unused.append(live)
        await self._end(over)
        await self._let_go([live for live in unused if live.lost is None and not self._busy(live)])

    def _wanted(self, sid: str) -> None:
        """Another process wants to own the session."""
        live = self._lives.get(sid)
        if live is not None:
            self.parts.spawn(self._give_up(live))

    def _posted(self, sid: str, text: str) -> None:
        """Another process was asked to change the group of a session that is owned here."""
        live = self._lives.get(sid)
        if live is not None and live.fence is not None:
            self.parts.spawn(live.group.posted(text))

    async def _give_up(self, live: ActiveSession) -> None:
        try:
            await live.give_up()
        except StoreError as error:
            log.warning("a session requested by another process was not released: %s", error)

    async def _end(self, lives: list[ActiveSession]) -> None:
        """Sessions whose time is over here; where another process had a later sign of life, they go on there."""
        for live in lives:
            self._lives.pop(live.card.sid, None)
            self.parts.forget(live.card)
            live.leave(unknown_session())
        if lives:
            await self.parts.store.touch({live.card.sid: 0.0 for live in lives})

    async def _touch(self, lives: tuple[ActiveSession, ...] | list[ActiveSession]) -> None:
        """Note how long sessions have left, a little more than that: a crash before the next time ends none early."""
        slack = self.parts.options.touch_s
        left = {live.card.sid: self.left_s(live) + slack for live in lives if live.card.ttl_s is not None}
        await self.parts.store.touch(left)

    async def _let_go(self, lives: list[ActiveSession]) -> None:
        if not lives:
            return
        await self._touch(lives)
        await self.parts.store.renew({live.card.sid: live.fence for live in lives if live.fence is not None}, 0.0)
        for live in lives:
            if self._lives.get(live.card.sid) is live:
                del self._lives[live.card.sid]
                self.parts.guards.leave(live.card.sid, self.parts.clock() + self.left_s(live))
            live.leave(Refused("session_moved", "the session moved to another process; attach again", temporary=True))
