"""When the model server is asked again: retries with backoff, and a circuit breaker that probes with one request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """Opens after `failures` in a row; a first token later than `slow_s` counts as one. Open for `open_s`, then twice
    as long after every failed probe, up to `most_open_s`. `failures` 0 never opens."""

    failures: int = 0
    slow_s: float = 20.0
    open_s: float = 5.0
    most_open_s: float = 60.0


class Breaker:
    """Closed, open or half open. Times are seconds that only grow, given by the caller.

    `ask` before a request returns None and counts it as under way, or the seconds after which to ask again. Each
    request that was let through then reports `worked`, `failed` or `gave_up`, with what `ask` was given as `mark`.
    """

    def __init__(self, policy: BreakerPolicy) -> None:
        self.policy = policy
        self.state = "closed"
        self.opened = 0
        """How often it has opened."""
        self._failures = 0
        self._until = 0.0
        self._open_s = policy.open_s
        self._changed = float("-inf")
        self._probing = False

    def wait_s(self, now: float) -> float | None:
        """Seconds until a request may be tried, None for now."""
        if self.state == "closed":
            return None
        if self.state == "open":
            return self._until - now if now < self._until else None
        return self.policy.open_s if self._probing else None

    def ask(self, now: float) -> float | None:
        """Let a request through (None), or say in how many seconds to come back. One request probes an open breaker."""
        wait_s = self.wait_s(now)
        if wait_s is None and self.state != "closed":
            if self.state == "open":
                self._change("half open", now)
            self._probing = True
        return wait_s

    def worked(self, mark: float, now: float) -> None:
        """The first token of a request asked at `mark` came now, or the server refused it for its own sake."""
        if now - mark > self.policy.slow_s:
            self.failed(mark, now)
        elif mark >= self._changed:
            self._failures, self._probing, self._open_s = 0, False, self.policy.open_s
            if self.state != "closed":
                self._change("closed", now)

    def failed(self, mark: float, now: float) -> None:
        """A request asked at `mark` failed now. One that was asked before the last change tells nothing new."""
        if not self.policy.failures or mark < self._changed:
            return
        if self.state == "half open":
            self._open_s = min(self.policy.most_open_s, 2 * self._open_s)
            self._open(now)
        elif self.state == "closed":
            self._failures += 1
            if self._failures >= self.policy.failures:
                self._open(now)

    def gave_up(self, mark: float) -> None:
        """A request was stopped before anything could be said of the server: the next one may probe."""
        if mark >= self._changed:
            self._probing = False

    def _open(self, now: float) -> None:
        self._failures, self._probing = 0, False
        self._until = now + self._open_s
        self.opened += 1
        self._change("open", now)

    def _change(self, state: str, now: float) -> None:
        self.state, self._changed = state, now


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
