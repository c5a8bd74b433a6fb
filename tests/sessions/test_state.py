"""The rules of a conversation, case by case, and that a log always folds to the same state."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.llm.interface import Message
from voice.sessions.log import ENDS, BrokenLog, Event, Refused
from voice.sessions.state import SessionState


class Talk:
    """A conversation and the log it made."""

    def __init__(self, **how: Any) -> None:
        self.talk = SessionState("e1", **how)
        self.log: list[Event] = []

    def send(self, sequence: int, text: str = "hello", **how: Any) -> None:
        self.log += self.talk.send(sequence, text, **how)[1]

    def reply(self, *parts: str, end: str = "done") -> None:
        turn = self.talk.turns[self.talk.last]
        for part in parts:
            self.log += self.talk.delta(turn, part)
        if end:
            self.log += self.talk.end(turn, end, {"usage": self.talk.usage(turn)})

    def do(self, op: str, *args: int) -> None:
        self.log += getattr(self.talk, op)(*args)

    def kinds(self, since: int = 0) -> list[str]:
        return [event.t for event in self.log[since:]]

    def said(self) -> list[str]:
        return [message.text for _, message in self.talk.messages()]


def refused(talk: Talk, op: str, *args: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        getattr(talk.talk, op)(*args)
    return caught.value


def test_events_are_dense_and_deltas_carry_code_point_offsets() -> None:
    talk = Talk()
    talk.send(1)
    talk.reply("天气🙂", "", "ok")
    assert [event.seq for event in talk.log] == [1, 2, 3, 4]
    assert [(event.o, event.d) for event in talk.log if event.t == "delta"] == [(0, "天气🙂"), (3, "ok")]
    assert talk.said() == ["hello", "天气🙂ok"]


def test_the_same_number_and_body_find_the_turn() -> None:
    talk = Talk()
    talk.send(1)
    turn, events = talk.talk.send(1, "hello", draft=True, msg_id="again")
    assert (turn.number, events) == (1, [])


@pytest.mark.parametrize(
    ("sequence", "text", "code", "number"),
    [(1, "other", "sequence_conflict", 2), (3, "hello", "sequence_gap", 2), (0, "x", "sequence_gap", 2)],
)
def test_other_bodies_and_gaps_are_refused_with_the_number_expected(
    sequence: int, text: str, code: str, number: int
) -> None:
    talk = Talk()
    talk.send(1)
    talk.reply("hi")
    error = refused(talk, "send", sequence, text)
    assert (error.code, error.number, error.temporary) == (code, number, False)
    assert talk.talk.last == 1


def test_other_options_are_another_body() -> None:
    talk = Talk()
    talk.send(1, options={"temperature": 0.2})
    assert refused(talk, "send", 1, "hello").code == "sequence_conflict"


def test_a_running_turn_is_not_pushed_aside() -> None:
    talk = Talk()
    talk.send(1)
    error = refused(talk, "send", 2, "next")
    assert (error.code, error.temporary) == ("turn_in_flight", True)


@pytest.mark.parametrize("end", ["", "done"])
def test_an_undecided_draft_gives_way_to_the_next_turn(end: str) -> None:
    talk = Talk()
    talk.send(1, "what is", draft=True)
    talk.reply("It", end=end)
    since = len(talk.log)
    talk.send(2, "what is the time")
    assert talk.kinds(since) == ["discarded", "started"]
    assert talk.said() == ["what is the time"]


def test_a_draft_becomes_a_turn_by_commit_and_leaves_no_trace_by_discard() -> None:
    talk = Talk()
    talk.send(1, draft=True)
    talk.reply("one")
    assert talk.said() == []
    talk.do("commit", 1)
    talk.do("commit", 1)
    assert talk.said() == ["hello", "one"]
    talk.send(2, draft=True)
    talk.reply("two")
    talk.do("discard", 2)
    talk.do("discard", 2)
    assert talk.said() == ["hello", "one"]
    assert talk.kinds().count("committed") == talk.kinds().count("discarded") == 1
    assert refused(talk, "discard", 1).code == "turn_committed"
    assert refused(talk, "commit", 2).code == "turn_discarded"


@pytest.mark.parametrize("number", [0, 2, 99])
@pytest.mark.parametrize("op", [("commit",), ("discard",), ("truncate", 3), ("cancel",)])
def test_turns_that_are_not_there_are_refused(op: tuple[Any, ...], number: int) -> None:
    talk = Talk()
    talk.send(1)
    assert refused(talk, op[0], number, *op[1:]).code == "turn_unknown"


def test_truncation_stops_the_reply_and_only_ever_shortens() -> None:
    talk = Talk()
    talk.send(1)
    talk.reply("Hello, ", "world", end="")
    talk.do("truncate", 1, 6)
    talk.reply("!", end="done")
    assert talk.kinds() == ["started", "delta", "delta", "truncated"]
    assert talk.said() == ["hello", "Hello,"]
    for heard, left in ((9, "Hello,"), (6, "Hello,"), (2, "He"), (0, "")):
        talk.do("truncate", 1, heard)
        assert talk.talk.turns[1].text == left
    assert refused(talk, "truncate", 1, -1).code == "bad_request"


def test_hearing_all_of_a_complete_reply_changes_nothing() -> None:
    talk = Talk()
    talk.send(1)
    talk.reply("Hello")
    talk.do("truncate", 1, 50)
    assert talk.kinds()[-1] == "done"


def test_cancel_keeps_what_was_delivered() -> None:
    talk = Talk()
    talk.send(1)
    talk.reply("Hel", end="")
    talk.do("cancel", 1)
    talk.do("cancel", 1)
    talk.reply("lo")
    assert talk.kinds() == ["started", "delta", "cancelled"]
    assert talk.log[-1].d["usage"] == {"input": 6, "cached": 0, "output": 1, "estimated": True}
    assert talk.said() == ["hello", "Hel"]


def test_the_context_grows_at_its_end_only() -> None:
    talk = Talk(system="be brief")
    before: tuple[Message, ...] = ()
    for number in range(1, 8):
        talk.send(number, f"question {number}")
        context = talk.talk.context(talk.talk.turns[number])
        assert context[: len(before)] == before
        before = context
        talk.reply(f"answer {number}")
    assert [message.role for message in before] == ["system"] + ["user", "assistant"] * 6 + ["user"]


def test_a_turn_without_a_reply_does_not_break_alternation() -> None:
    talk = Talk()
    talk.send(1, "first")
    talk.reply(end="retry_failed")
    talk.send(2, "second")
    assert talk.talk.context(talk.talk.turns[2]) == (Message("user", "first\nsecond"),)


def test_a_context_that_outgrows_the_window_is_cut_in_large_steps() -> None:
    talk = Talk(system="s" * 40, window=512)
    cuts = []
    for number in range(1, 60):
        talk.send(number, f"question {number} " + "x" * 40)
        talk.reply("answer " * 10)
        if "cut" in talk.kinds(len(talk.log) - 4):
            cuts.append(number)
        asked = talk.talk.turns[number].asked
        assert asked <= 512 - 128
    assert len(cuts) >= 3
    assert min(later - earlier for earlier, later in pairwise(cuts)) >= 4
    cut = next(event for event in talk.log if event.t == "cut")
    after = talk.log[cut.seq]
    assert (after.t, after.turn) == ("started", cut.turn)
    assert cut.d["from"] <= cut.turn


def test_one_message_larger_than_the_window_is_still_asked() -> None:
    talk = Talk(window=512)
    talk.send(1, "short")
    talk.reply("yes")
    talk.send(2, "y" * 4000)
    assert talk.talk.context(talk.talk.turns[2]) == (Message("user", "y" * 4000),)


def test_real_token_counts_correct_the_estimate() -> None:
    talk = Talk()
    talk.send(1, "x" * 400)
    estimate = talk.talk.turns[1].asked
    usage = {"input": 2 * estimate, "cached": 0, "output": 1, "estimated": False}
    talk.log += talk.talk.end(talk.talk.turns[1], "done", {"usage": usage})
    talk.send(2, "x" * 400)
    assert talk.talk.turns[2].asked == pytest.approx(4 * estimate, rel=0.1)


def test_resume_needs_the_same_log_and_a_place_in_it() -> None:
    talk = Talk()
    talk.send(1)
    talk.reply("a", "b")
    talk.talk.trim(2)
    cases = {(2, "e1"): True, (4, "e1"): True, (1, "e1"): False, (5, "e1"): False, (3, "e2"): False}
    assert {case: talk.talk.can_resume(*case) for case in cases} == cases
    assert not talk.talk.can_resume(None, "e1")


def test_the_snapshot_shows_the_conversation_and_the_open_turn() -> None:
    talk = Talk()
    talk.send(1)
    talk.reply("one")
    talk.send(2, "guess", draft=True)
    talk.reply("tw", end="")
    open = {"turn": 2, "input": "guess", "text": "tw", "draft": True, "ended": False}
    said = [{"turn": 1, "role": "user", "text": "hello"}, {"turn": 1, "role": "assistant", "text": "one"}]
    assert talk.talk.snapshot() == {"messages": said, "open": open}


@pytest.mark.parametrize("event", [Event(3, 1, "delta", "x", 0), Event(2, 1, "delta", "x", 4)])
def test_a_log_with_a_hole_is_noticed(event: Event) -> None:
    talk = Talk()
    talk.send(1)
    with pytest.raises(BrokenLog):
        talk.talk.apply(event)


def test_old_turns_are_forgotten_with_their_events() -> None:
    talk = Talk(window=512)
    for number in range(1, 40):
        talk.send(number, "x" * 200)
        talk.reply("y" * 200)
    point = talk.talk.trim_point(20)
    assert talk.log[point].t in ("started", "cut")
    talk.talk.trim(point)
    assert refused(talk, "send", 1, "x" * 200).code == "turn_gone"
    assert len(talk.talk.turns) < 12
    assert talk.talk.trim_point(20) == 0


steps = st.one_of(
    st.tuples(st.just("send"), st.sampled_from(["a", "天气", "🙂 fine"]), st.booleans()),
    st.tuples(st.just("delta"), st.text(min_size=1, max_size=5)),
    st.tuples(st.just("end"), st.sampled_from(["done", "failed", "retry_failed"])),
    st.tuples(st.sampled_from(["commit", "discard", "cancel"]), st.integers(0, 2)),
    st.tuples(st.just("truncate"), st.integers(0, 2), st.integers(0, 12)),
)


def play(talk: Talk, step: tuple[Any, ...]) -> None:
    last = talk.talk.last
    try:
        if step[0] == "send":
            talk.send(last + 1, step[1], draft=step[2])
        elif step[0] == "delta" and last:
            talk.reply(step[1], end="")
        elif step[0] == "end" and last:
            talk.reply(end=step[1])
        elif step[0] in ("commit", "discard", "cancel", "truncate"):
            talk.do(step[0], last - step[1], *step[2:])
    except Refused:
        pass


@given(st.lists(steps, max_size=40), st.integers(0, 40))
def test_whatever_happens_the_log_folds_to_the_same_state(script: list[tuple[Any, ...]], split: int) -> None:
    talk = Talk(window=512)
    for step in script:
        play(talk, step)
    assert [event.seq for event in talk.log] == list(range(1, len(talk.log) + 1))

    again = SessionState("e1", window=512)
    for event in talk.log[:split]:
        again.apply(event)
    restored = SessionState("e1", window=512)
    restored.restore(json.loads(json.dumps(again.to_json())))
    for event in talk.log[split:]:
        restored.apply(Event(*json.loads(json.dumps(event))))
    assert restored.snapshot() == talk.talk.snapshot()
    assert restored.to_json() == talk.talk.to_json()


@given(st.lists(steps, max_size=40))
def test_every_turn_ends_at_most_once_and_says_nothing_after(script: list[tuple[Any, ...]]) -> None:
    talk = Talk()
    for step in script:
        play(talk, step)
    ended: set[int] = set()
    for event in talk.log:
        if event.t in ENDS and event.turn in ended:
            assert event.t in ("truncated", "discarded")
        if event.t in ("delta", "effect", "started"):
            assert event.turn not in ended
        if event.t in ENDS:
            ended.add(event.turn)
    for number, turn in talk.talk.turns.items():
        assert turn.running == (number not in ended)


def test_a_turn_remembers_what_came_before_its_words_and_the_functions_it_called() -> None:
    talk = SessionState("e", system="be brief")
    call = {"call_id": "c1", "name": "light", "arguments": "{}"}
    turn, _ = talk.send(1, "light on", options={"instructions": "be long", "tools": []})
    assert talk.context(turn)[0] == Message("system", "be long")
    talk.effect(turn, "function_call", call)
    talk.end(turn, "done", {})
    answer = {"role": "tool", "text": "it is on", "call_id": "c1"}
    turn, _ = talk.send(2, "", options={"before": [answer]})
    told = talk.context(turn)
    assert [message.role for message in told] == ["system", "user", "assistant", "tool"]
    assert told[2].calls == (call,)
    assert told[3] == Message("tool", "it is on", call_id="c1")
    again = SessionState("e", system="be brief")
    again.restore(json.loads(json.dumps(talk.to_json())))
    assert again.context(again.turns[2]) == told


def test_what_the_input_was_found_to_be_and_who_named_it_are_logged() -> None:
    talk = Talk()
    talk.send(1, msg_id="m1", categories=["insult"], blocked=True)
    assert talk.log[0].d == {
        "input": "hello",
        "draft": False,
        "msg_id": "m1",
        "categories": ["insult"],
        "blocked": True,
    }
    again = SessionState("e1")
    again.apply(talk.log[0])
    assert (again.turns[1].msg_id, again.turns[1].categories, again.turns[1].blocked) == ("m1", ["insult"], True)


def test_an_effect_that_is_no_function_call_marks_the_turn_only() -> None:
    talk = SessionState("e1")
    turn, _ = talk.send(1, "remind me")
    talk.effect(turn, "timer", {"seconds": 60})
    assert (turn.acted, turn.calls) == (True, [])


def test_a_second_end_in_a_log_leaves_the_first_outcome() -> None:
    talk = Talk()
    talk.send(1)
    talk.reply("one", "two", end="")
    talk.do("truncate", 1, 3)
    usage = {"input": 9, "cached": 0, "output": 1, "estimated": False}
    talk.talk.apply(Event(talk.log[-1].seq + 1, 1, "done", {"usage": usage}))
    assert (talk.talk.turns[1].outcome, talk.talk.turns[1].usage) == ("truncated", usage)
