"""Sends system prompts to the model server before the people come, and tells what the first token took."""

from __future__ import annotations

import asyncio
import logging
import statistics
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import cast

from voice.llm.interface import Ask, UpstreamError
from voice.server.warming import Schedule, spread
from voice.sessions.engine import Engine
from voice.sessions.interface import Done, Message

log = logging.getLogger(__name__)

LOOK_S = 10.0
"""How often the time of day is looked at; a clock that was moved is noticed this late."""
AT_ONCE = 2
"""Warm-ups under way at once."""
COLD, WARM = "warmup_cold_first_token_seconds", "warmup_warm_first_token_seconds"


class Warmer:
    """Warms up when it starts and before every peak. `report` is given one line each time.

    Each prompt is asked twice for one token: the first answer is as cold as the server is, the second shows what its
    prefix cache makes of it. No session knows of it; tokens are counted apart.
    """

    def __init__(
        self, engine: Engine, prompts: Sequence[str], schedule: Schedule, report: Callable[[str], object]
    ) -> None:
        self._parts, self._prompts, self._schedule, self._report = engine.parts, prompts, schedule, report

    async def run(self, wall_s: Callable[[], float] = time.time) -> None:
        """Go on until cancelled."""
        await self.warm(0.0)
        while True:
            await asyncio.sleep(LOOK_S)
            left_s = self._schedule.due(wall_s())
            if left_s is not None:
                await self.warm(left_s)

    async def warm(self, within_s: float) -> None:
        """Ask every prompt once within that many seconds, a few at a time, behind everybody else."""
        gate = asyncio.Semaphore(AT_ONCE)
        waits = spread(len(self._prompts), within_s, self._parts.random.random)
        one_by_one = (self._one(prompt, wait_s, gate) for prompt, wait_s in zip(self._prompts, waits, strict=True))
        took = [pair for pair in await asyncio.gather(*one_by_one) if pair is not None]
        if not took:
            self._report(f"warm-up: none of {len(self._prompts)} prompts was answered")
            return
        cold, warm = (statistics.median(seconds) for seconds in zip(*took, strict=True))
        self._parts.levels |= {COLD: cold, WARM: warm}
        self._report(
            f"warm-up: {len(took)} of {len(self._prompts)} prompts; first token {cold * 1000:.0f} ms, "
            f"then {warm * 1000:.0f} ms"
        )

    async def _one(self, prompt: str, wait_s: float, gate: asyncio.Semaphore) -> tuple[float, float] | None:
        await asyncio.sleep(wait_s)
        async with gate:
            try:
                return await self._first_token_s(prompt), await self._first_token_s(prompt)
            except UpstreamError as error:
                log.warning("a prompt was not warmed up: %s", error.code)
            except Exception:
                log.exception("the model adapter %s failed", self._parts.upstream.name)
        self._parts.count("warmup_failures")
        return None

    async def _first_token_s(self, prompt: str) -> float:
        """Seconds to the first token of the shortest reply to this prompt. Raises UpstreamError."""
        parts, model = self._parts, self._parts.options.model
        said = Message("system", prompt), Message("user", "Hello.")
        ask = Ask(said, model=model, options={"max_tokens": 1})
        first_s: float | None = None
        async with parts.slots.held("", low=True):
            begun = parts.clock()
            with parts.slots.attempt() as attempt:
                items = cast("AsyncGenerator[object]", parts.upstream.stream(ask))
                async with aclosing(items):
                    async for item in items:
                        attempt.answered()
                        first_s = parts.clock() - begun if first_s is None else first_s
                        if isinstance(item, Done):
                            self._meter(item)
        parts.count("warmups")
        return first_s or 0.0

    def _meter(self, done: Done) -> None:
        for kind in ("input", "cached", "output"):
            self._parts.count(f"warmup_{kind}_tokens", getattr(done, kind))
