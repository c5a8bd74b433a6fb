"""The replay of turns: what is kept, what a bound allows, and what an owner's log may look like."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.hot import day_tokens, measure
from benchmarks.hot_policies import Clairvoyant, LeastRecent, bound, cost, saved
from benchmarks.hot_trace import HotTurn, made, read
from voice.errors import ConfigError


def turns(*rows: tuple[float, str]) -> list[HotTurn]:
    return [HotTurn(time_s, session, 100) for time_s, session in rows]


def test_what_was_kept_is_not_read_again() -> None:
    trace = turns((0, "a"), (1, "a"), (2, "b"), (3, "a"))
    assert saved(trace, 1000, LeastRecent()) == pytest.approx(2 * cost(100))
    assert saved(trace, 100, LeastRecent()) == pytest.approx(cost(100)), "b took the place of a"
    assert saved(trace, 100, Clairvoyant(trace)) == pytest.approx(2 * cost(100)), "b never returns"
    assert saved(trace, 0, LeastRecent()) == 0.0


def test_of_two_that_cannot_both_stay_the_bound_counts_one() -> None:
    trace = turns((0, "a"), (0, "b"), (10, "a"), (10, "b"))
    assert bound(trace, 100) == pytest.approx(cost(100))
    assert bound(trace, 200) == pytest.approx(2 * cost(100))


def test_the_made_week_is_the_same_each_time_and_ours_saves_more_than_lru_and_less_than_the_future_known() -> None:
    trace = made(days=3, people=200)
    assert trace == made(days=3, people=200)
    assert all(one.time_s <= later.time_s for one, later in pairwise(trace))
    figures = {row.policy: row for row in measure(trace, day_tokens(trace) // 10, 0.0)}
    assert all(row.of_bound <= 1.0 for row in figures.values())
    assert figures["chance"].of_lru < figures["serve.hot"].of_lru < figures["the clairvoyant"].of_lru
    assert figures["serve.hot"].of_lru > 1.1


def test_the_room_is_measured_by_the_busiest_day() -> None:
    assert day_tokens(turns((0, "a"), (10, "b"), (86_500, "c"), (86_600, "c"))) == 200


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("time,session\n1,a\n", ":2"),
        ("time,session,tokens\n1,a,10\nsoon,a,10\n", ":3"),
        ("time,session,tokens\n1\n", ":2"),
    ],
)
def test_a_row_that_is_no_turn_is_named(text: str, where: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=f"log.csv{where}"):
        read(path)


def test_an_owners_log_is_read_with_a_bom_and_without_weights(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("\ufefftime,session,tokens\n2,b,20\n1,a,10\n", encoding="utf-8")
    assert read(path) == [HotTurn(1.0, "a", 10), HotTurn(2.0, "b", 20)]
