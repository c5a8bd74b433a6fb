"""What participants of a session say in this process, and the turns that answer it, one after another by themselves."""

from __future__ import annotations

import asyncio
import json
import logging
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from voice.safety.filters import Blocked, Guard, screened
from voice.sessions.engine_context import EngineContext
from voice.sessions.group import Participant, Role, Said
from voice.sessions.input_checks import looked_at, ruled
from voice.sessions.log import NOTHING_USED, Event, Refused, SessionTurn
from voice.sessions.session_log import SessionLog, catch_up
from voice.sessions.tokens import new_participant_id
from voice.text.placeholders import BLOCKED

log = logging.getLogger(__name__)

PASSED_ON_S = 2.0
"""How long another node may take to log a message; then the client sends it again."""


class SharedSession(SessionLog):
    """What a group needs of its session besides the log: the right to change it, and how turns begin and end."""

    __slots__ = ()

    guard: Guard

    @abstractmethod
    async def own(self, *, regenerate: bool = True) -> None:
        """Become the one process that may change the session."""

    @abstractmethod
    def put(self, events: Sequence[Event], *, at_once: bool = True) -> None:
        """Log what clients did."""

    @abstractmethod
    def begin(self, turn: SessionTurn) -> None:
        """Have a turn answered."""

    @abstractmethod
    def block(
        self,
        turn: SessionTurn,
        part: str,
        categories: Sequence[str],
        usage: Mapping[str, Any],
        words: str | None = None,
    ) -> None:
        """End a turn that moderation has stopped."""


class GroupTurns:
    """The participants of one session, as long as it runs here. Methods return once what they changed is logged.

    They raise Refused.
    """

    __slots__ = ("_live", "_parts")

    def __init__(self, live: SharedSession, parts: EngineContext) -> None:
        self._live, self._parts = live, parts

    async def join(self, name: str, scope: Role) -> Participant:
        """Let someone take part."""
        id = new_participant_id()
        try:
            how = {"id": id, "name": screened(self._live.guard, name), "scope": scope}
        except Blocked as blocked:
            raise Refused(blocked.code, str(blocked)) from blocked
        await self._change("join", how, lambda: id in self._live.talk.group.people)
        return self._live.talk.group.people[id]

    async def leave(self, id: str) -> None:
        """Someone no longer takes part."""
        await self._change("leave", {"id": id}, lambda: not self._live.talk.group.takes_part(id))

    async def skip(self, author: str, n: int) -> None:
        """Take a waiting message out of the line."""
        how = {"author": author, "n": n}
        await self._change("skip", how, lambda: (author, n) not in self._live.talk.group.waiting)

    async def stop(self, id: str, turn: int, heard: int) -> None:
        """Someone stops listening to a turn's reply, of which they heard so many code points: by the group's rules that
        ends it for all, or for them alone."""
        if turn not in self._live.talk.turns:
            raise Refused("turn_unknown", f"no turn {turn}")
        group, how = self._live.talk.group, {"id": id, "turn": turn, "heard": heard}
        await self._change("stop", how, lambda: turn < group.stopped or group.stops.get(id, heard + 1) <= heard)

    async def say(self, author: str, n: int, input: str, msg_id: str = "") -> Said:
        """Take a participant's next message, or find what their number already names."""
        live, group = self._live, self._live.talk.group
        new = (author, n) not in group.items
        moderation = self._parts.moderation if new else None
        words, verdict = await looked_at(self._parts, live.guard, moderation, input, msg_id, None)
        found, blocking = ruled(moderation, words, verdict)
        how: dict[str, Any] = {"author": author, "n": n, "input": words.input, "msg_id": words.msg_id}
        how["categories"] = found
        if blocking and moderation is not None:
            instead = moderation.answer(blocking, words.input)
            how |= {"input": BLOCKED, "categories": blocking, "blocked": True, "instead": instead}
        if new:
            self._parts.slots.check(live.card.owner)
            await self._change("say", how, lambda: (author, n) in group.items)
        else:
            group.check("say", how)
            await live.settled()
        return group.items[author, n]

    def place(self, item: Said) -> dict[str, Any]:
        """What has become of a message: its seq, and its position in the line or the turn that answers it."""
        place: dict[str, Any] = {"n": item.n, "seq": item.seq}
        if item.turn:
            return place | {"turn": item.turn}
        position = self._live.talk.group.position(item, self._parts.options.input_chars)
        return place if position is None else place | {"position": position}

    def go_on(self) -> None:
        """Begin the next turn if messages wait, none runs, and the session is owned here."""
        live = self._live
        if live.fence is None or live.lost is not None or self._parts.stopping:
            return
        self._settle()
        begun = live.talk.answer(self._parts.options.input_chars)
        if begun is None:
            return
        turn, events = begun
        live.put(events, at_once=False)
        if turn.blocked:
            # The words are withheld, so the answer to them was chosen, in their language, when they came.
            instead = live.talk.group.items[turn.said[0]["author"], turn.said[0]["n"]].instead
            live.block(turn, "input", turn.categories, NOTHING_USED, instead)
        else:
            live.begin(turn)

    def _settle(self) -> None:
        """Cut a reply that was stopped to what was heard; one that others still listen to, once it is over."""
        talk = self._live.talk
        turn = talk.turns.get(talk.group.stopped)
        if turn is None or turn.discarded or (turn.running and talk.group.rules.barge_in == "own"):
            return
        heard = talk.group.least_heard(turn.said)
        if heard is not None and (events := talk.truncate(turn.number, heard)):
            self._live.put(events)

    async def posted(self, text: str) -> None:
        """Do what another node was asked for and may not do itself; where it is refused, that node finds out why."""
        try:
            op, how = json.loads(text)
            await self._log(self._live.talk.group.do(op, how))
        except Refused as refused:
            log.info("what another node was asked for is refused: %s", refused.code)
        except (ValueError, TypeError):
            log.warning("ignored a message to a session: it is not from a node")

    async def _change(self, op: str, how: Mapping[str, Any], done: Callable[[], bool]) -> None:
        """Change the group here or, while another node answers the session, there: its log tells that it is `done`."""
        try:
            await self._live.own()
        except Refused as refused:
            if refused.code != "session_moved" or not await self._passed_on(op, how, done):
                raise
        else:
            await self._log(self._live.talk.group.do(op, how))

    async def _passed_on(self, op: str, how: Mapping[str, Any], done: Callable[[], bool]) -> bool:
        live, news = self._live, asyncio.Event()
        await catch_up(live, self._parts)
        live.talk.group.check(op, how)
        leave = live.listen(news.set)
        try:
            async with asyncio.timeout(PASSED_ON_S):
                if not done() and not await self._parts.store.post(live.card.sid, json.dumps([op, how])):
                    return False
                while not done() and live.lost is None:
                    news.clear()
                    await news.wait()
        except TimeoutError:
            return False
        finally:
            leave()
        return live.lost is None

    async def _log(self, events: Sequence[Event]) -> None:
        self._live.alive()
        self._live.put(events)
        self._live.trim()
        self.go_on()
        await self._live.settled()
