"""What a conversation decides about its history, carried out one thing after the other, in the order decided."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from voice.errors import VoiceError


class Remembering:
    """Commits, discards and truncations on their way to the session, so that the event loop need not wait for them."""

    def __init__(self, failed: Callable[[VoiceError], None]) -> None:
        self._failed = failed
        self._work: asyncio.Queue[Awaitable[None]] = asyncio.Queue()

    def do(self, work: Awaitable[None]) -> None:
        """Carry this out after what was decided before."""
        self._work.put_nowait(work)

    async def settled(self, within_s: float | None = None) -> None:
        """Wait until the history is as decided, or until `within_s` seconds have passed."""
        settled = asyncio.ensure_future(self._work.join())
        await asyncio.wait({settled}, timeout=within_s)
        settled.cancel()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            work = await self._work.get()
            try:
                await work
            except VoiceError as error:
                self._failed(error)
            finally:
                self._work.task_done()
