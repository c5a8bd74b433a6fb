"""Time, date, sums and courtesies in German."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from voice.llm.builtin.question import Question
from voice.llm.builtin.responder import answer, understands, unknown
from voice.llm.interface import Message

NOW = datetime(2026, 11, 22, 15, 5, tzinfo=UTC)


def talk(*said: str) -> str:
    messages: list[Message] = []
    for text in said:
        question = Question(text, NOW, tuple(messages), ())
        found = answer(question) or unknown(question)
        messages += [Message("user", text), Message("assistant", found.text)]
    return messages[-1].text


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("Wie spät ist es?", "Es ist 15 Uhr 5."),
        ("Wie viel Uhr ist es?", "Es ist 15 Uhr 5."),
        ("Uhrzeit", "Es ist 15 Uhr 5."),
        ("Wie spät ist es in Tokio?", "In Tokio ist es morgen, 0 Uhr 5."),
        ("wie spät ist es in new york", "In New York ist es 10 Uhr 5."),
        ("Welcher Tag ist heute?", "Heute ist Sonntag, der 22. November 2026."),
        ("Den wievielten haben wir heute?", "Heute ist Sonntag, der 22. November 2026."),
        ("Was ist morgen für ein Tag?", "Morgen ist Montag, der 23. November 2026."),
        ("Welcher Tag war gestern?", "Gestern war Samstag, der 21. November 2026."),
        ("Welcher Wochentag ist der 24. Dezember?", "Das ist Donnerstag, der 24. Dezember 2026."),
        ("Was ist zwölf mal sieben?", "Zwölf mal sieben ist 84."),
        ("Wie viel ist 144 geteilt durch 12?", "144 geteilt durch 12 ist 12."),
        ("Was ist die Wurzel aus 81?", "Die Wurzel aus 81 ist 9."),
        ("20 Prozent von 150", "20 Prozent von 150 ist 30."),
        ("Was ist 10 geteilt durch 3?", "10 geteilt durch 3 ist etwa 3,3333."),
        ("Was ist minus fünf plus drei?", "Minus fünf plus drei ist minus 2."),
        ("Was ist zehn durch null?", "Durch null kann ich nicht teilen."),
        ("Was ist zehn hoch neunhundert?", "Diese Zahl ist mir zu groß."),
        ("Hallo", "Hallo! Wie kann ich helfen?"),
        ("Guten Morgen", "Hallo! Wie kann ich helfen?"),
        ("Danke", "Gern geschehen."),
        ("Mach lauter", "Okay."),
        ("Hör nicht mehr zu", "Das Mikrofon ist aus."),
        ("Wie ist das Wetter morgen?", "Das weiß ich nicht. Mit --llm und einem Modell beantworte ich alles."),
    ],
)
def test_everyday_questions_are_answered(said: str, reply: str) -> None:
    assert talk(said) == reply


def test_a_question_goes_on_from_the_one_before() -> None:
    assert talk("Was ist zwölf mal sieben?", "mal zwei") == "Das ist 168."
    assert talk("Was ist zwölf mal sieben?", "mal zwei", "und minus 8") == "Das ist 160."
    assert talk("Welcher Tag ist heute?", "und übermorgen?") == "Übermorgen ist Dienstag, der 24. November 2026."
    assert talk("Wie spät ist es?", "Wie bitte?") == "Es ist 15 Uhr 5."
    assert talk("Wie spät ist es?", "stop") == "Okay."
    assert talk("Wie spät ist es?", "what time is it") == "It is 3:05 PM."


def test_whole_commands_are_known_as_such() -> None:
    assert understands("Wie spät ist es") and understands("Stell einen Timer auf zehn Minuten")
    assert not understands("Stell einen Timer") and not understands("Setz Milch auf die Einkaufsliste")
