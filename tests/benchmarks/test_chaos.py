"""A short `voice bench chaos`: whatever strikes, no word is missing, none comes twice, none confirmed is lost."""

from __future__ import annotations

import asyncio

from benchmarks.chaos import REPLY, Found, Talker, measure
from tests.support.redis import needs_redis


@needs_redis
def test_nothing_is_lost_or_repeated_while_servers_and_redis_are_killed() -> None:
    lines: list[str] = []
    found = asyncio.run(measure(seconds=2.5, sessions=4, seed=5, write=lines.append))
    assert (found["gaps"], found["repeats"], found["lost"]) == (0, 0, 0)
    assert found["turns"] >= 4
    assert sum(found["faults"].values()) >= 1
    assert found["checked_events"] > 4 * len(REPLY.split())
    assert "lost 0" in lines[-1]


def test_what_a_log_lacks_or_has_twice_is_counted() -> None:
    found = Found()
    talker = Talker.__new__(Talker)
    talker._found, talker._checked, talker._log = found, 0, {}
    events = [
        {"seq": 1, "turn": 1, "t": "started", "d": {"input": "a", "draft": False}},
        {"seq": 2, "turn": 1, "t": "delta", "o": 0, "d": "one "},
        {"seq": 4, "turn": 1, "t": "delta", "o": 8, "d": "three"},
        {"seq": 4, "turn": 1, "t": "delta", "o": 0, "d": "again"},
        {"seq": 5, "turn": 1, "t": "started", "d": {"input": "b", "draft": False}},
    ]
    for event in events:
        talker._take(event)
    assert (found.gaps, found.repeats) == (2, 3)
