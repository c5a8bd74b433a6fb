"""Ways to choose the sessions whose prefix stays: ours, the usual ones, and two that know the future."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

from benchmarks.hot_trace import HotTurn
from voice.llm.hot_sessions import DAY_S, HotSessions

SQUARE = 1 / 20_000
"""Attention makes a long prefix dearer: a token of a prefix of 20,000 costs twice one of a short one."""


def cost(tokens: int, weight: float = 1.0) -> float:
    """What it costs to read a prefix again, in tokens of a short one."""
    return weight * tokens * (1.0 + SQUARE * tokens)


class Policy(Protocol):
    """Learns of every turn; of the sessions that are kept it names the one to drop."""

    def turn(self, turn: HotTurn) -> None: ...

    def drop(self, kept: dict[str, int], now_s: float) -> str: ...


class Ours:
    """What the product does."""

    def __init__(self) -> None:
        self._sessions = HotSessions(square=SQUARE)

    def turn(self, turn: HotTurn) -> None:
        self._sessions.expire(turn.time_s)
        self._sessions.turn(turn.session, turn.time_s, turn.time_s % DAY_S, turn.tokens, turn.weight)

    def drop(self, kept: dict[str, int], now_s: float) -> str:
        return self._sessions.coldest(kept, now_s, now_s % DAY_S)


class LeastRecent:
    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def turn(self, turn: HotTurn) -> None:
        self._last[turn.session] = turn.time_s

    def drop(self, kept: dict[str, int], now_s: float) -> str:
        return min(kept, key=self._last.__getitem__)


class LeastFrequent:
    """The turns of a session while it is kept; ties go to the longest silent."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()
        self._last: dict[str, float] = {}

    def turn(self, turn: HotTurn) -> None:
        self._count[turn.session] += 1
        self._last[turn.session] = turn.time_s

    def drop(self, kept: dict[str, int], now_s: float) -> str:
        coldest = min(kept, key=lambda key: (self._count[key], self._last[key]))
        del self._count[coldest]
        return coldest


class GreedyDualSizeFrequency:
    """Cherkasova 1998: clock + frequency × cost ÷ size; the clock is the priority of the last one dropped."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()
        self._priority: dict[str, float] = {}
        self._clock = 0.0

    def turn(self, turn: HotTurn) -> None:
        self._count[turn.session] += 1
        worth = self._count[turn.session] * cost(turn.tokens, turn.weight) / turn.tokens
        self._priority[turn.session] = self._clock + worth

    def drop(self, kept: dict[str, int], now_s: float) -> str:
        coldest = min(kept, key=self._priority.__getitem__)
        self._clock = self._priority[coldest]
        del self._count[coldest]
        return coldest


class AtRandom:
    def __init__(self) -> None:
        self._random = random.Random(1)

    def turn(self, turn: HotTurn) -> None:
        """Nothing is learned."""

    def drop(self, kept: dict[str, int], now_s: float) -> str:
        return self._random.choice(list(kept))


class Clairvoyant:
    """Drops what saves least per second until its next turn, which it knows: Belady 1966, with sizes and costs."""

    def __init__(self, trace: Sequence[HotTurn]) -> None:
        self._times: defaultdict[str, list[float]] = defaultdict(list)
        self._weight: dict[str, float] = {}
        for turn in trace:
            self._times[turn.session].append(turn.time_s)
            self._weight[turn.session] = turn.weight

    def turn(self, turn: HotTurn) -> None:
        """Nothing is left to be learned."""

    def drop(self, kept: dict[str, int], now_s: float) -> str:
        def worth(key: str) -> float:
            times = self._times[key]
            later = bisect_right(times, now_s)
            if later == len(times):
                return 0.0
            return cost(kept[key], self._weight[key]) / kept[key] / (times[later] - now_s + 1e-9)

        return min(kept, key=worth)


def saved(trace: Iterable[HotTurn], capacity: int, policy: Policy, *, from_s: float = 0.0) -> float:
    """What was not read again because it was kept, after `from_s`. `capacity` in tokens."""
    kept: dict[str, int] = {}
    used, total = 0, 0.0
    for turn in trace:
        before = kept.pop(turn.session, 0)
        if turn.time_s >= from_s:
            total += cost(before, turn.weight)
        policy.turn(turn)
        kept[turn.session] = turn.tokens
        used += turn.tokens - before
        while used > capacity:
            used -= kept.pop(policy.drop(kept, turn.time_s))
    return total


def bound(trace: Sequence[HotTurn], capacity: int, *, from_s: float = 0.0) -> float:
    """No policy saves more: the pauses worth most per token and second, while their sum fits into capacity × time.

    PFOO-U of Berger, Beckmann and Harchol-Balter (SIGMETRICS 2018): only the total of the space is limited, not the
    space at each moment.
    """
    last: dict[str, HotTurn] = {}
    pauses = []
    for turn in trace:
        if (before := last.get(turn.session)) is not None and turn.time_s >= from_s:
            pauses.append((cost(before.tokens, turn.weight), before.tokens * (turn.time_s - before.time_s)))
        last[turn.session] = turn
    space = capacity * (trace[-1].time_s - from_s)
    total = 0.0
    for worth, needs in sorted(pauses, key=lambda pause: pause[1] / pause[0]):
        share = min(1.0, space / needs) if needs else 1.0
        total, space = total + share * worth, space - share * needs
        if space <= 0:
            break
    return total
