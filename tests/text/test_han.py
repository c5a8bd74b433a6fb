"""Traditional questions are read like simplified ones."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from voice.text.numbers import simplified


def test_simplified() -> None:
    assert simplified("現在幾點鐘？ ok 设") == "现在几点钟？ ok 设"


@settings(deadline=None)
@given(st.text())
def test_offsets_stay(text: str) -> None:
    assert len(simplified(text)) == len(text)
    assert simplified(simplified(text)) == simplified(text)
