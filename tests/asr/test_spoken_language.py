from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voice.asr.spoken_language import SURE, SpokenLanguage

CODES = st.sampled_from(["en", "zh", "cy"])


def spoken(*detected: tuple[str, float]) -> list[str]:
    """The language each of these detections is read in, all of them understood."""
    language, read = SpokenLanguage(), []
    for code, chance in detected:
        read.append(language.of(code, chance))
        if read[-1] == code:
            language.keep(code, chance)
    return read


def test_the_first_words_decide_and_unsure_later_ones_do_not() -> None:
    assert spoken(("en", 0.7), ("cy", 0.4), ("nn", 0.6), ("en", 0.3)) == ["en"] * 4


def test_surely_another_language_is_another_language() -> None:
    assert spoken(("en", 0.99), ("zh", 0.95), ("en", 0.6), ("en", 0.92)) == ["en", "zh", "zh", "en"]


def test_a_guess_gives_way_to_a_better_one() -> None:
    assert spoken(("cy", 0.3), ("en", 0.6), ("cy", 0.5)) == ["cy", "en", "en"]


def test_words_that_were_not_understood_decide_nothing() -> None:
    language = SpokenLanguage()
    assert language.of("cy", 0.95) == "cy"
    assert language.of("en", 0.2) == "en"


@given(st.lists(st.tuples(CODES, st.floats(0.0, SURE, exclude_max=True)), min_size=2))
def test_unsure_detections_change_the_language_only_for_a_surer_one(detected: list[tuple[str, float]]) -> None:
    surest = 0.0
    for (code, chance), before, now in zip(detected, ["", *spoken(*detected)], spoken(*detected), strict=False):
        assert now in (before, code)
        if before and now != before:
            assert chance >= surest
        if now == code:
            surest = max(surest, chance)
