"""Which sessions keep their prefix on the model server: the worth of each, per second of its place there."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from voice.errors import ConfigError

DAY_S = 86_400.0
FIRST_S, RATIO, BINS = 4.0, 1.5, 26
"""Ages fall into bins that grow by half: up to 4 s, 6 s, 9 s … 28 hours."""
ENDS = [FIRST_S * RATIO**index for index in range(BINS)]
WIDTHS = [end - begin for begin, end in pairwise([0.0, *ENDS])]
BELIEF = [min(0.5, 0.3 * width / (end + 60.0)) for width, end in zip(WIDTHS, ENDS, strict=True)]
"""The chance of return in each bin before anything is learned: less and less per second."""
VISIT_S = 1800.0
"""A pause this long ends a visit; the next turn is a return at a time of day."""
VISITS = 8
"""Times of day remembered of a session, the newest."""
WINDOW_S = 1800.0
"""A person with habits comes within this much of the usual time."""
OWN_KEEP = 0.9
"""What is left of a session's earlier pauses at each new one."""
OWN_WEIGHT = KIND_WEIGHT = 2.0
"""How many pauses the belief counts for that a session, or a kind of sessions, starts with."""
TURNS = (1, 2, 3, 5, 9, 17)
"""Kinds of sessions by their turns in this visit: one, two, 3–4, 5–8, 9–16, more."""


class Pauses:
    """How long sessions stay silent: for each age, how many reached it, and how many of these came back in it."""

    def __init__(self) -> None:
        self.returned = [0.0] * BINS
        self.reached = [0.0] * BINS

    def learn(self, pause_s: float, *, returned: bool, keep: float = 1.0) -> None:
        """Count one pause, after which the session came back or was given up. `keep`: what is left of earlier ones."""
        last = age_bin(pause_s)
        for index in range(BINS):
            self.reached[index] = self.reached[index] * keep + (index <= last)
            self.returned[index] = self.returned[index] * keep + (returned and index == last)

    def hazards(self, before: Sequence[float], weight: float) -> list[float]:
        """The chance of return in each bin, for a session that reached it; `before` is believed as `weight` pauses."""
        chances, alive = [], weight
        for index, belief in enumerate(before):
            chances.append((self.returned[index] + alive * belief) / (self.reached[index] + alive))
            alive = max(alive * (1.0 - belief), 1e-6)
        return chances


def densities(hazards: Sequence[float]) -> list[float]:
    """For each age, the largest chance of return per second of waiting, over all times that one may go on waiting.

    This is Gittins' index of a project that pays once (Gittins 1979); with one horizon it is the hit density of LHD
    (Beckmann, Chen and Cidon, NSDI 2018).
    """
    table = []
    for index in range(BINS):
        alive, back, waited, best = 1.0, 0.0, 0.0, 0.0
        for later in range(index, BINS):
            waited += alive * WIDTHS[later] * (1.0 - hazards[later] / 2)
            back += alive * hazards[later]
            alive *= 1.0 - hazards[later]
            best = max(best, back / waited)
        table.append(best)
    return table


@dataclass(slots=True)
class HotSession:
    """What is known of one session. `tokens` of its prefix; `weight` of its customer; times in seconds."""

    tokens: int = 0
    weight: float = 1.0
    last_s: float = 0.0
    turns: int = 0
    """Turns of this visit."""
    visits: deque[float] = field(default_factory=lambda: deque(maxlen=VISITS))
    """When its visits began, as seconds of the day."""
    pauses: Pauses = field(default_factory=Pauses)
    densities: Sequence[float] = ()
    """By the age of its present pause."""

    @property
    def kind(self) -> int:
        """The class that its pauses are learned with: turns of this visit, and whether it has come before."""
        return 2 * (sum(self.turns >= least for least in TURNS) - 1) + (len(self.visits) > 1)


def age_bin(age_s: float) -> int:
    """The bin of an age in seconds."""
    if age_s < FIRST_S:
        return 0
    return min(BINS - 1, 1 + int(math.log(age_s / FIRST_S) / math.log(RATIO)))


