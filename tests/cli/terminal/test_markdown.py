"""Replies cut into blocks while they come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voice.cli.terminal.markdown import blocks, is_marked, printable


@given(
    st.lists(st.sampled_from(["a", "  b", "\n", "\n\n", "```", "~~~", "- c", "| d |", " "]), max_size=25).map("".join)
)
def test_blocks_together_are_the_text_and_stay_what_they_were_as_it_grows(text: str) -> None:
    found = blocks(text)
    assert "".join(found) == text
    grown = blocks(text + "\n\nmore")
    assert grown[: max(0, len(found) - 1)] == found[:-1]


def test_fences_and_lists_are_one_block() -> None:
    fence, points = "```py\na\n\nb\n```\n\n", "1. one\n\n   more of it\n\n"
    assert blocks(f"x\n\n{fence}{points}y") == ["x\n\n", fence, points, "y"]


def test_plain_words_are_told_from_markdown() -> None:
    assert not is_marked("It is 5:40, and 3 - 2 is 1. (Yes!)")
    for text in ("**b**", "a\n- b", "1. a", "# a", "`a`", "> a", "a | b"):
        assert is_marked(text)


def test_what_could_command_a_terminal_is_left_out() -> None:
    assert printable("a\x1b[31m\x07\r\n\tb\x9b\u202e") == "a[31m\n\tb"
