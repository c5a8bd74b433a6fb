"""The simulated player: what sounded when, and where it ran dry."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.realtime_visitor import AHEAD_S, WIRE_RATE, Player

SECOND = np.full(WIRE_RATE, 1000, np.int16)


def test_audio_that_comes_in_time_sounds_without_a_gap() -> None:
    player = Player()
    player.take("a", SECOND, 10.0)
    player.take("a", SECOND, 10.9)
    assert player.gaps_s == []
    loud = np.flatnonzero(player.heard(10.0, 3.0) > 500) / 16_000
    assert loud[0] == pytest.approx(0, abs=0.01)
    assert loud[-1] == pytest.approx(2, abs=0.01)


def test_a_reply_begins_once_enough_of_it_is_there_or_all() -> None:
    player, little = Player(), SECOND[: round(0.6 * AHEAD_S * WIRE_RATE)]
    player.take("a", little, 10.0)
    player.take("a", little, 10.2)
    player.take("b", little, 11.0)
    player.end(11.5)
    assert [at for at, _ in player.runs] == [10.2, pytest.approx(10.2 + 0.6 * AHEAD_S), 11.5]
    assert (player.gaps_s, player.replies) == ([], 2)


def test_audio_that_comes_late_is_a_gap_until_enough_is_there_again_and_a_new_reply_is_none() -> None:
    player = Player()
    player.take("a", SECOND, 10.0)
    player.take("a", SECOND[:100], 11.5)
    player.take("a", SECOND, 11.7)
    assert player.gaps_s == [pytest.approx(0.7)]
    player.take("b", SECOND, 20.0)
    assert (len(player.gaps_s), player.replies) == (1, 2)


def test_what_was_not_played_when_somebody_spoke_never_sounds() -> None:
    player = Player()
    player.take("a", SECOND, 10.0)
    player.take("a", SECOND, 10.1)
    player.cut(10.5)
    assert np.flatnonzero(player.heard(10.0, 3.0) > 500)[-1] / 16_000 == pytest.approx(0.5, abs=0.01)
