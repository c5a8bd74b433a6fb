"""German words: numbers in digits, umlauts in both forms, politeness off, and which texts are German."""

from __future__ import annotations

import pytest

from voice.text.german.words import german_words, is_german, leaning


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Stell einen Timer auf zehn Minuten", "stell einen timer auf 10 minuten"),
        ("Könntest du bitte einen Timer auf 5min stellen?", "einen timer auf 5 min stellen"),
        ("fünf", "5"),
        ("fuenf", "5"),
        ("einundzwanzig", "21"),
        ("ein und zwanzig Minuten", "21 minuten"),
        ("zweitausenddreihundertfünfzehn", "2315"),
        ("hundert", "100"),
        ("einhundertzwanzig", "120"),
        ("dreißig", "30"),
        ("dreissig", "30"),
        ("eins", "1"),
        ("ein Timer", "ein timer"),
        ("anderthalb Stunden", "1.5 stunden"),
        ("zweieinhalb Minuten", "2.5 minuten"),
        ("drei Komma fünf", "3.5"),
        ("3,5 plus 1.250", "3.5 plus 1250"),
        ("um 7.30 Uhr", "um 7:30 uhr"),
        ("Zehn-Minuten-Timer", "10 minuten timer"),
        ("Zehnminutentimer", "10 minuten timer"),
        ("eine Viertelstunde", "eine viertel stunde"),
        ("Freitagabend", "freitag abend"),
        ("zwölf mal sieben", "12 mal 7"),
        ("stell mal einen Timer", "stell einen timer"),
        ("Achtung", "achtung"),
    ],
)
def test_words_are_plain_and_numbers_are_digits(said: str, words: str) -> None:
    assert german_words(said).text == words


def test_words_are_given_back_as_they_were_written() -> None:
    said = german_words("Erinnere mich um halb acht an drei Äpfel und den Müll")
    assert said.as_written("3 aepfel und den muell") == "drei Äpfel und den Müll"
    assert said.as_written("birnen") == "birnen"


@pytest.mark.parametrize(
    "said", ["Wie spät ist es?", "Timer 10 Minuten", "Wecker aus", "acht", "den ersten", "Weck mich"]
)
def test_german_is_known_by_its_words(said: str) -> None:
    assert is_german(said)


@pytest.mark.parametrize(
    "said",
    [
        "what time is it in des moines",
        "um set a timer for 5 minutes",
        "play die hard",
        "who is von Trapp",
        "remind me to call Hans at acht",
        "timer 5 minutes",
        "one hundred and twenty",
        "现在几点",
        "",
    ],
)
def test_other_languages_are_not_taken_for_german(said: str) -> None:
    assert not is_german(said)


@pytest.mark.parametrize("said", ["8", "Stop", "Pizza", "Timer"])
def test_some_words_tell_no_language(said: str) -> None:
    assert leaning(said) == 0
