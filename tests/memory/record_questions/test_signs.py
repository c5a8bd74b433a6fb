"""The tables of signs: every pattern can be compiled, every rule can be met."""

from __future__ import annotations

from typing import get_args

import pytest

from voice.memory.answers import _ANSWERS
from voice.memory.record_questions.chinese import CHINESE
from voice.memory.record_questions.english import ENGLISH
from voice.memory.record_questions.signs import RULES, Asked, Language, Sign, alternatives


@pytest.mark.parametrize("language", [ENGLISH, CHINESE], ids=["English", "Chinese"])
def test_a_language_has_words_for_each_sign(language: Language) -> None:
    assert set(language.signs) == set(get_args(Sign))
    for sign in language.signs.values():
        assert sign.search("") is None


def test_a_pattern_is_made_of_parts() -> None:
    assert alternatives("a\n b | <c>d |\n e", {"c": "f | <g>", "g": "h"}) == "a\n b|(?:f|(?:h))d|e"


def test_the_last_rule_fits_all_and_each_answer_exists() -> None:
    assert RULES[-1] == ("list", [], ())
    assert {asked for asked, _, _ in RULES} <= set(_ANSWERS) <= set(get_args(Asked))
