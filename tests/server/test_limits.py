"""Requests per second, counted in buckets."""

from __future__ import annotations

import pytest

from voice.server.access import Buckets


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    now = 0.0
    buckets = Buckets(2.0, 4.0, lambda: now)
    assert [buckets.take("a") for _ in range(5)] == [0.0, 0.0, 0.0, 0.0, 0.5]
    assert buckets.take("b") == 0.0
    now = 0.25
    assert buckets.take("a") == pytest.approx(0.25)
    now = 0.5
    assert buckets.take("a") == 0.0
    now = 1000.0
    assert [buckets.take("a") for _ in range(5)] == [0.0, 0.0, 0.0, 0.0, 0.5]
