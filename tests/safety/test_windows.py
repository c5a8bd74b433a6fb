"""Windows cover a text once, end where clauses end, and overlap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voice.safety.reply_moderator import LONGEST, OVERLAP, Window, Windows


def test_the_first_window_is_the_first_clause() -> None:
    windows = Windows()
    windows.feed("Well")
    assert windows.take() is None
    windows.feed(", then. Go")
    assert windows.take() == Window("Well, then. ", "Well, then. ")
    windows.feed(" on. 好的，再见")
    assert windows.take() == Window("Well, then. Go on. 好的，", "Go on. 好的，")
    assert windows.take() is None
    assert windows.take(final=True) == Window("Well, then. Go on. 好的，再见", "再见")


def test_words_without_a_clauses_end_are_cut_too() -> None:
    windows = Windows()
    windows.feed("word " * 100)
    assert windows.take() is not None
    windows.feed("x" * (LONGEST - 1))
    assert windows.take() is None
    windows.feed("x")
    assert windows.take() is not None


@given(st.lists(st.text(alphabet="ab ,.。\n", max_size=60), max_size=12), st.data())
def test_windows_cover_the_text_once_and_overlap(pieces: list[str], data: st.DataObject) -> None:
    windows, seen = Windows(), ""
    for piece in [*pieces, None]:
        if piece is not None:
            windows.feed(piece)
        if piece is None or data.draw(st.booleans()):
            window = windows.take(final=piece is None)
            if window is not None:
                before = window.text.removesuffix(window.new)
                assert before == seen[len(seen) - len(before) :]
                assert len(before) == min(len(seen), OVERLAP)
                seen += window.new
    assert seen == "".join(pieces)
