"""The client's half against the server's real rules, over a link that loses what is under way."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.served_session import Served, reply_to, size
from voice.client.protocol import ClientProtocol, ConnectionRefused, Op, SentTurn
from voice.llm.interface import Delta, Done
from voice.sessions.interface import ConnectionChanged, ReplyFailed


class Told:
    """What a reader of one turn got, checked as it comes."""

    def __init__(self) -> None:
        self.text = ""
        self.end: Done | ReplyFailed | None = None
        self.up = True

    def take(self, event: Any) -> None:
        assert self.end is None, "nothing comes after the end"
        if isinstance(event, Delta):
            self.text += event.text
        elif isinstance(event, ConnectionChanged):
            assert event.up != self.up, "down and up alternate"
            self.up = event.up
        elif isinstance(event, Done | ReplyFailed):
            self.end = event


class Pair:
    def __init__(self) -> None:
        self.server = Served()
        self.client = ClientProtocol("s_1", "vt_1", lambda low, high: (low + high) / 2)
        self.wire: deque[Op] = deque()
        self.now = 0.0
        self.told: dict[int, Told] = {}
        self.turns: list[SentTurn] = []
        self.client.connected(self.now)
        self.collect()

    def collect(self) -> None:
        self.wire.extend(json.loads(json.dumps(op)) for op in self.client.take())
        for turn, event in self.client.happened():
            self.told.setdefault(id(turn), Told()).take(event)

    def send(self, text: str, draft: bool = False) -> SentTurn:
        turn = self.client.send(text, self.now, draft=draft)
        self.told.setdefault(id(turn), Told())
        self.turns.append(turn)
        self.collect()
        return turn

    def decide(self, turn: SentTurn, op: str, **more: int) -> None:
        self.client.decide(turn, op, **more)
        self.collect()

    def up(self) -> None:
        if self.wire:
            self.server.take(self.wire.popleft())

    def down(self) -> None:
        if self.server.out:
            try:
                op = self.server.out.popleft()
                self.client.receive(op, self.now, size(op))
            except ConnectionRefused:
                self.drop()
            self.collect()

    def tick(self) -> None:
        self.now += 1
        due = self.client.due()
        if due is not None and due <= self.now:
            try:
                self.client.tick(self.now)
            except ConnectionRefused:
                self.drop()
        self.collect()

    def drop(self) -> None:
        self.wire.clear()
        self.server.drop()
        self.client.disconnected("dropped")
        self.collect()
        self.client.connected(self.now)
        self.collect()

    def restart(self) -> None:
        self.server.restart()
        self.drop()

    def settle(self) -> None:
        """Let everything under way arrive."""
        for _ in range(2000):
            resting = not self.wire and not self.server.out and not self.client.busy
            if resting and not any(turn.retry_at is not None for turn in self.turns):
                return
            while self.wire:
                self.up()
            self.server.step()
            while self.server.out:
                self.down()
            self.tick()
        raise AssertionError("the conversation does not come to rest")


MOVES = st.sampled_from(
    ["up", "down", "step", "tick", "drop", "restart", "trim", "other", "up", "down", "step", "down"]
)
WISHES = st.sampled_from(["send", "draft", "commit", "discard", "truncate"])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(MOVES, MOVES, MOVES, MOVES, WISHES), max_size=120))
def test_whatever_the_link_does_every_turn_ends_once_with_the_servers_text(moves: list[str]) -> None:
    pair = Pair()
    stopped: set[int] = set()
    heard: dict[int, int] = {}
    for move in moves:
        last = pair.turns[-1] if pair.turns else None
        if move in ("send", "draft"):
            if last is None or last.ended:
                pair.send(f"question {len(pair.turns)}", draft=move == "draft")
        elif move in ("commit", "discard"):
            if last is not None and last.draft and not last.decisions:
                stopped |= {id(last)} if move == "discard" else set()
                pair.decide(last, move)
        elif move == "truncate":
            if last is not None and not last.decisions:
                stopped.add(id(last))
                heard[id(last)] = len(pair.told[id(last)].text) // 2
                pair.decide(last, move, heard=heard[id(last)])
        elif move in ("step", "trim", "other"):
            getattr(pair.server, move)()
        else:
            getattr(pair, move)()
    pair.settle()
    for turn in pair.turns:
        told = pair.told[id(turn)]
        whole = "".join(reply_to(turn.body["input"]))
        assert told.end is not None
        assert whole.startswith(told.text)
        logged = pair.server.talk.turns[turn.number]
        if isinstance(told.end, Done) and id(turn) not in stopped and logged.outcome == "done":
            assert told.text == whole
        assert logged.heard == heard.get(id(turn)) or logged.discarded or logged.length == 0, "both sides know it"
    mine = {turn.number for turn in pair.turns}
    others = [turn.input for n, turn in pair.server.talk.turns.items() if n not in mine]
    assert all(text.startswith("other") for text in others)
    assert pair.server.generations == len(pair.turns) + len(others)
    assert pair.client.expected == pair.server.talk.last + 1


@given(st.lists(st.sampled_from(["up", "down", "step", "drop"]), max_size=200))
def test_drops_alone_change_nothing_in_any_reply(moves: list[str]) -> None:
    pair = Pair()
    for move in moves:
        if not pair.turns or pair.turns[-1].ended:
            pair.send(f"question {len(pair.turns)}")
        (pair.server.step if move == "step" else getattr(pair, move))()
    pair.settle()
    for n, turn in enumerate(pair.turns):
        told = pair.told[id(turn)]
        assert told.text == "".join(reply_to(f"question {n}"))
        assert isinstance(told.end, Done)
    assert pair.server.generations == len(pair.turns)


def test_decisions_made_while_away_arrive_afterwards() -> None:
    pair = Pair()
    draft = pair.send("a guess", draft=True)
    pair.settle()
    pair.client.disconnected("away")
    pair.server.drop()
    pair.decide(draft, "commit")
    pair.decide(draft, "truncate", heard=3)
    pair.client.connected(pair.now)
    pair.collect()
    pair.settle()
    assert pair.server.talk.turns[1].kept
    assert pair.server.talk.turns[1].heard == 3
    assert not draft.decisions


def test_a_turn_sent_while_away_says_so_and_is_sent_when_back() -> None:
    pair = Pair()
    pair.settle()
    pair.up()
    pair.down()
    pair.client.disconnected("cable out")
    pair.server.drop()
    turn = pair.send("are you there")
    assert not pair.told[id(turn)].up
    pair.client.connected(pair.now)
    pair.collect()
    pair.settle()
    assert pair.told[id(turn)].up
    assert pair.told[id(turn)].text == "".join(reply_to("are you there"))


def test_number_taken_by_somebody_else_is_changed() -> None:
    pair = Pair()
    pair.settle()
    pair.server.take({"op": "send", "sequence": 1, "input": "from another device"})
    pair.server.out.clear()
    pair.server.sent = pair.server.talk.seq
    for _ in range(8):
        pair.server.step()
    pair.server.out.clear()
    turn = pair.send("mine")
    pair.drop()
    pair.settle()
    assert turn.number == 2
    assert pair.told[id(turn)].text == "".join(reply_to("mine"))


def test_questions_cut_while_another_device_is_answered_are_asked_in_order_without_haste() -> None:
    pair = Pair()
    pair.settle()
    pair.server.other()
    while pair.wire or pair.server.out:
        pair.up()
        pair.down()
    cut = pair.send("one")
    pair.decide(cut, "truncate", heard=0)
    pair.send("two")
    asked = 0
    for _ in range(10):  # as many times there and back, in no time
        asked += sum(op["op"] == "send" for op in pair.wire)
        while pair.wire:
            pair.up()
        while pair.server.out:
            pair.down()
    assert asked == 2, "each is sent again when the wait is over, not at once"
    pair.settle()
    assert [turn.input for turn in pair.server.talk.turns.values()] == ["other 0", "one", "two"]
    assert pair.server.talk.turns[2].heard == 0


def test_unknown_session_ends_everything_at_once() -> None:
    pair = Pair()
    turn = pair.send("hello")
    pair.client.receive(
        {"op": "err", "re": "attach", "code": "session_unknown", "message": "no such session", "temporary": False},
        0,
        99,
    )
    later = pair.send("again")
    ends = [pair.told[id(one)].end for one in (turn, later)]
    assert ends == [ReplyFailed("session_unknown", "no such session")] * 2


def test_lost_log_says_so_and_the_next_turn_works() -> None:
    pair = Pair()
    first = pair.send("one")
    pair.settle()
    second = pair.send("two")
    pair.up()
    pair.server.step()
    pair.down()
    pair.down()
    pair.server.__init__()  # type: ignore[misc]
    pair.server.talk.epoch = "e2"
    pair.drop()
    pair.settle()
    end = pair.told[id(second)].end
    assert isinstance(end, ReplyFailed)
    assert end.code == "session_lost"
    third = pair.send("three")
    pair.settle()
    assert (first.number, third.number) == (1, 1)
    assert pair.told[id(third)].text == "".join(reply_to("three"))


def test_turn_given_up_that_arrived_after_all_is_cut_to_what_was_heard() -> None:
    pair = Pair()
    pair.settle()
    turn = pair.send("hello")
    while pair.wire:
        pair.up()
    pair.server.drop()
    pair.client.disconnected("away")
    pair.client.give_up(ReplyFailed("link_lost", "no connection for a minute", temporary=True))
    pair.decide(turn, "truncate", heard=0)
    pair.client.connected(pair.now)
    pair.collect()
    later = pair.send("again")
    pair.settle()
    assert pair.server.talk.turns[1].heard == 0
    assert (later.number, pair.told[id(later)].text) == (2, "".join(reply_to("again")))


def test_more_bytes_than_the_credit_arrive_because_they_are_acknowledged() -> None:
    pair = Pair()
    for number in range(4):
        long = f"{number} " * 20_000
        turn = pair.send(long)
        pair.settle()
        assert pair.told[id(turn)].text == "".join(reply_to(long))


def test_one_heartbeat_on_a_connection_is_enough_for_all_its_sessions() -> None:
    pair = Pair()
    pair.settle()
    for _ in range(40):
        pair.now += 20
        pair.client.heartbeat(pair.now)
        pair.client.tick(pair.now)
    assert pair.client.take() == []


def test_silent_server_is_noticed() -> None:
    pair = Pair()
    pair.settle()
    pair.up()
    pair.down()
    pair.send("hello")
    for _ in range(8):
        pair.tick()
    assert [op["op"] for op in pair.wire] == ["send", "ping"]
    with pytest.raises(ConnectionRefused, match="does not answer"):
        for _ in range(20):
            pair.now += 1
            pair.client.tick(pair.now)


def test_a_gap_in_the_events_breaks_the_link_instead_of_the_text() -> None:
    pair = Pair()
    pair.send("hello")
    pair.up()
    pair.down()
    with pytest.raises(ConnectionRefused, match="expected event 1"):
        pair.client.receive({"op": "ev", "seq": 2, "turn": 1, "t": "delta", "o": 0, "d": "x"}, 0, 60)


def test_history_is_asked_again_after_an_outage() -> None:
    pair = Pair()
    pair.send("hello")
    pair.settle()
    pair.client.ask_history()
    pair.collect()
    pair.drop()
    assert pair.client.history is None
    pair.settle()
    while pair.server.out or pair.wire:
        pair.up()
        pair.down()
    assert pair.client.history is not None
    assert [message.text for message in pair.client.history] == ["hello", "".join(reply_to("hello"))]
