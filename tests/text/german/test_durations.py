"""Lengths of time in German, and where they may be two."""

from __future__ import annotations

import pytest

from voice.text.german.durations import german_lengths, say_german_duration
from voice.text.german.words import german_words


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("zehn Minuten", [600]),
        ("5min", [300]),
        ("eine Minute", [60]),
        ("anderthalb Stunden", [5400]),
        ("eineinhalb Stunden", [5400]),
        ("eine und eine halbe Stunde", [5400]),
        ("1½ Stunden", [5400]),
        ("zwei Stunden und eine halbe", [9000]),
        ("eine halbe Stunde", [1800]),
        ("einer halben Stunde", [1800]),
        ("eine Viertelstunde", [900]),
        ("drei Viertelstunden", [2700]),
        ("eine Dreiviertelstunde", [2700]),
        ("zweieinhalb Minuten", [150]),
        ("2,5 Minuten", [150]),
        ("eine Stunde und zwanzig Minuten", [4800]),
        ("eine Stunde 20", [4800]),
        ("eine Minute dreißig", [90]),
        ("1 Stunde 5 Minuten 10 Sekunden", [3910]),
        ("1:30 Stunden", [5400]),
        ("1:30:00", [5400]),
        ("fünf Minuten und zehn Minuten", [300, 600]),
        ("fünf Minuten, nein, zehn Minuten", [600]),
        ("drei Tage", [259200]),
        ("fünf bis zehn Minuten", [None]),
        ("5-10 Minuten", [None]),
        ("ein, zwei Minuten", [None]),
        ("ein paar Minuten", [None]),
        ("eine Stunde oder zwei", [None]),
        ("1:30", [None]),
        ("1/0 Stunden", [None]),
        ("zehn Minuten nach acht", []),
        ("fünf vor halb acht", []),
        ("um 7:30 Uhr", []),
    ],
)
def test_lengths_are_found_and_unclear_ones_have_no_value(said: str, seconds: list[float | None]) -> None:
    assert [length.seconds for length in german_lengths(german_words(said).text)] == seconds


@pytest.mark.parametrize(
    ("seconds", "said", "after_in"),
    [
        (1, "eine Sekunde", "einer Sekunde"),
        (90, "eine Minute und 30 Sekunden", "einer Minute und 30 Sekunden"),
        (3600, "eine Stunde", "einer Stunde"),
        (7325, "2 Stunden, 2 Minuten und 5 Sekunden", "2 Stunden, 2 Minuten und 5 Sekunden"),
        (0.2, "eine Sekunde", "einer Sekunde"),
    ],
)
def test_a_length_is_said_as_people_say_it(seconds: float, said: str, after_in: str) -> None:
    assert say_german_duration(seconds) == said
    assert say_german_duration(seconds, after_in=True) == after_in
