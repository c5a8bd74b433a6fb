"""Reasoning in a reply's text, in every form known, cut anywhere: none of it passes, all of the answer does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.llm.reasoning import PAIRS, Reasoning, opens_by_itself

SAID = "Hello there, my friend."

MARKED = [
    *(f"{begin}\nHmm, who is that?\n{end}\n\n{SAID}" for begin, end in PAIRS if begin != "<tool_call>"),
    f"<think></think>{SAID}",
    f"<think>\n\n</think>\n\n{SAID}",
    f"<THINK>a < b, and b</thinking> too</Think>\n{SAID}",
    f"<think>one</think>\n<think>two</think>\n{SAID}",
    f"<|channel|>analysis<|message|>They greet me.<|end|><|start|>assistant<|channel|>final<|message|>{SAID}<|return|>",
    f"<|start|>assistant<|channel|>final<|message|>{SAID}<|end|>",
    f"<|channel|>commentary<|message|>{{}}<|call|><|start|>assistant<|channel|>final <|message|>{SAID}",
    f"<|START_THINKING|>x<|END_THINKING|><|START_RESPONSE|>{SAID}<|END_RESPONSE|>",
    f"{SAID}<|im_end|>",
    f"\ufeff{SAID}",
]

PLAIN = [
    SAID,
    "Write `<think>` before it and `</think>` behind.",
    'The tag is called "<thinking>" there.',
    "a < b and b > c, [THIS] is no mark, <thin air>",
    "<th",
    "  indented",
    "",
    "天气很好 🙂 İstanbul <",
]


def read(reasoning: Reasoning, text: str, cuts: list[int], *, cut: bool = False) -> str:
    places = sorted({min(place, len(text)) for place in cuts})
    pieces = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
    return "".join(reasoning.feed(piece) for piece in pieces) + reasoning.flush(cut=cut)


CUTS = st.one_of(st.just(list(range(400))), st.lists(st.integers(0, 200), max_size=20))


@pytest.mark.parametrize("opened", [False, None])
@pytest.mark.parametrize("text", MARKED)
@given(cuts=CUTS)
def test_what_is_marked_never_passes(text: str, opened: bool | None, cuts: list[int]) -> None:
    assert read(Reasoning(opened), text, cuts) == SAID


@pytest.mark.parametrize("opened", [False, None])
@pytest.mark.parametrize("text", PLAIN)
@given(cuts=CUTS)
def test_everything_else_passes_as_it_was(text: str, opened: bool | None, cuts: list[int]) -> None:
    assert read(Reasoning(opened), text, cuts) == text


@pytest.mark.parametrize("thought", ["Okay, the user says hello.", "They greet me, so I greet them."])
@given(cuts=CUTS)
def test_a_block_that_the_template_began_has_only_an_end(thought: str, cuts: list[int]) -> None:
    reasoning = Reasoning(opened=True)
    assert read(reasoning, f"{thought}\n</think>\n\n{SAID}", cuts) == SAID
    assert reasoning.opened is True


def test_it_is_found_out_once_whether_the_template_begins_the_block() -> None:
    first = Reasoning(opened=None)
    assert first.feed("Okay, the user says hello.") == ""
    assert first.feed("\n</think>\n\nHello") + first.feed(" there") + first.flush() == "Hello there"
    assert first.opened is True
    other = Reasoning(opened=None)
    assert other.feed("Okay, your timer is set.") == ""
    assert other.flush() == "Okay, your timer is set."
    assert other.opened is False
    assert Reasoning(other.opened).feed("Okay, ") == "Okay, ", "it is not asked again"


@given(cuts=CUTS)
def test_a_call_in_the_text_is_taken_out_and_kept(cuts: list[int]) -> None:
    reasoning = Reasoning()
    call = '{"name": "light", "arguments": {"a": "<think>"}}'
    assert read(reasoning, f"<think>hm</think>One moment. <tool_call>\n{call}\n</tool_call>", cuts) == "One moment. "
    assert [text.strip() for text in reasoning.calls] == [call]


def test_a_lone_end_is_never_said_and_is_learned_from() -> None:
    reasoning = Reasoning(opened=None)
    assert reasoning.feed("Greeting them back.</think>Hello") == "Greeting them back.Hello"
    assert reasoning.opened is True


def test_a_reply_that_was_all_reasoning_says_nothing() -> None:
    assert read(Reasoning(), "<think>and so on, and", [9]) == ""
    assert read(Reasoning(opened=True), "and so on, and", [4], cut=True) == ""
    assert read(Reasoning(opened=True), "Hello.", [4]) == "Hello.", "a model that did not think, after all"


def test_a_server_that_separates_reasoning_is_believed() -> None:
    reasoning = Reasoning(opened=True)
    assert reasoning.feed("Okay") == ""
    assert reasoning.separate() == "Okay"
    assert reasoning.feed(", then") == ", then"
    assert reasoning.opened is False


@pytest.mark.parametrize(
    ("model", "opens"),
    [
        ("deepseek-r1:8b", True),
        ("QwQ-32B", True),
        ("qwen3-4b-thinking-2507", True),
        ("llama3.2", False),
        ("gpt-4o", False),
    ],
)
def test_models_are_known_by_name(model: str, opens: bool) -> None:
    assert opens_by_itself(model) is opens
