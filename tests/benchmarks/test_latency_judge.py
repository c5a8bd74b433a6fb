"""What counts as what, on conversations that can be read off the page."""

from __future__ import annotations

import pytest

from benchmarks.latency_judge import judge, p50_p95
from benchmarks.peers.stage import Said

QUESTION = Said(1.0, 2.0, "question", 1, "what time is it")


def question(start: float, end: float, turn: int, kind: str = "question") -> Said:
    return Said(start, end, kind, turn, "words")


def test_response_is_counted_from_the_true_end_to_the_first_sound() -> None:
    found = judge([QUESTION], [(2.45, 6.0)], [])
    assert found.response_ms == pytest.approx([450.0])
    assert (found.turns, found.unanswered) == (1, 0)


def test_a_turn_without_a_reply_before_the_next_is_unanswered() -> None:
    found = judge([QUESTION, question(10.0, 11.0, 2)], [(11.5, 12.0)], [])
    assert found.unanswered == 1
    assert found.response_ms == pytest.approx([500.0])


def test_a_reply_that_begins_in_a_breath_is_a_false_cut_off() -> None:
    turn = [question(1.0, 2.0, 1), question(2.6, 3.5, 1)]
    assert judge(turn, [(2.3, 2.7), (4.0, 6.0)], []).false_cut_offs == 1
    after = judge(turn, [(4.0, 6.0)], [])
    assert (after.pauses, after.false_cut_offs) == (1, 0)
    assert after.response_ms == pytest.approx([500.0])


def test_an_interruption_is_caught_when_the_reply_falls_silent() -> None:
    said = [QUESTION, question(4.0, 6.0, 2, "interruption")]
    found = judge(said, [(2.4, 4.09), (6.5, 8.0)], [(4.3, "interrupted")])
    assert (found.interruptions, found.missed_interruptions) == (1, 0)
    assert found.barge_in_ms == pytest.approx([90.0])
    assert found.response_ms == pytest.approx([400.0, 500.0])
    assert found.self_interruptions == 0


def test_an_interruption_talked_over_is_missed() -> None:
    found = judge([QUESTION, question(4.0, 6.0, 2, "interruption")], [(2.4, 5.9)], [])
    assert (found.interruptions, found.missed_interruptions, found.barge_in_ms) == (1, 1, [])


def test_a_cough_may_pause_a_reply_but_not_end_it() -> None:
    cough = Said(4.0, 4.4, "noise", 0, "")
    paused = judge([QUESTION, cough], [(2.4, 4.1), (5.0, 8.0)], [])
    assert (paused.overlaps, paused.stopped_by_noise) == (1, 0)
    ended = judge([QUESTION, cough], [(2.4, 4.1), (5.0, 8.0)], [(4.1, "interrupted")])
    assert (ended.overlaps, ended.stopped_by_noise, ended.self_interruptions) == (1, 1, 0)
    assert judge([QUESTION, cough], [(2.4, 3.0)], []).overlaps == 0


def test_a_reply_cut_while_nobody_spoke_interrupted_itself() -> None:
    cut = [(5.0, "interrupted")]
    assert judge([QUESTION], [(2.4, 5.0)], cut).self_interruptions == 1
    assert judge([QUESTION], [(2.4, 3.0)], cut).self_interruptions == 0, "nothing sounded then"


def test_marks_are_those_that_led_to_the_reply() -> None:
    marks = [
        (1.6, "endpoint"), (1.7, "first_token"), (2.3, "transcript"), (2.35, "endpoint"), (2.5, "first_token"),
        (2.52, "first_token"), (3.0, "endpoint"),
    ]  # fmt: skip
    found = judge([QUESTION], [(2.6, 6.0)], marks)
    assert {name: values[0] for name, values in found.marks_ms.items()} == pytest.approx(
        {"transcript": 300.0, "endpoint": 350.0, "first_token": 500.0}
    )
    assert found.decision_to_audible_ms == pytest.approx([250.0])


def test_runs_add_up() -> None:
    total = judge([QUESTION], [(2.4, 6.0)], [(2.3, "endpoint")])
    total.add(judge([QUESTION], [(2.6, 6.0)], [(2.3, "endpoint")]))
    assert total.turns == 2
    assert total.figures()["response_ms"] == {"p50": 400.0, "p95": 600.0, "n": 2}
    assert len(total.marks_ms["endpoint"]) == 2
    assert p50_p95([]) == {"p50": None, "p95": None, "n": 0}
