"""The persistent session of a connection: asked with what the client gave, and left as it is when the client goes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing
from typing import Any

from voice.llm.interface import MARKED, Delta, Done
from voice.safety.unmask import logged_offset, revealed
from voice.server.realtime.items import Item, Items
from voice.server.realtime.session_config import Config
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine import Engine
from voice.sessions.interface import Reply, ReplyEvent, ReplyFailed
from voice.sessions.local_session import LocalReply, LocalSession, told
from voice.sessions.log import ENDS, Event, Refused
from voice.sessions.session_wrappers import UnmaskedReply, own
from voice.sessions.stores.interface import StoreError


class RealtimeSession(LocalSession):
    """A session whose turns take the connection's instructions, tools and waiting items along.

    While `keeping`, replies are not cut: their rest is kept for a client that reconnects. `rest` is such a rest, (turn,
    characters heard), spoken instead of an answer to the next input. `once` are fields of one response. Replies are
    unmasked as redaction allows for the client; characters in `rest` and of what was heard are counted as shown.
    """

    def __init__(self, engine: Engine, live: ActiveSession, items: Items, config: Callable[[], Config]) -> None:
        self.told_of: Callable[[Mapping[str, Any]], None] = lambda told: None
        """Given what a tool of ours does or did, at each change; see `tools_of`."""
        super().__init__(engine, live)
        self._items, self._config = items, config
        self.keeping = False
        self.rest: tuple[int, int] | None = None
        self.once: Mapping[str, Any] | None = None
        self._taken: list[Item] = []

    def send(self, text: str, *, draft: bool = False) -> Reply:  # type: ignore[override]
        reply: Reply
        if self.rest is not None:
            (turn, heard), self.rest = self.rest, None
            reply = RestReply(self, turn, self._logged_offset(turn, heard))
        elif self.once is None and self._config().listens_only:
            return HeardReply()
        else:
            reply = KeptReply(self, text, draft)
        return UnmaskedReply(reply, self._reveal, self._config().language)

    def announce_to(self, say: Callable[[str], None]) -> None:
        super().announce_to(lambda text: say(self.shown(text)))

    def shown(self, text: str) -> str:
        """A logged text as its person may see it."""
        return revealed(text, self._reveal, self._config().language)

    def _logged(self, event: Event) -> None:
        super()._logged(event)
        turn = self.live.talk.turns.get(event.turn)
        if turn is None or turn.draft:
            return  # a draft's are reported once it counts
        if event.t in ("call", "result", "committed"):
            for told in self.tools_of(event.turn):
                if event.t == "committed" or told["call_id"] == event.d["call_id"]:
                    self.told_of(told)

    def tools_of(self, turn: int) -> Iterator[Mapping[str, Any]]:
        """What our tools do or did for a turn, one call after the other, as its person may see it."""
        for step in self.live.talk.turns[turn].steps:
            results = {result["call_id"]: result for result in step["results"]}
            for call in step["calls"]:
                result = results.get(call["call_id"], {"running": True})
                text = result.get("text", "")
                yield {
                    "turn": turn,
                    "call_id": call["call_id"],
                    "name": call["name"],
                    "arguments": self.shown(call["arguments"]),
                    "state": next((state for state in ("running", "asks", "failed") if result.get(state)), "done"),
                    "result": self.shown(text.partition(MARKED)[2] or text),
                }

    def _reveal(self, name: str) -> str | None:
        return own(self.live.guard, name)

    def _logged_offset(self, turn: int, shown: int) -> int:
        return logged_offset(self.live.talk.turns[turn].text, shown, self._reveal, self._config().language)

    def options(self) -> Mapping[str, Any]:
        self._taken = list(self._items.waiting)
        found = {
            "effects": ["timer", "announce"],
            **self._config().options(self.once),
        }  # the loop of this connection rings
        before = [item.before for item in self._taken if item.before is not None]
        return {**found, "before": before} if before else found

    def counted(self) -> None:
        """The turn is part of the conversation, and so is what went before it."""
        self._items.waiting = [item for item in self._items.waiting if item not in self._taken]
        self._taken, self.once = [], None

    async def close(self) -> None:
        """Leave the session; it stays until it expires."""
        self._leave()

    def usage(self, turn: int) -> Mapping[str, Any] | None:
        """Tokens of a turn that has ended."""
        found = self.live.talk.turns.get(turn)
        return None if found is None else found.usage

    def unheard(self, heard: tuple[int, int] | None) -> tuple[int, int] | None:
        """What to say first to someone who comes back: (turn, characters heard of it), None where nothing is left."""
        talk = self.live.talk
        turn = talk.turns.get(talk.last)
        if turn is None or turn.discarded or heard is None or turn.heard is not None:
            return None
        chars = heard[1] if heard[0] == turn.number else 0
        all_heard = not turn.running and self._logged_offset(turn.number, chars) >= turn.length
        return None if heard[0] > turn.number or all_heard else (turn.number, chars)


class KeptReply(LocalReply):
    """A reply that is not cut while the connection is being left."""

    async def truncate(self, heard: int) -> None:
        session = self._session
        if not (isinstance(session, RealtimeSession) and session.keeping):
            await super().truncate(heard)


class HeardReply:
    """No reply: what was said waits until the client asks for a response. It is of no turn."""

    turn = 0

    async def commit(self) -> None:
        """There is nothing to keep."""

    async def discard(self) -> None:
        """There is nothing to drop."""

    async def truncate(self, heard: int) -> None:
        """There is nothing to cut."""

    async def __aiter__(self) -> AsyncIterator[ReplyEvent]:
        yield Done()


class RestReply:
    """The rest of a turn's reply after its first `skipped` characters, followed to its end; a Reply."""

    def __init__(self, session: RealtimeSession, turn: int, skipped: int) -> None:
        self._session, self.turn, self.skipped = session, turn, skipped
        self.before = session.live.talk.turns[turn].text[:skipped]

    async def commit(self) -> None:
        (await self._session.owned()).commit(self.turn)

    async def discard(self) -> None:
        """It was said before: there is nothing to drop."""

    async def truncate(self, heard: int) -> None:
        if not self._session.keeping:
            (await self._session.owned()).truncate(self.turn, self.skipped + heard)

    async def __aiter__(self) -> AsyncIterator[ReplyEvent]:
        try:
            live = await self._session.owned()
            first = live.talk.turns[self.turn].first
            async with aclosing(live.follow(first)) as events:
                async for event in events:
                    if event.turn > self.turn:
                        break
                    if event.turn < self.turn:
                        continue  # a participant's message, or what a tool of an earlier turn has answered
                    said = told(event)
                    if event.t == "delta":
                        said = Delta(event.d[max(0, self.skipped - (event.o or 0)) :])
                        if not said.text:
                            continue
                    if said is not None:
                        yield said
                    if event.t in ENDS:
                        return
            yield Done()
        except (Refused, StoreError) as error:
            yield ReplyFailed("session_unknown", str(error), temporary=False)
