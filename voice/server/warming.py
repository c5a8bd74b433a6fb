"""When which system prompts are sent to the model server before anybody needs them, for its prefix cache."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from datetime import time as TimeOfDay

from voice.errors import ConfigError

BETWEEN = "---"
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


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
            raise ConfigError(f"no time of day: {part!r}", where="serve.warm_at", expected="times as 08:45, 12:55")
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
