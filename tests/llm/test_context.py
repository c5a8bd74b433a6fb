"""Token estimates, merged messages, and where a context is cut."""

from __future__ import annotations

import pytest

from voice.llm.context import answered, cut_at, estimate_messages, estimate_tokens, merged
from voice.llm.interface import Message


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("word" * 10, 10), ("今天天气", 4), ("今天 is fine", 2 + 2), ("🙂", 1)]
)
def test_an_estimate_needs_no_tokenizer(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


def test_messages_cost_their_template_too() -> None:
    assert estimate_messages([Message("user", "word"), Message("assistant", "")]) == 1 + 4 + 4


def test_neighbours_of_one_role_are_joined_and_empty_ones_dropped() -> None:
    messages = [
        Message("system", "be brief"),
        Message("user", "a"),
        Message("assistant", ""),
        Message("user", "b"),
        Message("assistant", "c"),
        Message("user", "d"),
    ]
    assert merged(messages) == (
        Message("system", "be brief"),
        Message("user", "a\nb"),
        Message("assistant", "c"),
        Message("user", "d"),
    )


@pytest.mark.parametrize(
    ("fixed", "turns", "begins"),
    [
        (100, [], None),
        (384, [], None),
        (84, [(1, 100), (2, 100), (3, 100)], None),
        (85, [(1, 100), (2, 100), (3, 100)], 3),
        (300, [(1, 100), (2, 100)], 3),
        (9000, [(7, 10)], 8),
    ],
)
def test_a_cut_leaves_half_of_the_room(fixed: int, turns: list[tuple[int, int]], begins: int | None) -> None:
    assert cut_at(fixed, turns, 512) == begins


def test_only_calls_with_an_answer_and_answers_to_a_call_travel() -> None:
    call = {"call_id": "1", "name": "f", "arguments": "{}"}
    asked = Message("assistant", "", calls=(call, {**call, "call_id": "2"}))
    found = answered(
        [Message("user", "a"), asked, Message("tool", "x", call_id="1"), Message("tool", "y", call_id="3")]
    )
    assert found == [Message("user", "a"), Message("assistant", "", calls=(call,)), Message("tool", "x", call_id="1")]
    assert merged(found) == tuple(found)
