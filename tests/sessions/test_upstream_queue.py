"""The queue in front of the model server: bounded, fair between keys, and never a place too many."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from voice.sessions.log import Refused
from voice.sessions.upstream_queue import Admission, Limits, Ticket


class AnyOrder(RuleBasedStateMachine):
    """Whatever comes and goes, in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = Limits(turns=3, per_key=2, queue=6)
        self.line = Admission(self.limits)
        self.tickets: list[Ticket] = []
        self.now = 0.0

    @rule(owner=st.sampled_from(["a", "b", "c"]), low=st.booleans(), after_s=st.floats(0, 5))
    def enter(self, owner: str, low: bool, after_s: float) -> None:
        self.now += after_s
        try:
            self.line.check(owner, self.now)
        except Refused as refused:
            assert refused.code == "overloaded"
            assert refused.temporary
            assert refused.retry_after_s is not None
            assert 1 <= refused.retry_after_s <= 60
            return
        self.tickets.append(self.line.enter(owner, self.now, low=low))

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(self.tickets))
        self.tickets.remove(ticket)
        for granted in self.line.leave(ticket, self.now):
            assert granted in self.tickets
            assert granted.state == "running"

    @invariant()
    def limits_hold(self) -> None:
        running = [ticket for ticket in self.tickets if ticket.state == "running"]
        waiting = [ticket for ticket in self.tickets if ticket.state == "waiting" and not ticket.low]
        assert len(running) == self.line.running <= 3
        assert len(waiting) == self.line.waiting <= 6
        per_key = Counter(ticket.owner for ticket in running if not ticket.low)
        assert max(per_key.values(), default=0) <= 2

    @invariant()
    def no_place_is_left_empty(self) -> None:
        running = Counter(ticket.owner for ticket in self.tickets if ticket.state == "running")
        waiting = {ticket.owner for ticket in self.tickets if ticket.state == "waiting" and not ticket.low}
        assert self.line.running == 3 or all(running[owner] >= 2 for owner in waiting)


TestAnyOrder = AnyOrder.TestCase


def test_keys_take_turns_however_many_each_has_waiting() -> None:
    line = Admission(Limits(turns=1, queue=100))
    first = line.enter("a", 0.0)
    greedy = [line.enter("a", 0.0) for _ in range(5)]
    modest = [line.enter("b", 0.0), line.enter("c", 0.0)]
    order, running = [], first
    while running is not None:
        granted = line.leave(running, 1.0)
        running = granted[0] if granted else None  # type: ignore[assignment]
        order += [ticket.owner for ticket in granted]
    assert order == ["a", "b", "c", "a", "a", "a", "a"]
    assert all(ticket.state == "gone" for ticket in [*greedy, *modest])


def test_one_key_fills_half_of_the_queue_and_leaves_room_for_the_next() -> None:
    line = Admission(Limits(turns=1, queue=8))
    line.enter("a", 0.0)
    for _ in range(4):
        line.check("a", 0.0)
        line.enter("a", 0.0)
    with pytest.raises(Refused, match="4 waiting"):
        line.check("a", 0.0)
    line.check("b", 0.0)


def test_low_tickets_run_only_when_nobody_else_waits() -> None:
    line = Admission(Limits(turns=1, queue=8))
    first = line.enter("a", 0.0)
    low = line.enter("", 0.0, low=True)
    late = line.enter("b", 0.0)
    assert line.leave(first, 1.0) == [late]
    assert line.leave(late, 2.0) == [low]


def test_the_hint_grows_with_the_queue_and_with_what_turns_take() -> None:
    line = Admission(Limits(turns=2, queue=40))
    running = [line.enter("a", 0.0), line.enter("a", 0.0)]
    short = line.patience_s()
    for _ in range(20):
        line.enter("a", 0.0)
    longer = line.patience_s()
    line.leave(running[0], 30.0)
    assert short < longer < line.patience_s() <= 60


def test_tokens_are_paid_afterwards_and_come_back_with_time() -> None:
    line = Admission(Limits(tokens_per_min=600))
    line.check("a", 0.0)
    line.spend("a", 900, 0.0)
    with pytest.raises(Refused) as caught:
        line.check("a", 0.0)
    assert (caught.value.code, caught.value.retry_after_s) == ("rate_limited", 30.0)
    line.check("b", 0.0)
    line.check("a", 30.0)
