"""The simulated player: what sounded when, and where it ran dry."""

from __future__ import annotations

import numpy as np
import pytest

from voice.bench.realtime_visitor import JITTER_BUFFER_S, WIRE_RATE, Player

SECOND = np.full(WIRE_RATE, 1000, np.int16)


def test_audio_that_comes_in_time_sounds_without_a_gap() -> None:
    player = Player()
    player.take("a", SECOND, 10.0)
    player.take("a", SECOND, 10.9)
    assert player.gaps_s == []
    heard = player.heard(10.0, 3.0)
    loud = np.flatnonzero(heard > 500) / 16_000
    assert loud[0] == pytest.approx(JITTER_BUFFER_S, abs=0.01)
    assert loud[-1] == pytest.approx(2 + JITTER_BUFFER_S, abs=0.01)


def test_audio_that_comes_late_is_a_gap_and_a_new_reply_is_none() -> None:
    player = Player()
    player.take("a", SECOND, 10.0)
    player.take("a", SECOND, 11.5)
    assert player.gaps_s == [pytest.approx(0.5 - JITTER_BUFFER_S)]
    player.take("b", SECOND, 20.0)
    assert (len(player.gaps_s), player.replies) == (1, 2)


def test_what_was_not_played_when_somebody_spoke_never_sounds() -> None:
    player = Player()
    player.take("a", SECOND, 10.0)
    player.take("a", SECOND, 10.1)
    player.cut(10.5 + JITTER_BUFFER_S)
    assert np.flatnonzero(player.heard(10.0, 3.0) > 500)[-1] / 16_000 == pytest.approx(0.5 + JITTER_BUFFER_S, abs=0.01)
