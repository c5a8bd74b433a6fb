"""What is taken out of a text is the same however the text arrives, and ordinary words are not held up."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from voice.safety import phone_and_card_numbers as numbers
from voice.safety import phone_and_card_numbers as phones
from voice.safety.identifiers import LIKELY, families
from voice.safety.phone_and_card_numbers import HAN_DIGITS
from voice.safety.redactor import Finder, Next, Redactor, fold

FINDER = Finder()

LINES = """
138 0013 8000|+86 138-0013-8000|0086 13800138000|１３８００１３８０００
一三八零零一三八零零零|幺三八，零零幺三，八零零零
one three eight double oh one three eight triple zero|11010519491231002X|110105 1949 1231 002x|110105194912310021
4111 1111 1111 1111|4111111111111112|6222021234567894|ada.lovelace@example.com|ada at example dot com
a dot b at example dot co dot uk|邮箱 ada艾特example点com|bob@x|@|GB82 WEST 1234 5698 7654 32|DE89370400440532013000
192.168.1.20|1.2.3.4.5|2001:db8::8a2e:370:7334|12:30:45|call (212) 555-0123|+44 20 7946 0958|010-12345678
call two one two five five five|oh one two three|2026-11-22|3.14159265358979|$1,234.50|one two three go
550e8400-e29b-41d4-a716-446655440000|<PHONE:7f3a9c1e>|<PHO|order 2125550123|1 3 5 7 9 11 13 15|look at the|dot
the quick brown fox|double|triple|plus|plus eight six|+|(|one of us|今天天气不错|一个|十一点|你好，|。|, |. | | |\n|-|x
oh|é|９|😀|ada|email me at|www.example.com/a?b=1|a@b.c@d.com
"""
PIECES = [piece for line in LINES.strip().splitlines() for piece in line.split("|")]

TEXTS = st.lists(st.sampled_from([*PIECES, " ", " "]) | st.text("019xX+(. -ao一三@:<é", max_size=4), max_size=9)


WITHIN = re.compile(rf"[a-z0-9_à-ɏ].|[{HAN_DIGITS}]{{2}}", re.DOTALL)
"""Two code points between which nothing can begin."""


def redacted(parts: list[str]) -> str:
    redactor = Redactor(FINDER, lambda kind, value, written: f"⟦{kind} {value}⟧")
    return "".join(map(redactor.feed, parts)) + redactor.flush()


def split(text: str, cuts: list[int]) -> list[str]:
    return [text[start:end] for start, end in pairwise([0, *sorted(cuts), len(text)])]


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(TEXTS.map("".join), st.integers(0, 2**32))
def test_20_000_random_splits_leave_the_same_text(text: str, seed: int) -> None:
    draw = random.Random(seed)  # Hypothesis's own takes a fifth of this test's time
    whole = redacted([text])
    assert redacted(list(text)) == whole
    for _ in range(50):
        cuts = [draw.randint(0, len(text)) for _ in range(draw.randint(1, 5))]
        assert redacted(split(text, cuts)) == whole


@settings(max_examples=150, deadline=None)
@given(TEXTS.map("".join))
@example("plus eight six")
def test_no_place_is_passed_by_where_a_pattern_fits(text: str) -> None:
    folded, shapes = fold(text), families(("CN", "US", "GB"))
    likely = set()
    at = 0
    while (there := LIKELY.search(folded, at)) is not None:
        likely.add(there.start())
        at = there.start() + 1
    borders = {place for place in range(len(text)) if not WITHIN.search(folded[max(0, place - 1) : place + 1])}
    for place in borders - likely:
        for family in shapes:
            if family.pattern.fullmatch(folded, place, partial=True) is not None:
                pytest.fail(f"{family} is open at {place} of {folded!r}")


class Counting(Finder):
    """A Finder that counts the code points it is asked to look at."""

    seen = 0

    def next(self, text: str, start: int, *, complete: bool) -> Next | None:
        self.seen += len(text) - start
        return super().next(text, start, complete=complete)


CRAFTED = [
    "call 2 1 2 5 5 5 0 1 2 3 ",
    "+4 9 3 0 1 2 3 4 5 6 7 8 9 0 1 2 3 ",
    "1 ",
    "21 ",
    "1-",
    "1(",
    "1.",
    "一1",
    "one ",
    "double one ",
    "zero, um, ",
    "de89 ",
    "1.2.3.4 ",
    "a dot ",
    "1:",
]


def work(text: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What a text that comes code point by code point costs: code points looked at, numbers judged, metadata asked."""
    counts = {"judged": 0, "asked": 0}

    def counted(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **more: object) -> object:
            counts[name] += 1
            return real(*args, **more)

        return call

    finder = Counting()
    with monkeypatch.context() as patch:
        patch.setattr("voice.safety.identifiers.number", counted("judged", numbers.number))
        patch.setattr("voice.safety.phone_and_card_numbers.telephone", counted("asked", phones.telephone))
        redactor = Redactor(finder, lambda kind, value, written: "")
        for char in text:
            redactor.feed(char)
        redactor.flush()
    return counts | {"seen": finder.seen}


@pytest.mark.parametrize("piece", CRAFTED)
def test_the_work_grows_with_the_length_of_a_crafted_text_and_no_faster(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = piece * 200
    half, whole = work(text[: len(text) // 2], monkeypatch), work(text, monkeypatch)
    for name, count in whole.items():
        assert count <= 2.2 * half[name] + 20, name
    assert whole["seen"] <= 20 * len(text)
    assert whole["judged"] <= len(text)
    assert whole["asked"] <= 6 * len(text)
