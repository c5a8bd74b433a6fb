"""The waterfall is a well-formed picture whose bars are as long as the spans."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.cli.latency_table import LEFT, TITLE, waterfall
from voice.trace import MOMENTS, TurnTrace

SVG = "{http://www.w3.org/2000/svg}"


def turn(number: int, text: str, **moments: float) -> dict[str, object]:
    return TurnTrace(number, text=text, outcome="answered" if moments else "empty", moments=moments).to_json()


def bars(picture: str) -> list[tuple[float, float]]:
    rects = ET.fromstring(picture).iter(f"{SVG}rect")
    return [
        (float(rect.get("x", 0)), float(rect.get("width", 0))) for rect in rects if rect.find(f"{SVG}title") is not None
    ]


def test_bars_follow_each_other_and_are_to_scale() -> None:
    picture = waterfall([turn(1, "what <time> & day", speech_end=10.0, endpoint=10.5, first_audio=10.6, audible=10.7)])
    (first, second, third) = bars(picture)
    assert first[0] == LEFT
    assert second[0] == pytest.approx(first[0] + first[1], abs=0.11)
    assert third[0] == pytest.approx(second[0] + second[1], abs=0.11)
    assert first[1] == pytest.approx(5 * second[1], rel=0.01)
    assert "what &lt;time&gt; &amp; day" in picture
    assert "700 ms" in picture


def test_a_turn_without_a_reply_says_how_it_ended() -> None:
    picture = waterfall([turn(1, "", speech_end=1.0), turn(2, "x", speech_end=1.0, audible=1.2)])
    assert ">empty<" in picture or ">answered<" in picture
    assert len(bars(picture)) == 1


def test_it_has_a_title_that_is_seen_and_turn_one_on_top() -> None:
    moments = {"speech_end": 1.0, "transcript": 1.1, "audible": 1.2}
    picture = ET.fromstring(waterfall([turn(number, "hello", **moments) for number in (1, 2, 3)]))
    texts = [(float(text.get("y", 0)), text.text or "") for text in picture.iter(f"{SVG}text")]
    assert texts[0][1] == TITLE
    rows = [words for _, words in sorted(texts) if words.endswith("hello")]
    assert rows == ["1  hello", "2  hello", "3  hello"]
    assert all(float(text.get("x", 0)) + 7.2 * len(text.text or "") < 980 for text in picture.iter(f"{SVG}text"))


def test_it_is_readable_by_day_and_by_night() -> None:
    picture = waterfall([turn(1, "hello", speech_end=1.0, audible=1.2)])
    assert "prefers-color-scheme: dark" in picture
    for sheet in re.findall(r"\.paper \{ fill: (#\w+) \} \.ink \{ fill: (#\w+) \} \.faint \{ fill: (#\w+) \}", picture):
        paper, *inks = map(luminance, sheet)
        for ink in inks:
            assert (max(paper, ink) + 0.05) / (min(paper, ink) + 0.05) >= 4.5, sheet


def luminance(colour: str) -> float:
    """Relative luminance, by WCAG."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_no_turns_is_still_a_picture() -> None:
    assert bars(waterfall([])) == []


@given(st.lists(st.dictionaries(st.sampled_from(MOMENTS), st.floats(0, 1e5)), max_size=5), st.text(max_size=60))
def test_any_trace_is_a_well_formed_picture(turns: list[dict[str, float]], text: str) -> None:
    printable = "".join(letter for letter in text if letter.isprintable())
    ET.fromstring(waterfall([turn(number, printable, **moments) for number, moments in enumerate(turns)]))
