"""When to ask a model server again, and how long to wait before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `tries` requests; waits grow from `base_s` by two up to `most_s`, halved at random (equal jitter)."""

    tries: int = 3
    base_s: float = 0.5
    most_s: float = 8.0
    longest_hint_s: float = 60.0

    def wait_s(self, tried: int, *, temporary: bool, hint_s: float | None, random: Callable[[], float]) -> float | None:
        """Seconds to wait after `tried` failed requests, or None to give up.

        `hint_s` is the server's Retry-After: never undercut, and past `longest_hint_s` not worth a person's wait.
        `random` draws from 0…1.
        """
        if not temporary or tried >= self.tries or (hint_s is not None and hint_s > self.longest_hint_s):
            return None
        backoff = min(self.most_s, self.base_s * 2.0 ** (tried - 1))
        return max(hint_s or 0.0, backoff * (0.5 + random() / 2))
