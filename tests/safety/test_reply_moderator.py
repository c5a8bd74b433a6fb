"""What passes the last gate: nothing that a rule has not let through, nothing held longer than a rule may need it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.safety.moderation import Moderation
from voice.safety.reply_moderator import Flagged, ReplyModerator
from voice.safety.rule_language import Rule
from voice.safety.rules import Rules

RULES = Rules([Rule("illegal", "red fox"), Rule("politics", "vote for")])
ACTIONS = {"politics": "flag"}


def outlet(moderation: Moderation | None) -> tuple[ReplyModerator, list[str], list[str]]:
    passed: list[str] = []
    acts: list[str] = []
    return (
        ReplyModerator(moderation, "", passed.append, lambda kind, data: acts.append(kind), lambda name: None),
        passed,
        acts,
    )


def test_without_moderation_everything_passes_at_once() -> None:
    gate, passed, acts = outlet(None)
    gate.feed("a red fox")
    gate.act("timer", {"label": "red fox"})
    asyncio.run(gate.finish())
    assert (passed, acts) == (["a red fox"], ["timer"])


@given(st.lists(st.integers(1, 6)))
def test_a_flagged_word_stops_the_reply_before_it_however_it_was_split(lengths: list[int]) -> None:
    gate, passed, _ = outlet(Moderation(RULES, actions=ACTIONS))
    text, pieces = "vote for the red, well, a red fox and more", []
    for length in lengths:
        pieces.append(text[:length])
        text = text[length:]
    with pytest.raises(Flagged) as flagged:
        for piece in [*pieces, text]:
            gate.feed(piece)
        asyncio.run(gate.finish())
    assert "".join(passed) == "vote for the red, well, a "
    assert flagged.value.categories == ("illegal",)
    assert "politics" in gate.categories


def test_what_may_still_break_a_rule_waits_and_goes_as_soon_as_it_cannot() -> None:
    gate, passed, _ = outlet(Moderation(RULES, actions=ACTIONS))
    for piece in ("a red", " f", "lower", " grows"):
        gate.feed(piece)
    assert passed == ["a ", "red flower grows"]


@pytest.mark.parametrize("data", [{"label": "red fox"}, {"deep": [{"label": "the red fox"}]}])
def test_an_effect_is_read_as_well(data: dict[str, object]) -> None:
    gate, _, acts = outlet(Moderation(RULES))
    gate.act("timer", {"label": "tea", "minutes": 3})
    with pytest.raises(Flagged):
        gate.act("timer", data)
    assert acts == ["timer"]
