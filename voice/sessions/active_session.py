"""One session as it runs in this process: its turns, the replies to them, and who owns it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from voice.logs import short
from voice.safety.reply_moderator import ReplyModerator
from voice.safety.verdict import Verdict
from voice.sessions.engine_context import LONG, EngineContext
from voice.sessions.generation import generate
from voice.sessions.group_turns import GroupTurns, SharedSession
from voice.sessions.input_checks import CheckedInput, looked_at, measured, ruled, said, taken
from voice.sessions.log import ENDS, NOTHING_USED, SETTLING, Event, Refused, SessionTurn
from voice.sessions.session_log import acquire, ledger_row, moved, read_on, unknown_session
from voice.sessions.state import SessionState
from voice.sessions.stores.interface import GONE, REWRITTEN, Card, StoreError
from voice.text.placeholders import BLOCKED
from voice.tools.sayings import is_stop

log = logging.getLogger(__name__)


class ActiveSession(SharedSession):
    """A session whose turns are taken, answered and ended here.

    Methods that change it raise Refused. An event reaches followers only after the store has it. `lost` is set, and
    nothing goes on here, once another process has taken the session over or the store failed.
    """

    __slots__ = ("_behind", "_catching", "_generating", "_owning", "_task", "_unwatch", "group", "guard", "leased",
                 "works")  # fmt: skip

    def __init__(self, parts: EngineContext, card: Card, talk: SessionState, tail: Sequence[Event] = ()) -> None:
        super().__init__(parts, card, talk, tail)
        self.guard = parts.guards.of(card)
        self.group = GroupTurns(self, parts)
        self._task: asyncio.Task[None] | None = None
        self._generating: SessionTurn | None = None
        self._owning: asyncio.Task[None] | None = None
        self._catching: asyncio.Task[None] | None = None
        self._behind = 0
        self.works: dict[asyncio.Task[Any], int] = {}
        """Tools at work, each with its turn. They go on where only the reply is stopped."""
        self.leased = 0.0
        self._unwatch = parts.store.watch(card.sid, self._now_logged)
        self._note_open()

    # Changing it

    async def own(self, *, regenerate: bool = True) -> None:
        """Become the one process that may change the session. Raises Refused session_moved or session_unknown.

        A turn that a dead owner left running is generated again if nothing of it was delivered, and continued where the
        model can do that (both only if `regenerate`); else it ends as failed.
        """
        if self.lost is not None:
            raise self.lost
        if self.fence is None:
            if self._owning is None or self._owning.done():
                self._owning = self._parts.spawn(self._acquire(regenerate))
            await asyncio.shield(self._owning)

    def send(
        self,
        sequence: int,
        input: str,
        *,
        draft: bool = False,
        msg_id: str = "",
        options: Mapping[str, Any] | None = None,
        verdict: Verdict | None = None,
        words: CheckedInput | None = None,
        answered: bool = True,
    ) -> SessionTurn:
        """Take the user's new words as turn `sequence` and have it answered; a repeated send finds the turn.

        A turn that is not to be `answered` only adds to the conversation, and is over at once.
        Where that `takes_time`, `ask` is the way in: it brings the `verdict` of those who judge, and the `words` as
        they may be logged.
        """
        if not self.knows(sequence):
            self._check()
            self._parts.slots.check(self.card.owner)
        new = sequence > self.talk.last
        moderation = self._parts.moderation if new else None
        if words is None:
            measured(input, msg_id, options, self._parts.options.input_chars)
            words = taken(self.guard, moderation, input, msg_id, options)
        input, msg_id, options = words.input, words.msg_id, words.options
        assert moderation is None or verdict is not None or not self.judged, "`ask` is the way in where that takes time"
        found, blocking = ruled(moderation, words, verdict)
        if blocking and not answered:
            raise Refused("flagged", f"blocked by moderation: {', '.join(blocking)}")
        if blocking:
            input, options = BLOCKED, {k: v for k, v in (options or {}).items() if k != "before"}
        turn, events = self.talk.send(sequence, input, draft=draft, msg_id=msg_id, options=options,
                                      categories=found, blocked=bool(blocking))  # fmt: skip
        if events:
            self.put(events, at_once=False)  # the model server is asked first; nothing waits for this commit
            if blocking:
                self.block(turn, "input", blocking, NOTHING_USED, words.input)
            elif not answered:
                self.end(turn, "done", {})
            else:
                self.begin(turn)
        return turn

    async def ask(
        self,
        sequence: int,
        input: str,
        *,
        draft: bool = False,
        msg_id: str = "",
        options: Mapping[str, Any] | None = None,
        answered: bool = True,
    ) -> SessionTurn:
        """Like `send`, which it is where nothing takes time; else once the words were read and judged."""
        how: dict[str, Any] = {"draft": draft, "msg_id": msg_id, "options": options, "answered": answered}
        if not self.takes_time(input, msg_id, options):
            return self.send(sequence, input, **how)
        new = sequence > self.talk.last
        if new:
            self._check()
        moderation = self._parts.moderation if new else None
        words, verdict = await looked_at(self._parts, self.guard, moderation, input, msg_id, options)
        return self.send(sequence, input, verdict=verdict, words=words, **how)

    def takes_time(self, input: str, msg_id: str = "", options: Mapping[str, Any] | None = None) -> bool:
        """Whether `ask` must be used: a server checks the input, or the input is long."""
        return self.judged or len(said(input, options)) + len(msg_id) > LONG

    def knows(self, sequence: int) -> bool:
        """Whether this turn was sent before: repeating it does not need ownership of the session."""
        return self.lost is None and 1 <= sequence <= self.talk.last

    def commit(self, turn: int) -> None:
        self._check()
        events = self.talk.commit(turn)
        self.put(events)
        if events and is_stop(self.talk.turns[turn].input):
            self.stop_work()

    def discard(self, turn: int) -> None:
        self._check()
        self.put(self.talk.discard(turn))
        self.stop_work(turn)

    def truncate(self, turn: int, heard: int) -> None:
        self._check()
        self.put(self.talk.truncate(turn, heard))

    def cancel(self, turn: int) -> None:
        self._check()
        self.put(self.talk.cancel(turn))
        self.stop_work(turn)

    def remove(self, turn: int, parts: Sequence[str]) -> None:
        self._check()
        self.put(self.talk.remove(turn, parts))

    def stop_work(self, turn: int | None = None) -> None:
        """Stop the tools at work for this turn, or for all."""
        for work, number in self.works.items():
            if turn in (None, number):
                work.cancel()

    # What the generation brings

    def put_delta(self, turn: SessionTurn, text: str) -> None:
        """More of the reply. The first is logged at once, later ones wait for the append before them."""
        first = turn.length == 0
        events = self.talk.delta(turn, text)
        if events:
            self._write(events, at_once=first)

    def put_effect(self, turn: SessionTurn, kind: str, data: Mapping[str, Any]) -> None:
        self._write(self.talk.effect(turn, kind, data), at_once=True)

    def put_call(self, turn: SessionTurn, call: Mapping[str, Any]) -> None:
        self._write(self.talk.call(turn, call), at_once=True)

    def put_result(self, turn: SessionTurn, result: Mapping[str, Any]) -> None:
        self._write(self.talk.result(turn, result), at_once=True)

    def outlet(self, turn: SessionTurn) -> ReplyModerator:
        """The way of a reply's text into the log."""
        return ReplyModerator(
            self._parts.moderation,
            turn.input,
            partial(self.put_delta, turn),
            partial(self.put_effect, turn),
            self._parts.count,
        )

    def block(
        self,
        turn: SessionTurn,
        part: str,
        categories: Sequence[str],
        usage: Mapping[str, Any],
        words: str | None = None,
    ) -> None:
        """End a turn whose `part` (input or reply) moderation has stopped: what is said instead, then done."""
        if not turn.running:
            return
        assert self._parts.moderation is not None
        self._parts.count(f"moderation_blocked_{part}")
        log.info("session %s: the %s of turn %d is blocked: %s", short(self.card.sid), part, turn.number,
                 ", ".join(categories))  # fmt: skip
        answer = self._parts.moderation.answer(categories, turn.input if words is None else words)
        gap = " " if turn.length and not turn.text[-1:].isspace() else ""
        self.put_delta(turn, gap + answer)
        named = list(dict.fromkeys([*turn.categories, *categories]))
        self.end(turn, "done", {"usage": dict(usage), "flagged": True, "categories": named, "blocked": part})

    def end(self, turn: SessionTurn, t: str, d: dict[str, Any]) -> None:
        """End a running turn with done, failed or retry_failed."""
        self.put(self.talk.end(turn, t, d))
        self.trim()

    # Where it stands

    @property
    def running(self) -> bool:
        """Whether a reply is being generated here."""
        return self._task is not None and not self._task.done()

    @property
    def judged(self) -> bool:
        """Whether a moderation server checks new input."""
        return self._parts.moderation is not None and bool(self._parts.moderation.judges)

    @property
    def answering(self) -> bool:
        """Whether a reply is being generated or owed, here or elsewhere."""
        return self.talk.unanswered

    @property
    def orphaned(self) -> bool:
        """Whether a client here waits for a reply that no node generates, if its owner has failed."""
        return self.lost is None and self.fence is None and self.followed and self.answering

    def leave(self, why: Refused) -> None:
        """Stop in this process: generation ends, followers are informed."""
        if self.lost is None:
            self.lost = why
            self._unwatch()
            if self._task is not None:
                self._task.cancel()
            self.stop_work()
            self._wake()

    # Inside

    def _check(self) -> None:
        if self.lost is not None:
            raise self.lost
        if self.fence is None:
            raise Refused("session_moved", "this process does not own the session", temporary=True)
        self.alive()

    async def _acquire(self, regenerate: bool) -> None:
        lease = await acquire(self, self._parts)
        self.fence, self.leased = lease.fence, self._parts.clock()
        turn = self.talk.open_turn()
        if turn is None or not turn.running:
            self.group.go_on()
            return
        repeats = turn.acted and not turn.steps  # what a tool did is logged, and not done again
        if regenerate and not repeats and (not turn.unfinished or self._parts.upstream.continues):
            self.begin(turn)
        else:
            self.interrupt(turn)

    async def give_up(self) -> None:
        """Let another process own it that wants to, unless something is under way here."""
        if self.fence is not None and self.lost is None and self._quiet:
            fence, self.fence = self.fence, None
            await self._parts.store.renew({self.card.sid: fence}, 0.0)

    def learn(self, events: Sequence[Event]) -> None:
        """Take what another owner logged, from the store."""
        for event in events:
            if event.seq == self.talk.seq + 1:
                self.talk.apply(event)
                self._tail.append(event)
        self._note_open()
        self._now_logged(self.talk.seq)
        self.trim()

    @property
    def _quiet(self) -> bool:
        """Whether nothing is being made or logged here."""
        return not self.running and not self._appending and not self._pending and self.logged == self.talk.seq

    def _others(self, seq: int) -> None:
        """Another process is the owner and has logged more."""
        if not self._quiet:
            self.leave(moved("another process took over the session"))
            return
        self.fence = None
        self._behind = max(self._behind, seq)
        if self._catching is None or self._catching.done():
            self._catching = self._parts.spawn(self._catch_up())

    async def _catch_up(self) -> None:
        try:
            while self.lost is None and self.talk.seq < self._behind:
                await read_on(self, self._parts, self._behind)
        except Refused as refused:
            self.leave(refused)
        except StoreError as error:
            self.leave(Refused("store_failed", f"the conversation cannot be read: {error}", temporary=True))

    async def _prolong(self, fence: int) -> None:
        """A lease that is about to end is renewed before a turn begins, later ones by the engine."""
        try:
            await self._parts.store.renew({self.card.sid: fence}, self._parts.options.lease_s)
            self.leased = self._parts.clock()
        except StoreError as error:
            log.warning("the lease of session %s was not renewed: %s", short(self.card.sid), error)

    def interrupt(self, turn: SessionTurn) -> None:
        """End a turn whose generation cannot go on because its process ends or has ended."""
        self.end(turn, "failed", {"code": "interrupted", "message": "the server stopped during the reply",
                                  "temporary": True, "usage": self.talk.usage(turn)})  # fmt: skip

    def begin(self, turn: SessionTurn) -> None:
        """Have a turn answered."""
        self._generating = turn
        if self.fence is not None and self._parts.clock() - self.leased > self._parts.options.renew_s:
            self._parts.spawn(self._prolong(self.fence))
        ticket = self._parts.slots.enter(self.card.owner)
        self._task = self._parts.spawn(generate(self, turn, self._parts, ticket))
        # A task that is stopped before it began runs none of its own code.
        self._task.add_done_callback(lambda _: self._parts.slots.leave(ticket))

    def put(self, events: Sequence[Event], *, at_once: bool = True) -> None:
        """Log what clients did or what ended a turn, with the ledger row of the turn it settles."""
        row, ended, settled = None, False, None
        for event in events:
            turn = self.talk.turns.get(event.turn)
            if event.t in SETTLING and turn is not None and turn.kept and not turn.running:
                settled = turn
            if event.t in ENDS and turn is not None:
                ended = True
                self._parts.count(f"turns_{event.t}")
                row = ledger_row(turn) if turn.usage is not None else None
                if row is not None:
                    self._parts.slots.spend(self.card.owner, row.input + row.output)
        self._note_open()
        self._write(events, row, at_once=at_once)
        if settled is not None:
            for told in self._parts.settled:
                told(self.card, settled)
        if self._generating is not None and not self._generating.running:
            if self._task is not None and self._task is not asyncio.current_task():
                self._task.cancel()
            self._generating = None
        if ended and (self.talk.group.due or self.talk.group.stops):
            asyncio.get_running_loop().call_soon(self.group.go_on)

    def _note_open(self) -> None:
        if not self.talk.idle:
            self._parts.open[self.card.sid] = None

    def _now_logged(self, seq: int) -> None:
        if seq == GONE:
            self._parts.guards.forget(self.card.sid)
            self.leave(unknown_session())
            return
        if seq == REWRITTEN:
            self.leave(moved("the store lost the last events of this session; attach again"))
            return
        if seq > self.talk.seq:
            self._others(seq)
            return
        self._reached(seq)
