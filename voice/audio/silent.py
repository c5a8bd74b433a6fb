"""A sink without a speaker: it takes the audio at the pace it would be heard and lets it go."""

from __future__ import annotations

import asyncio

from voice.audio.playout import Playout


class SilentSink:
    """Plays to nobody, in real or virtual time, so that a conversation without a speaker goes the whole way.

    It takes `block_s` seconds at a time, as a speaker would.
    """

    name = "no speaker"

    def __init__(self, playout: Playout, block_s: float = 0.02) -> None:
        self.rate = playout.rate
        self._playout, self._block_s = playout, block_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin pulling."""
        self._task = asyncio.create_task(self._run(), name="play to nobody")

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        start, pulls = loop.time(), 0
        while True:
            self._playout.pull(round(self.rate * self._block_s), loop.time())
            pulls += 1
            await asyncio.sleep(max(0.0, start + pulls * self._block_s - loop.time()))

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
