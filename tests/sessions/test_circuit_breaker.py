"""The circuit breaker: when it opens, what it lets through, and how it closes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voice.sessions.circuit_breaker import Breaker, BreakerPolicy

POLICY = BreakerPolicy(failures=3, slow_s=10.0, open_s=5.0, most_open_s=20.0)


def opened() -> Breaker:
    breaker = Breaker(POLICY)
    for _ in range(3):
        assert breaker.ask(0.0) is None
        breaker.failed(0.0, 1.0)
    return breaker


def test_failures_in_a_row_open_it_and_a_success_between_does_not() -> None:
    breaker = Breaker(POLICY)
    for _ in range(5):
        breaker.failed(0.0, 1.0)
        breaker.failed(0.0, 1.0)
        breaker.worked(0.0, 1.0)
    assert breaker.state == "closed"
    assert opened().state == "open"


def test_slow_first_tokens_open_it_too() -> None:
    breaker = Breaker(POLICY)
    for _ in range(3):
        breaker.worked(0.0, 10.5)
    assert breaker.state == "open"


def test_while_open_it_says_when_and_then_lets_one_probe() -> None:
    breaker = opened()
    assert breaker.ask(2.0) == 4.0
    assert breaker.ask(6.0) is None
    assert breaker.state == "half open"
    assert breaker.ask(6.0) == 5.0
    breaker.worked(6.0, 7.0)
    assert breaker.state == "closed"
    assert breaker.ask(7.0) is None


def test_each_failed_probe_doubles_the_rest_up_to_the_longest() -> None:
    breaker, now, rests = opened(), 1.0, []
    for _ in range(4):
        rests.append(breaker.wait_s(now))
        now += rests[-1] or 0
        assert breaker.ask(now) is None
        breaker.failed(now, now)
    assert rests == [5.0, 10.0, 20.0, 20.0]


def test_a_probe_that_was_stopped_lets_the_next_one_try() -> None:
    breaker = opened()
    assert breaker.ask(6.0) is None
    breaker.gave_up(6.0)
    assert breaker.ask(6.5) is None


def test_what_was_asked_before_it_opened_tells_nothing_afterwards() -> None:
    breaker = opened()
    breaker.worked(0.5, 2.0)
    assert breaker.state == "open"
    assert breaker.ask(6.0) is None
    breaker.failed(0.5, 6.5)
    assert breaker.state == "half open"


def test_zero_failures_never_opens_it() -> None:
    breaker = Breaker(BreakerPolicy())
    for _ in range(100):
        breaker.failed(0.0, 1.0)
    assert breaker.ask(2.0) is None


@given(st.lists(st.tuples(st.sampled_from(["ask", "worked", "failed", "gave_up"]), st.floats(0, 30)), max_size=60))
def test_never_two_probes_and_always_a_way_back(steps: list[tuple[str, float]]) -> None:
    breaker, now, under_way = Breaker(POLICY), 0.0, []
    for step, after_s in steps:
        now += after_s
        if step == "ask":
            if breaker.ask(now) is None:
                under_way.append(now)
                assert breaker.state == "closed" or breaker.ask(now) is not None
        elif under_way:
            mark = under_way.pop()
            breaker.gave_up(mark) if step == "gave_up" else getattr(breaker, step)(mark, now)
    for mark in under_way:
        breaker.gave_up(mark)
    assert breaker.ask(now + 60.0) is None
