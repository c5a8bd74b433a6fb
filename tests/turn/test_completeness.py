"""Whole turns are told from unfinished ones, with a recognizer's punctuation or without any."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.llm.builtin import understands
from voice.turn.completeness import completeness, without_marks

TABLE = Path(__file__).parent / "completeness_cases.tsv"

KNOWN = 0.9
"""Share of the truncations in the table that are known to be unfinished; the others are not taken for complete."""


def cases(label: str) -> list[str]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [text for kind, text in rows if kind == label]


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(cases("whole")) + len(cases("truncated")) >= 150


@pytest.mark.parametrize("text", cases("whole"))
def test_a_whole_turn_is_never_held_up_as_unfinished(text: str) -> None:
    for said in (text, without_marks(text), without_marks(text).upper()):
        assert completeness(said, understands).verdict != "unfinished"


@pytest.mark.parametrize("text", cases("truncated"))
def test_a_truncated_turn_is_never_taken_for_a_complete_one_whatever_mark_closes_it(text: str) -> None:
    for mark in ("", ".", "?", "!", "。", "？"):
        assert completeness(without_marks(text) + mark, understands).verdict != "complete"


def test_most_truncations_are_known_to_be_unfinished_even_where_the_recognizer_closed_them() -> None:
    for mark in ("", "."):
        texts = cases("truncated")
        unknown = [text for text in texts if completeness(without_marks(text) + mark).verdict != "unfinished"]
        assert len(unknown) <= (1 - KNOWN) * len(texts), unknown


@pytest.mark.parametrize(
    "text",
    [
        *(
            "what time is it",
            "Where are you?",
            "stop",
            "thank you",
            "how does a microwave work",
            "play some music please",
        ),
        *("it is raining, isn't it", "Thank you. What time is it?"),
        *("现在几点", "现在几点了", "今天天气怎么样", "这是什么", "好的。", "真的吗", "現在幾點了", "太好了"),
    ],
)
def test_complete(text: str) -> None:
    assert completeness(text).verdict == "complete"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("I want to go to the.", "trailing function word"),
        ("what is twelve times", "trailing function word"),
        ("set a timer for", "trailing preposition"),
        ("Good morning. What is the capital of", "trailing preposition"),
        ("so i was thinking um", "filler"),
        ("Well,", "trailing comma"),
        ("I was going to…", "trailing dash"),
        ("could you", "subject without verb"),
        ("Can you play?", "trailing verb"),
        ("How many people?", "question without verb"),
        ("What is 7th?", "bare number asked"),
        ("set a timer for five", "number without unit"),
        ("what is the capital", "noun without of"),
        ("how do I get from here", "half of a pair"),
        ("if it rains tomorrow", "clause to come"),
        ("my number is 555-12", "digits in progress"),
        ("我想去北京和", "trailing conjunction"),
        ("帮我", "trailing verb"),
        ("那个", "filler"),
        ("如果明天下雨", "clause to come"),
        ("号码是一三八", "digits in progress"),
    ],
)
def test_unfinished_and_the_kind_is_named(text: str, rule: str) -> None:
    judged = completeness(text)
    assert (judged.verdict, judged.rule) == ("unfinished", rule)


@pytest.mark.parametrize("text", ["", "how far is the moon", "where are you from", "call 555 1234", "我喜欢苹果"])
def test_unknown(text: str) -> None:
    assert completeness(text).verdict == "unknown"


@pytest.mark.parametrize("text", ["The light is on.", "Where are you from?", "How far is the moon?", "我喜欢苹果。"])
def test_a_closing_mark_is_no_sign_of_an_end(text: str) -> None:
    assert completeness(text).verdict == "unknown"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("Book a table for two", "unclosed"), ("Book a table for two.", "unknown"), ("book a table for two", "unknown")],
)
def test_a_mark_that_a_recognizer_with_marks_left_out_is_a_weak_sign_of_more(text: str, verdict: str) -> None:
    assert completeness(text).verdict == verdict


def test_a_command_the_responder_understands_is_complete_unless_it_trails_off() -> None:
    assert completeness("tell me a joke now", lambda text: True).rule == "command"
    assert completeness("turn the light on and", lambda text: True).verdict == "unfinished"


@pytest.mark.parametrize(
    "text", ["set a timer for five minutes", "Turn off the lights.", "turn the light on", "定时五分钟", "打开灯"]
)
def test_a_command_that_often_goes_on_is_not_taken_for_complete(text: str) -> None:
    judged = completeness(text, lambda text: True)
    assert (judged.verdict, judged.rule) == ("unknown", "command that may go on")


def test_a_command_that_says_all_is_complete() -> None:
    for text in ("set a timer for five minutes and thirty seconds", "turn off the lights in the kitchen"):
        assert completeness(text, lambda text: True).verdict == "complete"


@given(
    st.sampled_from(cases("whole") + cases("truncated")) | st.text(max_size=40),
    st.text(alphabet=".?!…。？！ ", max_size=4),
)
def test_no_mark_after_a_partial_changes_what_is_made_of_it(text: str, marks: str) -> None:
    plain = completeness(without_marks(text), understands)
    assert completeness(without_marks(text + marks), understands) == plain


@given(st.text(max_size=400))
def test_whatever_is_written_is_judged(text: str) -> None:
    assert completeness(text).verdict in ("complete", "unfinished", "unclosed", "unknown")
