"""Characters that look the same are the same, each in its place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voice.safety.redactor import fold


@given(st.text())
def test_every_code_point_keeps_its_place_and_pieces_fold_like_the_whole(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert "".join(map(fold, text)) == fold(text)
    assert fold(fold(text)) == fold(text)


def test_width_digits_spaces_and_dashes_make_no_difference() -> None:
    assert fold("ＡｄＡ＠１３８") == "ada@138"
    assert fold("٠١٢ ०१२ 𝟎𝟏𝟐") == "012 012 012"
    assert fold("a\u00a0b\u3000c\u200bd") == "a b c d"
    assert fold("1‑2–3−4－5") == "1-2-3-4-5"
    assert fold("é你") == "é你"
