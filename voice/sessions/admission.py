"""Which turns may ask the model server now, which wait, which are refused: limits, and a queue fair between keys."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from voice.sessions.log import Refused

SHORTEST_S, LONGEST_S = 1.0, 60.0
"""Bounds of what a refused client is told to wait."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`turns` in flight at once, of which a key may have `per_key`; `queue` turns may wait, none longer than `wait_s`.

    A key alone may fill half of the queue, so that the next key finds room (dynamic thresholds, Choudhury and Hahne
    1998). `tokens_per_min` is what a key may use, input and output, paid afterwards. 0 is unlimited, but of `queue` it
    is none.
    """

    turns: int = 0
    per_key: int = 0
    queue: int = 0
    wait_s: float = 30.0
    tokens_per_min: float = 0.0


class Ticket:
    """A turn's place: waiting, then running, then given back. `low` ones run only while no other waits."""

    __slots__ = ("low", "owner", "since", "state")

    def __init__(self, owner: str, since: float, *, low: bool = False) -> None:
        self.owner, self.since, self.low = owner, since, low
        self.state = "waiting"


class Admission:
    """The queue in front of the model server. Times are seconds that only grow, given by the caller."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.running = self.waiting = 0
        self._running: dict[str, int] = {}
        self._lines: dict[str, deque[Ticket]] = {}  # in the order of their next turn
        self._low: deque[Ticket] = deque()
        self._took_s = 1.0
        self._owed: dict[str, tuple[float, float]] = {}

    def check(self, owner: str, now: float) -> None:
        """Raises Refused overloaded where the owner's next turn would find no place, rate_limited without tokens."""
        owed = self._debt(owner, now) if self.limits.tokens_per_min else 0.0
        if owed > 0:
            wait_s = owed / self.limits.tokens_per_min * 60
            what = f"more than {self.limits.tokens_per_min:g} tokens per minute"
            raise Refused("rate_limited", what, temporary=True, retry_after_s=wait_s)
        free = self.limits.queue - self.waiting
        if self._must_wait(owner) and len(self._lines.get(owner, ())) >= free:
            what = f"{self.running} turns in flight, {self.waiting} waiting"
            raise Refused("overloaded", what, temporary=True, retry_after_s=self.patience_s())

    def enter(self, owner: str, now: float, *, low: bool = False) -> Ticket:
        """Take a place; the ticket may run at once. Never refuses: `check` does, before anything is promised."""
        ticket = Ticket(owner, now, low=low)
        if low:
            self._low.append(ticket)
        else:
            self._lines.setdefault(owner, deque()).append(ticket)
            self.waiting += 1
        self._grant(now)
        return ticket

    def leave(self, ticket: Ticket, now: float) -> list[Ticket]:
        """Give a place back, waiting or running; return the tickets that run now because of it."""
        if ticket.state == "running":
            self.running -= 1
            self._running[ticket.owner] -= 1
            if not self._running[ticket.owner]:
                del self._running[ticket.owner]
            if not ticket.low:
                self._took_s += (now - ticket.since - self._took_s) / 8
        elif ticket.state == "waiting" and ticket.low:
            self._low.remove(ticket)
        elif ticket.state == "waiting":
            line = self._lines[ticket.owner]
            line.remove(ticket)
            self.waiting -= 1
            if not line:
                del self._lines[ticket.owner]
        ticket.state = "gone"
        return self._grant(now)

    def spend(self, owner: str, tokens: int, now: float) -> None:
        """Count what a turn has used."""
        if owner and self.limits.tokens_per_min:
            self._owed[owner] = self._debt(owner, now) + tokens, now

    def patience_s(self) -> float:
        """Seconds after which a refused turn has a chance: what those in front of it take."""
        wait_s = self._took_s * (self.waiting + 1) / max(1, self.limits.turns)
        return min(LONGEST_S, max(SHORTEST_S, wait_s))

    def _debt(self, owner: str, now: float) -> float:
        """Tokens used beyond what a minute allows at once; below 0 is what is left."""
        owed, at = self._owed.get(owner, (-self.limits.tokens_per_min, now))
        return max(-self.limits.tokens_per_min, owed - (now - at) * self.limits.tokens_per_min / 60)

    def _must_wait(self, owner: str) -> bool:
        return owner in self._lines or not self._free() or not self._free_for(owner)

    def _free(self) -> bool:
        return not self.limits.turns or self.running < self.limits.turns

    def _free_for(self, owner: str) -> bool:
        return not self.limits.per_key or not owner or self._running.get(owner, 0) < self.limits.per_key

    def _grant(self, now: float) -> list[Ticket]:
        """Let tickets run while there is room: one of each key in turn, low ones after all others."""
        granted: list[Ticket] = []
        while self._free():
            owner = next((owner for owner in self._lines if self._free_for(owner)), None)
            if owner is not None:
                line = self._lines.pop(owner)
                ticket = line.popleft()
                self.waiting -= 1
                if line:
                    self._lines[owner] = line  # at the end: the next key has its turn first
            elif self._low and not self._lines:
                ticket = self._low.popleft()
            else:
                break
            ticket.state = "running"
            ticket.since = now
            self.running += 1
            self._running[ticket.owner] = self._running.get(ticket.owner, 0) + 1
            granted.append(ticket)
        return granted
