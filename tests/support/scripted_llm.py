"""The fake model: it answers from a function, at the pace it is told; for tests and demonstrations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable

from voice.llm.interface import Ask, Delta, Done, Effect

Step = Delta | Effect | Done | float | Exception
"""What a scripted reply does next: say something, wait some seconds, or fail."""


def echo(ask: Ask) -> Iterable[Step]:
    """Says the person's words back, word by word."""
    yield Delta("You said: ")
    for index, word in enumerate(ask.messages[-1].text.split(" ")):
        yield Delta(word if index == 0 else " " + word)
    yield Done()


class ScriptedUpstream:
    """An Upstream. `asked` is every request, `closed` counts replies given up before their end.

    Where it `continues`, the answer has to look at `Ask.begun`.
    """

    name = "scripted"

    def __init__(self, answer: Callable[[Ask], Iterable[Step]] = echo, *, continues: bool = False) -> None:
        self.answer, self.continues = answer, continues
        self.asked: list[Ask] = []
        self.closed = 0

    async def stream(self, ask: Ask) -> AsyncIterator[Delta | Effect | Done]:
        """Do the steps of the answer."""
        self.asked.append(ask)
        ended = False
        try:
            for step in self.answer(ask):
                if isinstance(step, float | int):
                    await asyncio.sleep(step)
                elif isinstance(step, Exception):
                    ended = True
                    raise step
                else:
                    ended = isinstance(step, Done)
                    yield step
        finally:
            self.closed += not ended

    async def prepare(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to free."""
