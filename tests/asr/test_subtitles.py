"""Subtitles: where lines break, how long they are shown, and the two formats."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voice.asr.interface import Word
from voice.asr.subtitles import LEADING, LINE, LONGEST_S, Cue, cues, srt, vtt, width

ENGLISH = (
    "The quick brown fox, which had been sleeping under the old oak tree for most of the afternoon, "
    "jumped over the lazy dog and ran into the forest. Then it stopped. Yes."
)
CHINESE = "我们今天下午要去图书馆看书，因为明天有一个很重要的考试，所以大家都很紧张而且不想出去玩耍也不想看电视。好的。"


def said(words: list[str], each_s: float = 0.3, gap_s: float = 0.05) -> list[Word]:
    return [Word(word, at * (each_s + gap_s), at * (each_s + gap_s) + each_s) for at, word in enumerate(words)]


def english(text: str) -> list[Word]:
    return said([f" {word}" for word in text.split()])


def test_a_sentence_begins_a_subtitle_and_breaks_at_its_clauses() -> None:
    shown = cues(english(ENGLISH))
    assert [cue.lines for cue in shown[-2:]] == [("Then it stopped.",), ("Yes.",)]
    assert " ".join(line for cue in shown for line in cue.lines) == ENGLISH
    ends = [line.split()[-1] for cue in shown for line in cue.lines]
    assert not LEADING & {end.lower() for end in ends}
    (cue,) = cues(english("When the rain had stopped, we walked home along the river bank."))
    assert cue.lines == ("When the rain had stopped,", "we walked home along the river bank.")


def test_chinese_lines_are_half_as_many_characters_and_break_at_punctuation() -> None:
    shown = cues(said(re.findall(r".[，。]?", CHINESE), 0.2, 0.0))
    assert "".join(line for cue in shown for line in cue.lines) == CHINESE
    assert all(len(line) <= LINE // 2 for cue in shown for line in cue.lines)
    assert shown[0].lines == ("我们今天下午要去图书馆看书，", "因为明天有一个很重要的考试，")


def test_nothing_is_shown_across_a_long_silence() -> None:
    words = [Word(" one", 0.0, 0.4), Word(" two", 5.0, 5.4)]
    assert cues(words) == [Cue(("one",), 0.0, 1.0), Cue(("two",), 5.0, 6.0)]


def test_a_pause_is_a_place_to_break() -> None:
    first, rest = english("I would like to go and see what there is"), english("to do in the town where we were born")
    shown = cues([*first, *(Word(word.text, word.start + 4.0, word.end + 4.0) for word in rest)])
    assert shown[0].lines[0] == "I would like to go and see what there is"


def test_a_short_word_stays_a_second_where_the_next_lets_it() -> None:
    assert cues([Word(" No.", 1.0, 1.2), Word(" Why?", 1.5, 1.7)]) == [
        Cue(("No.",), 1.0, 1.5),
        Cue(("Why?",), 1.5, 2.5),
    ]


def test_files() -> None:
    shown = [Cue(("a < b", "& c"), 3661.5, 3662.0005), Cue(("d",), 3663.0, 3664.0)]
    assert srt(shown) == ("1\n01:01:01,500 --> 01:01:02,000\na < b\n& c\n\n2\n01:01:03,000 --> 01:01:04,000\nd\n")
    assert vtt(shown) == (
        "WEBVTT\n\n01:01:01.500 --> 01:01:02.000\na &lt; b\n&amp; c\n\n01:01:03.000 --> 01:01:04.000\nd\n"
    )
    assert (srt([]), vtt([])) == ("", "WEBVTT\n")


WORDS = st.lists(
    st.tuples(
        st.text('abc我的不，。.,?"', min_size=1, max_size=100),
        st.booleans(),
        st.floats(0, 3),
        st.floats(0, 9),
    ),
    max_size=40,
)


@given(WORDS)
def test_no_subtitle_overlaps_is_too_wide_or_stays_too_long_and_none_loses_words(
    given_words: list[tuple[str, bool, float, float]],
) -> None:
    at, words = 0.0, []
    for text, apart, pause, lasts in given_words:
        words.append(Word((" " if apart else "") + text, at + pause, at + pause + lasts))
        at += pause + lasts
    shown = cues(words)
    assert all(0 < round(cue.end - cue.start, 3) <= LONGEST_S for cue in shown)
    assert all(before.end <= after.start for before, after in pairwise(shown))
    assert all(0 < width(line) <= LINE for cue in shown for line in cue.lines)
    assert all(len(cue.lines) <= 2 for cue in shown)
    assert "".join(line for cue in shown for line in cue.lines).replace(" ", "") == "".join(
        word.text for word in words
    ).replace(" ", "")
