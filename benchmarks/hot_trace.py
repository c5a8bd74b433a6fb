"""Turns of many sessions over days: a day curve, regulars, one-offs, grazers and bursts; or an owner's own log."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voice.errors import ConfigError
from voice.llm.hot_sessions import DAY_S

HOURS = (1, 1, 1, 1, 1, 2, 5, 10, 14, 12, 10, 10, 13, 12, 9, 8, 8, 9, 12, 14, 13, 9, 5, 2)
"""How busy each hour of the day is, in relation to the others."""
SYSTEM_TOKENS, MOST_TOKENS = 600, 8192


@dataclass(frozen=True, slots=True)
class HotTurn:
    """One turn: when (seconds), whose, and how many tokens the session's prefix has after it."""

    time_s: float
    session: str
    tokens: int
    weight: float = 1.0


def made(*, days: int = 7, people: int = 1000, seed: int = 1, rhythm: bool = True) -> list[HotTurn]:
    """A week of a service. Of `people`, 15 % are regulars who come most days at an hour of their own, 5 % are grazers
    who ask a question now and then all day; as many one-offs as the rest come once. Twice a day a burst of one-offs
    (a link was posted) comes within five minutes. One customer in twenty weighs three times as much.
    """
    random = np.random.default_rng(seed)
    turns: list[HotTurn] = []
    regulars, grazers = round(people * 0.15), round(people * 0.05)
    for number in range(regulars):
        turns += _regular(f"regular-{number}", days, random)
    for number in range(grazers):
        turns += _grazer(f"grazer-{number}", days, random, rhythm=rhythm)
    for day in range(days):
        once = round((people - regulars - grazers) / 4)
        for number in range(once):
            at = day * DAY_S + _time_of_day(random)
            turns += _visit(
                f"once-{day}-{number}", at, 1 + random.geometric(0.4), SYSTEM_TOKENS, _pace_s(random), random
            )
        for burst in range(2):
            at = day * DAY_S + random.uniform(8, 22) * 3600
            for number in range(people // 25):
                begun = at + random.uniform(0, 300)
                count = random.geometric(0.6)
                turns += _visit(f"burst-{day}-{burst}-{number}", begun, count, SYSTEM_TOKENS, _pace_s(random), random)
    return sorted((turn for turn in turns if turn.time_s < days * DAY_S), key=lambda turn: turn.time_s)


def _regular(name: str, days: int, random: np.random.Generator) -> Iterator[HotTurn]:
    """Comes on four days of five, within some twenty minutes of the own hour, for about six turns."""
    hour, weight, pace_s, tokens = _time_of_day(random), _weight(random), _pace_s(random), SYSTEM_TOKENS
    for day in range(days):
        if random.random() < 0.8:
            at = day * DAY_S + hour + random.normal(0.0, 600.0)
            for turn in _visit(name, at, 2 + random.geometric(0.2), tokens, pace_s, random, weight):
                tokens = turn.tokens
                yield turn


def _grazer(name: str, days: int, random: np.random.Generator, *, rhythm: bool) -> Iterator[HotTurn]:
    """Asks one or two things now and then, from about eight to about eleven at night, in a rhythm of its own.

    The median of the rhythms is 25 minutes, one in six below 11 and one in six above 56; within it, pauses differ by
    about a third. Without `rhythm` the pauses have no memory.
    """
    weight, pace_s, tokens = _weight(random), _pace_s(random), SYSTEM_TOKENS
    rhythm_s = random.lognormal(math.log(1500.0), 0.8)
    for day in range(days):
        at = day * DAY_S + random.uniform(7, 10) * 3600
        while at < day * DAY_S + 23 * 3600:
            for turn in _visit(name, at, random.geometric(0.7), tokens, pace_s, random, weight):
                tokens = turn.tokens
                yield turn
            at += random.lognormal(math.log(rhythm_s), 0.35) if rhythm else random.exponential(2400.0)


def _visit(
    name: str, at: float, turns: int, tokens: int, pace_s: float, random: np.random.Generator, weight: float = 1.0
) -> Iterator[HotTurn]:
    for _ in range(turns):
        tokens = min(MOST_TOKENS, tokens + round(random.lognormal(math.log(120.0), 0.6)))
        yield HotTurn(at, name, tokens, weight)
        at += 3.0 + random.lognormal(math.log(pace_s), 0.6)


def _time_of_day(random: np.random.Generator) -> float:
    share = np.array(HOURS) / sum(HOURS)
    return (random.choice(24, p=share) + random.random()) * 3600


def _pace_s(random: np.random.Generator) -> float:
    """People differ in how long they think: a median of 20 s, one in six below 7 s and one in six above a minute."""
    return random.lognormal(math.log(20.0), 1.0)


def _weight(random: np.random.Generator) -> float:
    return 3.0 if random.random() < 0.05 else 1.0


def read(path: Path) -> list[HotTurn]:
    """An owner's log: CSV with the columns time (seconds), session, tokens and perhaps weight. Raises ConfigError."""
    turns = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in (rows := csv.DictReader(file)):
            try:
                turn = HotTurn(float(row["time"]), row["session"], int(row["tokens"]), float(row.get("weight") or 1))
            except (KeyError, TypeError, ValueError) as error:
                raise ConfigError(
                    f"not a turn: {error}", where=f"{path}:{rows.line_num}", expected="time,session,tokens[,weight]"
                ) from error
            turns.append(turn)
    return sorted(turns, key=lambda turn: turn.time_s)
