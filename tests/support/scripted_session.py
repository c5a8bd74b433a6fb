"""The fake session: it answers from a function and remembers like the real one; for tests and demonstrations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from voice.llm.interface import Delta, Done, Message
from voice.sessions.interface import ReplyEvent


@dataclass(slots=True)
class ScriptedReply:
    """One turn of a `ScriptedSession`."""

    session: ScriptedSession
    turn: int
    text: str
    committed: bool
    said: str = ""
    heard: int | None = None
    ended: bool = False

    async def __aiter__(self) -> AsyncIterator[ReplyEvent]:
        await asyncio.sleep(self.session.first_token_s)
        for event in self.session.answer(self.text):
            if self.ended:
                return
            if isinstance(event, Delta):
                self.said += event.text
            yield event
            await asyncio.sleep(self.session.token_s)

    async def commit(self) -> None:
        """Make it part of the conversation."""
        if not self.committed:
            self.committed = True
            self.session.turns.append(self)

    async def discard(self) -> None:
        """Forget it."""
        self.ended = True
        self.session.discarded += 1

    async def truncate(self, heard: int) -> None:
        """Keep what was heard."""
        self.ended, self.heard = True, heard


@dataclass(slots=True)
class ScriptedSession:
    """Answers `answer(text)` with the given latencies, seconds on the loop's clock. `asked` is every text sent."""

    answer: Callable[[str], Sequence[ReplyEvent]]
    first_token_s: float = 0.0
    token_s: float = 0.0
    id: str = "s_scripted"
    asked: list[str] = field(default_factory=list)
    turns: list[ScriptedReply] = field(default_factory=list)
    discarded: int = 0
    forgotten: int = 0
    say: Callable[[str], None] = lambda text: None

    def send(self, text: str, *, draft: bool = False) -> ScriptedReply:
        """Begin a turn."""
        self.asked.append(text)
        reply = ScriptedReply(self, len(self.asked), text, committed=not draft)
        if not draft:
            self.turns.append(reply)
        return reply

    def announce_to(self, say: Callable[[str], None]) -> None:
        """Nothing comes later by itself; a test says it with `say`."""
        self.say = say

    async def history(self) -> Sequence[Message]:
        """What was said and heard."""
        messages: list[Message] = []
        for turn in self.turns:
            heard = turn.said if turn.heard is None else turn.said[: turn.heard]
            messages += [Message("user", turn.text), Message("assistant", heard)]
        return messages

    async def forget(self) -> None:
        """Begin anew."""
        self.turns.clear()
        self.forgotten += 1

    async def close(self) -> None:
        """Nothing to leave."""


def words(text: str) -> list[ReplyEvent]:
    """A reply that streams word by word, as a model does."""
    parts = text.split(" ")
    deltas: list[ReplyEvent] = [Delta(part if index == 0 else f" {part}") for index, part in enumerate(parts)]
    return [*deltas, Done()]