class HotSessions:
    """Knows the rhythm of every session, and names the one whose prefix is worth least.

    `square`: a token of a prefix of `1 / square` tokens costs twice one of a short prefix to read again; `life_s`: when
    a silent session is given up. The worth of a kept prefix per token and second is the chance of return per second ×
    what the return saves × the weight of the customer ÷ tokens. The chance is the greater of two: that of this
    session's pauses, which start from those of sessions like it, and that of its usual hours.
    """

    def __init__(self, *, life_s: float = 2 * DAY_S, square: float = 0.0) -> None:
        self._life_s, self._square = life_s, square
        self._kinds = [Pauses() for _ in range(2 * len(TURNS))]
        self._known: dict[str, HotSession] = {}

    def __len__(self) -> int:
        return len(self._known)

    def turn(self, key: str, now_s: float, day_s: float, tokens: int, weight: float = 1.0) -> None:
        """A session had a turn. `day_s`: the local time of day; `tokens`: its prefix after the turn."""
        known = self._known.pop(key, None) or HotSession()
        pause_s = now_s - known.last_s
        if known.turns:
            self._kinds[known.kind].learn(pause_s, returned=True)
            known.pauses.learn(pause_s, returned=True, keep=OWN_KEEP)
        if not known.turns or pause_s >= VISIT_S:
            known.turns = 0
            known.visits.append(day_s)
        known.turns, known.last_s, known.tokens, known.weight = known.turns + 1, now_s, tokens, weight
        alike = self._kinds[known.kind].hazards(BELIEF, KIND_WEIGHT)
        known.densities = densities(known.pauses.hazards(alike, OWN_WEIGHT))
        self._known[key] = known  # in the order of their last turn

    def expire(self, now_s: float) -> None:
        """Give up the sessions that have been silent for their life: what they teach is that they did not return."""
        while self._known:
            key, known = next(iter(self._known.items()))  # the longest silent
            if now_s - known.last_s < self._life_s:
                return
            self._kinds[known.kind].learn(now_s - known.last_s, returned=False)
            del self._known[key]

    def forget(self, key: str) -> None:
        """A session was deleted; nothing of it is kept."""
        self._known.pop(key, None)

    def worth(self, key: str, now_s: float, day_s: float) -> float:
        """What one token of its prefix is worth per second that it stays; 0 for an unknown session."""
        known = self._known.get(key)
        if known is None:
            return 0.0
        age_s = now_s - known.last_s
        chance = max(known.densities[age_bin(age_s)], habit(known.visits, age_s, day_s))
        return chance * known.weight * (1.0 + self._square * known.tokens)

    def coldest(self, keys: Iterable[str], now_s: float, day_s: float) -> str:
        """The one of these whose prefix is worth least per second; ties go to the longest silent."""
        return min(keys, key=lambda key: (self.worth(key, now_s, day_s), self._last_s(key)))

    def _last_s(self, key: str) -> float:
        return self._known[key].last_s if key in self._known else -math.inf


def habit(visits: Iterable[float], age_s: float, day_s: float) -> float:
    """The chance of return per second of waiting for the next usual time of day, given the times of earlier visits.

    A time is usual if at least two visits began near it. Within the window around it, the return is due now.
    """
    best = 0.0
    begun = list(visits)
    for usual in begun:
        near = sum(abs((other - usual + DAY_S / 2) % DAY_S - DAY_S / 2) <= WINDOW_S for other in begun)
        if near < 2:
            continue
        until_s = (usual - day_s) % DAY_S
        if until_s > DAY_S - WINDOW_S and age_s > 2 * WINDOW_S:
            until_s = 0.0  # it is due, and a little late
        best = max(best, near / (len(begun) + 1) / (until_s + WINDOW_S))
    return best


def weights_of(told: str) -> dict[str, float]:
    """The weights in serve.hot_weights, `NAME=WEIGHT` by commas, by the name of the API key. Raises ConfigError."""
    found: dict[str, float] = {}
    for part in filter(None, map(str.strip, told.split(","))):
        name, _, number = part.partition("=")
        try:
            found[name.strip()] = weight = float(number)
        except ValueError:
            weight = 0.0
        if not (name.strip() and 0 < weight <= 1000):
            raise ConfigError(f"invalid value {part!r}", where="serve.hot_weights",
                              expected="NAME=WEIGHT, a number up to 1000, such as gold=4, trial=0.5")  # fmt: skip
    return found
