"""`voice bench hot`: what it saves to keep the right sessions' prefixes on the model server."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from benchmarks.hot_policies import (
    AtRandom,
    Clairvoyant,
    GreedyDualSizeFrequency,
    LeastFrequent,
    LeastRecent,
    Ours,
    Policy,
    bound,
    saved,
)
from benchmarks.hot_trace import HotTurn, made, read
from benchmarks.sessions import machine
from voice.errors import UsageError
from voice.llm.hot_sessions import DAY_S

LEARN_S = 2 * DAY_S
"""The first days are replayed and not counted: every policy starts with what it has learned by then."""


@dataclass(frozen=True, slots=True)
class HotFigure:
    """What a policy saved: as a share of what least recently used saves, of the clairvoyant, and of the bound."""

    policy: str
    of_lru: float
    of_clairvoyant: float
    of_bound: float


@click.command("hot")
@click.option("--log", "source", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
              help="Replay this CSV of time,session,tokens[,weight] in place of a made week.")  # fmt: skip
@click.option("--people", default=1000, type=click.IntRange(100), metavar="N", help="People of the made week.")
@click.option("--memory", default=10.0, type=click.FloatRange(0.1, 100), metavar="%",
              help="Share of the memory that holds everyone who came within a day.")  # fmt: skip
@click.option(
    "--no-rhythm", is_flag=True, help="People who come all day come at random, without a rhythm of their own."
)
@click.option("--seed", default=1, metavar="N")
@click.option("--json", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write all figures here.")
def command(source: Path | None, people: int, memory: float, no_rhythm: bool, seed: int, target: Path | None) -> None:
    """Replay turns and compare what serve.hot keeps with LRU, LFU, GDSF, chance, and one who knows the future."""
    trace = read(source) if source else made(people=people, seed=seed, rhythm=not no_rhythm)
    if not trace:
        raise UsageError("no turns to replay", where=str(source), expected="rows of time,session,tokens")
    capacity = round(day_tokens(trace) * memory / 100)
    counted_from = trace[0].time_s + (LEARN_S if trace[-1].time_s - trace[0].time_s > 2 * LEARN_S else 0.0)
    figures = measure(trace, capacity, counted_from)
    click.echo(machine())
    sessions = len({turn.session for turn in trace})
    click.echo(f"{len(trace)} turns of {sessions} sessions, room for {capacity} tokens ({memory:g} %)\n")
    click.echo("| kept by | saved, × LRU | of the clairvoyant | of the bound |\n|---|---:|---:|---:|")
    for row in figures:
        click.echo(f"| {row.policy} | {row.of_lru:.2f} | {row.of_clairvoyant:.2f} | {row.of_bound:.2f} |")
    if target is not None:
        target.write_text(json.dumps([asdict(row) for row in figures], indent=1) + "\n", encoding="utf-8")


def measure(trace: Sequence[HotTurn], capacity: int, from_s: float) -> list[HotFigure]:
    """Replay with every policy; `capacity` in tokens, counted from `from_s` on."""
    policies: dict[str, Policy] = {
        "serve.hot": Ours(),
        "least recently used": LeastRecent(),
        "least frequently used": LeastFrequent(),
        "greedy dual size frequency": GreedyDualSizeFrequency(),
        "chance": AtRandom(),
        "the clairvoyant": Clairvoyant(trace),
    }
    found = {name: saved(trace, capacity, policy, from_s=from_s) for name, policy in policies.items()}
    most = bound(trace, capacity, from_s=from_s)
    lru, clairvoyant = found["least recently used"], found["the clairvoyant"]
    return [
        HotFigure(name, _ratio(worth, lru), _ratio(worth, clairvoyant), _ratio(worth, most))
        for name, worth in found.items()
    ]


def day_tokens(trace: Sequence[HotTurn]) -> int:
    """The most tokens that the sessions with a turn within one day have together."""
    alive: OrderedDict[str, HotTurn] = OrderedDict()
    used = most = 0
    for turn in trace:
        before = alive.pop(turn.session, None)
        used += turn.tokens - (before.tokens if before else 0)
        alive[turn.session] = turn
        while turn.time_s - (oldest := next(iter(alive.values()))).time_s > DAY_S:
            used -= alive.pop(oldest.session).tokens
        most = max(most, used)
    return most


def _ratio(worth: float, other: float) -> float:
    return worth / other if other else 0.0
