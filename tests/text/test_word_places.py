"""What was heard of a spoken text maps to whole words of the written one, whatever was spoken for them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.text.clauses import Clause, ClauseSplitter
from voice.text.speakable import spoken
from voice.text.word_places import WordPlaces


def heard(written: str, said: str) -> str:
    """The written text up to where `said` ends in what is spoken for it."""
    words = spoken(written)
    assert words.startswith(said)
    return written[: WordPlaces(written, words).place(len(said))]


@pytest.mark.parametrize(
    ("written", "said", "shown"),
    [
        ("It costs $3.50 now.", "It costs ", "It costs "),
        ("It costs $3.50 now.", "It costs three dollars ", "It costs"),
        ("It costs $3.50 now.", "It costs three dollars fifty ", "It costs $3.50 "),
        ("From 9:05 to 10:30 daily.", "From nine oh five to ", "From 9:05 to "),
        ("Mr. Smith met Dr. Jones today.", "Mister Smith met Doctor ", "Mr. Smith met Dr. "),
        ("Take 3-5 km and 20% of it.", "Take three to five kilometers and ", "Take 3-5 km and "),
        ("今天20°C，湿度50%。", "今天二十", "今天"),
        ("今天20°C，湿度50%。", "今天二十摄氏度，", "今天20°C，"),
        ("今天20°C，湿度50%。", "今天二十摄氏度，湿度", "今天20°C，湿度"),
        ("**Bold** words", "Bold ", "**Bold** "),
    ],
)
def test_a_written_number_counts_once_it_has_been_spoken_whole(written: str, said: str, shown: str) -> None:
    assert heard(written, said).rstrip() == shown.rstrip()


PARTS = ("It costs", "$10-20", "or", "€1,299.99", "at 9:05", "Mr. Smith", "今天",
         "3-5天", "第2名", "**yes**", ",", "。", "2^10",
         "World War II", "and", "555-0123", "😊", "well...")  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=12))
def test_places_go_forward_and_stay_inside(parts: list[str]) -> None:
    written = " ".join(parts)
    words = spoken(written)
    places = WordPlaces(written, words)
    found = [places.place(char) for char in range(-1, len(words) + 2)]
    assert found == sorted(found)
    assert found[0] >= 0 and found[-1] == len(written)


@settings(deadline=None)
@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=12))
def test_clauses_still_cover_a_reply_without_a_gap(parts: list[str]) -> None:
    written, splitter = " ".join(parts), ClauseSplitter()
    clauses: list[Clause] = [*splitter.feed(written, 0.0), *splitter.finish(0.0)]
    assert [clause.start for clause in clauses[1:]] == [clause.end for clause in clauses[:-1]]
    assert clauses[-1].end == len(written)
    for clause in filter(lambda clause: clause.text, clauses):
        offsets = [clause.offset(char) for char in range(len(clause.text) + 1)]
        assert offsets == sorted(offsets) and clause.start <= offsets[0] <= offsets[-1] == clause.end
