"""The memory of an engine's people: what a turn receives of it, in time and within a budget."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from voice.clock import working
from voice.errors import VoiceError
from voice.llm.context import estimate_tokens
from voice.memory.fact_book import best, facts
from voice.memory.vault import Vault, Who

T = TypeVar("T")
log = logging.getLogger(__name__)

UNUSED_S = 60.0
"""How long a person's memory stays open after its last use, seconds."""

ASKED = "(What this person asked you to remember, in their words. Use it only where it helps.)"


@dataclass(frozen=True, slots=True)
class Budget:
    """What a turn may spend on memory: tokens of its prompt, and seconds; what is later than that is left out."""

    tokens: int = 300
    deadline_s: float = 0.04


class Memory:
    """Reads and writes memories on a thread of its own. `now` is the local time."""

    def __init__(self, vault: Vault, budget: Budget, now: Callable[[], datetime]) -> None:
        self.vault, self.budget, self.now = vault, budget, now
        self._thread = ThreadPoolExecutor(1, "memory")

    async def do(self, work: Callable[[], T]) -> T:
        """Do something with the vault on the memory's thread."""
        with working():
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def recall(self, owner: str, person: str, words: str) -> str:
        """What a model receives behind the words of an owner's person: the facts that fit them, if any, in time.

        A memory that cannot be read fails no turn.
        """
        try:
            async with asyncio.timeout(self.budget.deadline_s):
                return await self.do(lambda: self.recalled(Who(owner, person), words))
        except TimeoutError:
            log.info("a memory was too late for its turn")
        except VoiceError as error:
            log.warning("a memory could not be read: %s", error)
        return ""

    def recalled(self, who: Who, words: str) -> str:
        """The same, at once and at any length of time."""
        with self.vault.reading(who) as database:
            return self._within(ASKED, best(facts(database), words))

    def _within(self, title: str, lines: list[str]) -> str:
        left, told = self.budget.tokens - estimate_tokens(title) - 1, []
        for line in lines:
            left -= estimate_tokens(line) + 2
            if left < 0:
                break
            told.append(f"- {line}")
        return "\n".join([title, *told]) if told else ""

    async def watch(self) -> None:
        """Close what is not used, until cancelled."""
        while True:
            await asyncio.sleep(UNUSED_S / 2)
            await self.do(lambda: self.vault.drop_unused(UNUSED_S))

    def close(self) -> None:
        """Nothing more is read or written."""
        self._thread.shutdown(cancel_futures=True)
        self.vault.close()
