"""Times of day, days and repetitions in German."""

from __future__ import annotations

from datetime import datetime

import pytest

from voice.llm.builtin.german.moments import (
    find_german_moment,
    find_german_repeat,
    say_german_moment,
    say_german_repeat,
    several_times,
    unclear_quarter,
)
from voice.llm.builtin.repeats import Repeat
from voice.text.german.words import german_words

NOW = datetime(2026, 11, 22, 15, 5)  # a Sunday


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("um halb acht", "heute um 19 Uhr 30"),
        ("um sieben", "heute um 19 Uhr"),
        ("7 Uhr 30", "heute um 19 Uhr 30"),
        ("um 07:30", "morgen um 7 Uhr 30"),
        ("19.30 Uhr", "heute um 19 Uhr 30"),
        ("um 14 Uhr", "morgen um 14 Uhr"),
        ("um 0 Uhr", "morgen um 0 Uhr"),
        ("um 24 Uhr", "morgen um 0 Uhr"),
        ("um Mitternacht", "morgen um 0 Uhr"),
        ("um zwölf", "morgen um 12 Uhr"),
        ("halb eins", "morgen um 12 Uhr 30"),
        ("nachts um halb eins", "morgen um 0 Uhr 30"),
        ("um ein Uhr", "morgen um ein Uhr"),
        ("Viertel nach acht", "heute um 20 Uhr 15"),
        ("Viertel vor acht", "heute um 19 Uhr 45"),
        ("viertel vor 13 Uhr", "morgen um 12 Uhr 45"),
        ("dreiviertel acht", "heute um 19 Uhr 45"),
        ("drei viertel acht", "heute um 19 Uhr 45"),
        ("fünf vor halb acht", "heute um 19 Uhr 25"),
        ("fünf nach halb acht", "heute um 19 Uhr 35"),
        ("zehn Minuten nach acht", "heute um 20 Uhr 10"),
        ("morgen früh um sieben", "morgen um 7 Uhr"),
        ("am Morgen um sieben", "morgen um 7 Uhr"),
        ("heute Abend um acht", "heute um 20 Uhr"),
        ("um acht Uhr abends", "heute um 20 Uhr"),
        ("heute Nacht um zwei", "morgen um 2 Uhr"),
        ("übermorgen um 6 Uhr 5", "übermorgen um 6 Uhr 5"),
        ("Freitagabend um neun", "am Freitag, dem 27. November, um 21 Uhr"),
        ("am 24. Dezember um acht", "am Donnerstag, dem 24. Dezember, um 8 Uhr"),
        ("am 24.12. um 18 Uhr", "am Donnerstag, dem 24. Dezember, um 18 Uhr"),
        ("in zwei Tagen um acht", "übermorgen um 8 Uhr"),
        ("um sieben, nein, um acht", "heute um 20 Uhr"),
    ],
)
def test_moments_are_the_next_of_their_name(said: str, moment: str) -> None:
    found = find_german_moment(german_words(said).text, NOW)
    assert found is not None and found.timed and not found.past
    assert say_german_moment(found.at, NOW) == moment
    assert found.rest == ""


def test_an_alarm_is_for_the_morning_unless_said_otherwise() -> None:
    for said, hour in (("um sieben", 7), ("um halb acht", 7), ("abends um sieben", 19), ("um 19 Uhr", 19)):
        found = find_german_moment(german_words(said).text, NOW, waking=True)
        assert found is not None and found.at.hour == hour, said


@pytest.mark.parametrize("said", ["in fünf Minuten", "drei Äpfel", "um 30 Grad", "25 Uhr", "viertel acht"])
def test_what_is_no_moment_is_not_taken_for_one(said: str) -> None:
    found = find_german_moment(german_words(said).text, NOW)
    assert found is None or not found.timed


def test_moments_in_the_past_and_several_are_told_apart() -> None:
    past = find_german_moment("heute um 14 uhr", NOW)
    assert past is not None and past.past
    both = find_german_moment("um 7 oder 8", NOW)
    assert both is not None and several_times(both)
    one = find_german_moment("um 7 an die 8 eier", NOW)
    assert one is not None and not several_times(one)
    assert unclear_quarter("um viertel 8") == 8
    assert unclear_quarter("um viertel vor 8") is None


@pytest.mark.parametrize(
    ("said", "days", "spoken"),
    [
        ("jeden Tag um sieben", (0, 1, 2, 3, 4, 5, 6), "jeden Tag um 7 Uhr"),
        ("täglich um sieben", (0, 1, 2, 3, 4, 5, 6), "jeden Tag um 7 Uhr"),
        ("jeden Morgen um sieben", (0, 1, 2, 3, 4, 5, 6), "jeden Tag um 7 Uhr"),
        ("werktags um sieben", (0, 1, 2, 3, 4), "an Werktagen um 7 Uhr"),
        ("montags bis freitags um sieben", (0, 1, 2, 3, 4), "an Werktagen um 7 Uhr"),
        ("jeden Montag und Donnerstag um sieben", (0, 3), "jeden Montag und Donnerstag um 7 Uhr"),
        ("montags und mittwochs um sieben", (0, 2), "jeden Montag und Mittwoch um 7 Uhr"),
        ("jedes Wochenende um sieben", (5, 6), "am Wochenende um 7 Uhr"),
    ],
)
def test_repetitions_are_found_and_said(said: str, days: tuple[int, ...], spoken: str) -> None:
    found = find_german_repeat(german_words(said).text)
    assert found is not None and found[0] == days
    assert say_german_repeat(Repeat(days, 7, 0), NOW) == spoken
    assert find_german_repeat("am montag um 7") is None
