from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voice.asr.local_agreement import Agreement
from voice.asr.word_error_rate import words


def settled_after(*hypotheses: str) -> list[str]:
    agreement = Agreement()
    seen = []
    for hypothesis in hypotheses:
        shown = agreement.update(hypothesis)
        seen.append(shown.text[: shown.stable])
    return seen


def test_words_settle_when_two_hypotheses_in_a_row_agree() -> None:
    assert settled_after("What", "what time", "what time is", "what dime is it") == [
        "",
        "what",
        "what time",
        "what time",
    ]


def test_case_and_punctuation_do_not_hinder_agreement() -> None:
    assert settled_after("Hello. What's", "hello, what's up") == ["", "hello, what's"]


def test_chinese_settles_by_character() -> None:
    assert settled_after("现在", "现在几点", "现在几天了") == ["", "现在", "现在几"]


def test_a_later_hypothesis_does_not_take_settled_words_back() -> None:
    agreement = Agreement()
    for hypothesis in ("set a timer", "set a timer for"):
        agreement.update(hypothesis)
    shown = agreement.update("sat at timer for five")
    assert shown.text == "set a timer for five"
    assert shown.text[: shown.stable] == "set a timer"


def test_the_final_text_says_how_many_settled_words_it_revises() -> None:
    agreement = Agreement()
    for hypothesis in ("set a timer", "set a timer for"):
        agreement.update(hypothesis)
    assert agreement.revised("set a timer for five seconds") == 0
    assert agreement.revised("sat a timer") == 1
    assert agreement.revised("set") == 2


HYPOTHESES = st.lists(
    st.lists(st.sampled_from(["a", "B,", "c.", "今", "天", "d's"]), max_size=6).map(" ".join), max_size=8
)


@given(HYPOTHESES)
def test_a_reader_only_ever_sees_settled_words_grow(hypotheses: list[str]) -> None:
    agreement, before = Agreement(), ""
    for hypothesis in hypotheses:
        shown = agreement.update(hypothesis)
        assert 0 <= shown.stable <= len(shown.text)
        now = shown.text[: shown.stable]
        assert now.startswith(before)
        assert words(now) == words(agreement.settled)
        before = now


@given(st.lists(st.sampled_from(["a", "b", "今", "天,"]), max_size=6).map(" ".join))
def test_what_is_said_twice_is_settled_as_said(hypothesis: str) -> None:
    agreement = Agreement()
    agreement.update(hypothesis)
    shown = agreement.update(hypothesis)
    assert shown.text[: shown.stable] == hypothesis
