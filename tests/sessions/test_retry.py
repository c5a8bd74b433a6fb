"""Waits before another try: growing, jittered, never under the server's own hint."""

from __future__ import annotations

import pytest

from voice.sessions.circuit_breaker import RetryPolicy


@pytest.mark.parametrize(
    ("tried", "hint_s", "draw", "wait_s"),
    [
        (1, None, 0.0, 0.25),
        (1, None, 1.0, 0.5),
        (2, None, 1.0, 1.0),
        (2, None, 0.0, 0.5),
        (1, 7.0, 0.5, 7.0),
        (1, 0.0, 1.0, 0.5),
        (3, None, 0.0, None),
        (1, 61.0, 0.0, None),
    ],
)
def test_waits(tried: int, hint_s: float | None, draw: float, wait_s: float | None) -> None:
    assert RetryPolicy().wait_s(tried, temporary=True, hint_s=hint_s, random=lambda: draw) == wait_s


def test_what_is_not_temporary_is_not_tried_again() -> None:
    assert RetryPolicy().wait_s(1, temporary=False, hint_s=None, random=lambda: 0.0) is None


def test_waits_stop_growing() -> None:
    policy = RetryPolicy(tries=20)
    assert policy.wait_s(12, temporary=True, hint_s=None, random=lambda: 1.0) == 8.0
