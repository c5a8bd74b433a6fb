"""Sends system prompts to the model server before people come: when, and how long the first token took."""

from __future__ import annotations

import asyncio
import logging
import statistics
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from datetime import time as TimeOfDay
from typing import cast

from voice.errors import ConfigError
from voice.llm.interface import Ask, Done, Message, UpstreamError
from voice.sessions.engine import Engine
from voice.text.patterns import pattern_of

BETWEEN = "---"
_TIME = pattern_of(r"([01]?\d|2[0-3]):([0-5]\d)")


def prompts(text: str) -> tuple[str, ...]:
    """The distinct system prompts of a file: blocks of text with lines of three hyphens between them."""
    blocks = ("\n".join(lines).strip("\n") for lines in _blocks(text.splitlines()))
    return tuple(dict.fromkeys(block for block in blocks if block.strip()))


def peaks(text: str) -> tuple[TimeOfDay, ...]:
    """Times of day as in `08:45, 12:55`. Raises ConfigError."""
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        clock = _TIME.fullmatch(part)
        if clock is None:
            raise ConfigError(f"invalid time: {part!r}", where="serve.warm_at", expected="times such as 08:45, 12:55")
        found.append(TimeOfDay(int(clock[1]), int(clock[2])))
    return tuple(found)


def spread(count: int, within_s: float, random: Callable[[], float]) -> list[float]:
    """When to begin each of `count` requests, seconds from now: at random in the first four fifths of `within_s`."""
    return sorted(random() * within_s * 0.8 for _ in range(count))


class Schedule:
    """Says once for each peak that its warm-up is due: from `lead_s` seconds before it until it.

    `wall` gives the local time of seconds since 1970 and `instant` the reverse, both by the rules of the place. A clock
    that is moved repeats no warm-up; one that is moved past a peak skips it.
    """

    def __init__(
        self,
        peaks: Iterable[TimeOfDay],
        lead_s: float,
        *,
        wall: Callable[[float], datetime],
        instant: Callable[[datetime], float],
    ) -> None:
        self._peaks, self._lead_s = tuple(peaks), lead_s
        self._wall, self._instant = wall, instant
        self._begun: set[float] = set()

    def due(self, now_s: float) -> float | None:
        """Seconds left until the peak to warm up for now, None where there is none."""
        today = self._wall(now_s).date()
        days = (today, today + timedelta(days=1))  # a peak just after midnight is prepared before it
        near = sorted(self._instant(datetime.combine(day, peak)) for day in days for peak in self._peaks)
        self._begun = {peak for peak in self._begun if abs(peak - now_s) < 2 * 86400}
        for peak in near:
            if peak - self._lead_s <= now_s < peak and peak not in self._begun:
                self._begun.add(peak)
                return peak - now_s
        return None


def _blocks(lines: Iterable[str]) -> Iterable[list[str]]:
    block: list[str] = []
    for line in lines:
        if line.strip() == BETWEEN:
            yield block
            block = []
        else:
            block.append(line)
    yield block


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
        """Ask every prompt once within that many seconds, a few at a time, with the lowest priority."""
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
                log.warning("a prompt could not be warmed up: %s", error.code)
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
