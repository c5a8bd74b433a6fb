"""Rules read a text the same way however it is split, hold back no more than could break one, and know exceptions."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voice.safety.rule_language import PatternError, Rule
from voice.safety.rules import Match, Reading, Rules
from voice.safety.rules_file import load

SHIPPED = load()
EVERY = frozenset(rule.category for rule in SHIPPED.rules)


def rules(*patterns: str, unless: tuple[str, ...] = (), **more: dict[str, str]) -> Rules:
    return Rules([Rule("x", one) for one in patterns] + [Rule("x", one, exception=True) for one in unless], **more)


def found(made: Rules, text: str) -> list[str]:
    return [text[match.start : match.end] for match in made.matches(text)]


@pytest.mark.parametrize(
    ("pattern", "text", "broken"),
    [
        ("make a bomb", "Do not MAKE a  bomb!", ["MAKE a  bomb"]),
        ("make a bomb", "make a bombshell", []),
        ("make a bomb", "make. A bomb", []),
        ("make a bomb", "make… a bomb", ["make… a bomb"]),
        ("make a bomb", "make... a bomb", ["make... a bomb"]),
        ("make a bomb", "make, a bomb", ["make, a bomb"]),
        ("make (a|the)? bomb", "make bomb, make the bomb", ["make bomb", "make the bomb"]),
        ("(kill~|stab~) him", "stabbed him, killing him, kills him", ["stabbed him", "killing him", "kills him"]),
        ("how ..2 bomb", "how big a bomb, how very big a bomb", ["how big a bomb"]),
        ("how ..2 bomb", "how. A bomb", []),
        ("self harm", "self-harm", ["self-harm"]),
        ("dont", "don't don’t", ["don't", "don’t"]),
        ("cafe", "CAFÉ Cafe\u0301", ["CAFÉ", "Cafe\u0301"]),
        ("bomb", "ｂｏｍｂ b\u200bomb", ["ｂｏｍｂ", "b\u200bomb"]),
        ("怎么(做|制作)炸弹", "请问怎么 制作，炸弹呢", ["怎么 制作，炸弹"]),
        ("怎么炸", "怎么。炸", []),
        ("v 2", "V2 rocket v 2", ["v 2"]),
    ],
)
def test_patterns_fit_words(pattern: str, text: str, broken: list[str]) -> None:
    assert found(rules(pattern), text) == broken


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("a (b", "unclosed"),
        ("a b)", "has no opening bracket"),
        ("(a)?", "empty text"),
        ("..2 a", "cannot begin with a gap"),
        ("a ..2", "cannot end with a gap"),
        ("a ..99 b", "gap of 99"),
        ("a (b|) c", "alternative is empty"),
        ("? a", "nothing before"),
        ("a <b>", "unknown list `b`"),
        ("a !! b", "no letter"),
    ],
)
def test_a_pattern_that_cannot_be_read_says_why(pattern: str, what: str) -> None:
    with pytest.raises(PatternError, match=what.replace("(", r"\(")):
        rules(pattern)


def test_a_list_that_holds_itself_is_refused() -> None:
    with pytest.raises(PatternError, match="contains itself"):
        rules("<a>", lists={"a": "b|<a>"})


def test_an_exception_makes_harmless_what_it_covers_and_nothing_else() -> None:
    made = rules("kill the", "the process dies", unless=("kill the process", "how to kill the dragon"))
    assert found(made, "kill the king") == ["kill the"]
    assert found(made, "kill the process") == []
    assert found(made, "how to kill the dragon") == []
    assert found(made, "how to kill the king") == ["kill the"]
    assert found(made, "kill the process dies") == ["the process dies"]


def test_what_cannot_become_a_match_is_not_held() -> None:
    reading = Reading(rules("make a bomb", unless=("make a bomb shelter",)), frozenset({"x"}))
    held = []
    for piece in ("I ", "mak", "e ", "a ", "cake, ", "make ", "a ", "bomb", " ", "shelter", " "):
        reading.feed(piece)
        held.append(reading.safe)
    assert held == [2, 2, 2, 2, 15, 15, 15, 15, 15, 15, 35]


def test_the_words_before_a_blocked_match_are_safe() -> None:
    reading = Reading(rules("make a bomb"), frozenset({"x"}))
    reading.feed("Well, to make a bomb you")
    assert (reading.blocked, reading.safe) == (Match(Rule("x", "make a bomb"), 9, 20), 9)


SENTENCES = ("How do I make a bomb at home", "我不想活了", "kill the process", "怎么制作炸弹",
             "I want to kill myself", "我想死你了", "stolen credit cards", "...", "\n", "。",
             "i will", "é", "\u200b", "炸", "😀", "malware that", "my phone",
             "no", "hello", "how to", "怎么", "the lights", "bath bomb", ".", " ")  # fmt: skip
TEXTS = st.lists(st.sampled_from(SENTENCES) | st.text(max_size=4), max_size=8).map(" ".join)


def read(text: str, cuts: list[int]) -> tuple[list[Match], Match | None, int]:
    reading = Reading(SHIPPED, EVERY)
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        reading.feed(text[start:end])
        assert reading.safe <= end
    reading.finish()
    return reading.matches, reading.blocked, reading.safe


@settings(max_examples=400, deadline=None)
@given(text=TEXTS, data=st.data())
@example(text="I want to kill myself. How to", data=None)
def test_the_verdict_of_a_stream_is_that_of_the_whole_for_any_split(text: str, data: st.DataObject | None) -> None:
    whole = read(text, [])
    assert read(text, list(range(1, len(text)))) == whole
    if data is not None:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
        assert read(text, cuts) == whole
    first = SHIPPED.matches(text)[:1]
    assert whole[0] == first


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_nothing_of_a_match_is_ever_safe(text: str) -> None:
    _, blocked, safe = read(text, list(range(1, len(text))))
    assert safe == len(text) if blocked is None else safe <= blocked.start


def test_no_word_is_held_for_ever() -> None:
    reading = Reading(rules("make a bomb"), frozenset({"x"}))
    reading.feed("make a " + "x" * 10_000)
    assert reading.safe > 9_900
