"""Timers, alarms and reminders in German, with what is asked where words may mean two."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.llm.builtin.question import Answer, Question
from voice.llm.builtin.responder import answer
from voice.llm.builtin.timer_list import Running
from voice.llm.interface import Message

NOW = datetime(2026, 11, 22, 15, 5)
NOODLES = Running("Nudeln", 300, 480, 1)
UNNAMED = Running("", 1200, 1200, 2)
ALARM = Running("", 57300, 57300, 3, "alarm")
BIN = Running("Müll", 14400, 14400, 4, "reminder")
FOUR = (NOODLES, UNNAMED, ALARM, BIN)


def talk(*said: str, timers: tuple[Running, ...] | None = ()) -> Answer:
    """The answer to the last of these."""
    messages: list[Message] = []
    found: Answer | None = None
    for text in said:
        found = answer(Question(text, NOW, tuple(messages), timers))
        messages += [Message("user", text), Message("assistant", found.text if found is not None else "?")]
    return found if found is not None else Answer("?")


def data(found: Answer) -> list[dict[str, object]]:
    return [dict(effect.data) for effect in found.effects]


@pytest.mark.parametrize(
    ("said", "seconds", "label"),
    [
        ("Stell einen Timer auf zehn Minuten", 600, ""),
        ("Kannst du einen Timer auf 20 Minuten stellen?", 1200, ""),
        ("Stelle mir bitte einen Timer für eine Viertelstunde", 900, ""),
        ("10-Minuten-Timer", 600, ""),
        ("timer fuenf minuten", 300, ""),
        ("Eieruhr auf sechs Minuten", 360, ""),
        ("Starte einen Countdown von 30 Sekunden", 30, ""),
        ("Timer für die Nudeln, acht Minuten", 480, "Nudeln"),
        ("Timer acht Minuten für die Nudeln", 480, "Nudeln"),
        ("Stell einen Tee-Timer auf 4 Minuten", 240, "Tee"),
        ("Nudeltimer 8 Minuten", 480, "Nudel"),
        ("Timer für den Kuchen im Ofen auf eine Dreiviertelstunde", 2700, "Kuchen im Ofen"),
        ("Timer bis 16 Uhr", 3300, ""),
        ("Timer auf fünf Minuten, nein, zehn Minuten", 600, ""),
    ],
)
def test_timers_are_set(said: str, seconds: float, label: str) -> None:
    assert data(talk(said)) == [{"seconds": seconds, "label": label}]


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("Timer für die Nudeln, acht Minuten", "Timer für Nudeln gestellt: 8 Minuten."),
        ("Zwei Timer, fünf Minuten und zehn Minuten", "Timer gestellt: 5 Minuten und 10 Minuten."),
        ("Weck mich um sieben", "Wecker gestellt: morgen um 7 Uhr."),
        ("Kannst du mich um acht wecken?", "Wecker gestellt: morgen um 8 Uhr."),
        ("Wecker auf halb sieben", "Wecker gestellt: morgen um 6 Uhr 30."),
        ("Weck mich in einer Stunde", "Wecker gestellt: in einer Stunde."),
        ("Weck mich jeden Tag um sieben", "Wecker gestellt: jeden Tag um 7 Uhr."),
        ("Erinnere mich um halb acht an den Müll", "Erinnerung heute um 19 Uhr 30: Müll."),
        ("Erinnere mich um sieben, nein, um acht an den Müll", "Erinnerung heute um 20 Uhr: Müll."),
        ("Erinnere mich in zehn Minuten an die Wäsche", "Erinnerung in 10 Minuten: Wäsche."),
        ("Erinnere mich in zwei Tagen an den Müll", "Erinnerung übermorgen um 15 Uhr 5: Müll."),
        ("Erinnere mich morgen früh um neun daran, den Müll rauszubringen",
         "Erinnerung morgen um 9 Uhr: Müll rauszubringen."),
        ("Kannst du mich um acht an den Müll erinnern?", "Erinnerung heute um 20 Uhr: Müll."),
        ("Sag mir in fünf Minuten Bescheid", "Erinnerung in 5 Minuten."),
        ("Erinnere mich in 5 Minuten an die 10-Minuten-Eier", "Erinnerung in 5 Minuten: 10 Minuten Eier."),
        ("Erinnere mich jeden Montag um acht an den Müll", "Erinnerung jeden Montag um 20 Uhr: Müll."),
        ("Stell einen Timer", "Wie lange?"),
        ("Stell einen Timer auf 8", "Minuten oder Stunden?"),
        ("Timer auf 1:30", "Minuten oder Stunden?"),
        ("Timer auf fünf bis zehn Minuten", "Wie lange genau: fünf bis zehn Minuten?"),
        ("Timer 90 Stunden", "Ein Timer kann eine Sekunde bis 48 Stunden dauern."),
        ("Weck mich", "Um wie viel Uhr?"),
        ("Weck mich um 7 oder 8", "Um wie viel Uhr?"),
        ("Weck mich um viertel acht", "7 Uhr 15 oder 8 Uhr 15?"),
        ("Erinnere mich um acht und um neun an die Tabletten", "Um wie viel Uhr?"),
        ("Erinnere mich heute um 14 Uhr an den Müll", "Diese Zeit ist vorbei. Um wie viel Uhr?"),
        ("Erinnere mich alle zwei Stunden ans Trinken",
         "Wiederholen kann ich nur an Wochentagen, zum Beispiel jeden Tag oder jeden Montag."),
        ("Erinnere mich am 24. Dezember um acht an die Geschenke", "Das geht höchstens 31 Tage im Voraus."),
        ("Wie lange noch?", "Es läuft kein Timer."),
        ("Lösch den Wecker", "Es ist kein Wecker gestellt."),
        ("Schlummern", "Gerade hat nichts geklingelt."),
    ],
)  # fmt: skip
def test_what_is_said_names_what_was_understood(said: str, reply: str) -> None:
    assert talk(said).text == reply


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("Stopp den Nudeltimer", [1]),
        ("Stopp den Timer für die Nudeln", [1]),
        ("Stopp den ersten Timer", [1]),
        ("Lösch den 20-Minuten-Timer", [2]),
        ("Alle Timer löschen", [1, 2]),
        ("Lösch alle Timer außer den Nudeln", [2]),
        ("Mach den Wecker aus", [3]),
        ("Ich brauche den Wecker nicht mehr", [3]),
        ("Weck mich heute nicht", [3]),
        ("Lösch den Wecker um sieben", [3]),
        ("Lösch die Erinnerung an den Müll", [4]),
    ],
)
def test_the_one_that_is_meant_is_cancelled(said: str, numbers: list[int]) -> None:
    assert data(talk(said, timers=FOUR)) == [{"numbers": numbers}]


@pytest.mark.parametrize(
    ("said", "reply", "by"),
    [
        ("Verlängere den Nudeltimer um fünf Minuten", "Timer für Nudeln: noch 10 Minuten.", 300),
        ("Mach den Nudeltimer zwei Minuten kürzer", "Timer für Nudeln: noch 3 Minuten.", -120),
        ("Nimm zwei Minuten vom Nudeltimer weg", "Timer für Nudeln: noch 3 Minuten.", -120),
        ("Ändere den Timer für die Nudeln auf 10 Minuten", "Timer für Nudeln: noch 10 Minuten.", 300),
        ("Verschieb den Wecker auf halb acht", "Wecker verschoben: morgen um 7 Uhr 30.", 1800),
        ("Verschieb den Wecker um eine Stunde", "Wecker verschoben: morgen um 8 Uhr.", 3600),
    ],
)
def test_timers_are_changed(said: str, reply: str, by: float) -> None:
    timers = (NOODLES, UNNAMED, Running("", 57300, 57300, 3, "alarm"), BIN)
    found = talk(said, timers=timers)
    assert (found.text, data(found)[0]["by"]) == (reply, by)


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("Wie lange noch?", "Timer für Nudeln, noch 5 Minuten; Timer über 20 Minuten, noch 20 Minuten."),
        ("Wie lange noch für die Nudeln?", "Noch 5 Minuten für Nudeln."),
        (
            "Wie viele Timer laufen?",
            "Es sind 2: Timer für Nudeln, noch 5 Minuten; Timer über 20 Minuten, noch 20 Minuten.",
        ),
        ("Wann klingelt der Wecker?", "Wecker morgen um 7 Uhr, noch 15 Stunden und 55 Minuten."),
        ("Woran sollst du mich erinnern?", "Erinnerung „Müll“, noch 4 Stunden."),
        ("Stopp den Timer", "Was ist gemeint: Timer für Nudeln oder Timer über 20 Minuten?"),
        ("Stopp den Eiertimer", "Timer nicht gefunden."),
        ("Halte den Timer an", "Anhalten kann ich Timer nicht, nur löschen."),
    ],
)
def test_what_runs_is_told(said: str, reply: str) -> None:
    assert talk(said, timers=FOUR).text == reply


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (("Stell einen Timer", "zehn Minuten"), "Timer gestellt: 10 Minuten."),
        (("Stell einen Timer", "8", "Minuten"), "Timer gestellt: 8 Minuten."),
        (("Timer auf 1:30", "Minuten"), "Timer gestellt: eine Minute und 30 Sekunden."),
        (("Timer auf fünf bis zehn Minuten", "acht Minuten"), "Timer gestellt: 8 Minuten."),
        (("Weck mich", "8"), "Wecker gestellt: morgen um 8 Uhr."),
        (("Weck mich um 7 oder 8", "um acht"), "Wecker gestellt: morgen um 8 Uhr."),
        (("Weck mich um viertel acht", "7 Uhr 15"), "Wecker gestellt: morgen um 7 Uhr 15."),
        (("Erinnere mich am Montag an den Müll", "um acht"), "Erinnerung morgen um 8 Uhr: Müll."),
        (("Erinnere mich an den Müll", "in zehn Minuten"), "Erinnerung in 10 Minuten: Müll."),
        (("Stell einen Timer", "Wie spät ist es?"), "Es ist 15 Uhr 5."),
        (("Stell einen Timer", "Danke"), "Gern geschehen."),
    ],
)
def test_a_question_is_answered_in_few_words(said: tuple[str, ...], reply: str) -> None:
    assert talk(*said).text == reply


def test_one_of_several_is_chosen_in_few_words() -> None:
    for said, numbers in (("den für die Nudeln", [1]), ("Nudeln", [1]), ("den zweiten", [2]), ("beide", [1, 2])):
        assert data(talk("Stopp den Timer", said, timers=FOUR)) == [{"numbers": numbers}], said


def test_what_rang_is_put_off() -> None:
    rung = (Running("", -2, 60, 1, "alarm"),)
    for said, seconds in (("Schlummern", 600), ("Noch zehn Minuten", 600), ("Noch fünf Minuten schlafen", 300)):
        assert data(talk(said, timers=rung)) == [{"seconds": seconds}], said


def test_a_server_that_sees_no_timers_says_which_in_the_words_that_choose() -> None:
    assert data(talk("Stopp den zweiten Timer", timers=None)) == [{"which": "second timer"}]
    assert data(talk("Verlängere den Nudeltimer um fünf Minuten", timers=None)) == [{"which": "nudel timer", "by": 300}]


@pytest.mark.parametrize(
    "said", ["Erinnerst du dich an mich?", "Was ist eine Erinnerung wert?", "set a timer for 5 minutes"]
)
def test_other_sentences_are_not_taken(said: str) -> None:
    assert not talk(said).text.startswith(("Erinnerung", "Timer gestellt"))


_WORDS = str.split(
    "stell timer auf nein um halb acht fünf bis zehn minuten viertel vor nach stunde und eine den wecker erinnere mich"
    " an müll jeden montag 1:30 1/0 alle außer ersten lösch verschieb wie lange noch später für in 8"
)


@given(st.lists(st.sampled_from(_WORDS), max_size=9))
def test_no_words_are_a_fault(words: list[str]) -> None:
    for timers in (None, (), FOUR):
        talk("Weck mich", " ".join(words), timers=timers)
