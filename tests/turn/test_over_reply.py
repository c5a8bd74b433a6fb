"""What comes late, twice or not at all while somebody speaks over a reply."""

from __future__ import annotations

import pytest

from tests.turn.test_machine import asked, machine, names, overlap, quiet, speaking, too_long, voiced
from voice.turn import events as ev
from voice.turn.state import State


def test_words_of_the_turn_that_is_answered_already_change_nothing() -> None:
    turns = speaking(machine(overlap=overlap))
    assert turns.receive(ev.WordsHeard(1, "what"), 2.7) == []
    assert turns.receive(ev.Transcribed(1, 1, "what now"), 2.7) == []
    assert turns.state is State.SPEAKING


def test_a_voice_that_is_noticed_twice_without_a_stop_is_one() -> None:
    turns = speaking(machine(overlap=overlap))
    turns.receive(ev.SpeechStarted(3.0), 3.06)
    assert turns.receive(ev.SpeechStarted(3.2), 3.26) == []
    assert turns.over is not None and (turns.over.started, turns.over.revision) == (3.0, 1)


def test_who_goes_on_over_the_reply_after_a_breath_has_spoken_since_the_first_word() -> None:
    turns = speaking(machine(overlap=overlap))
    turns.receive(ev.SpeechStarted(3.0), 3.06)
    turns.receive(ev.SpeechStopped(3.3), 3.4)
    turns.receive(ev.SpeechStarted(3.5), 3.56)
    assert turns.over is not None and (turns.over.started, turns.over.revision) == (3.0, 2)
    assert voiced(turns, 3.56, 4.34) == [ev.Transcribe(2, 2)], "the words so far, once there are enough of them again"


def test_what_was_asked_beneath_the_reply_is_a_partial_of_who_has_interrupted_meanwhile() -> None:
    turns = speaking(machine(overlap=overlap))
    turns.receive(ev.SpeechStarted(3.0), 3.06)
    assert voiced(turns, 3.06, 3.84) == [ev.Transcribe(2, 1)]
    turns.receive(ev.WordsHeard(2, "what"), 3.85)
    assert turns.state is State.LISTENING
    assert turns.receive(ev.Transcribed(2, 1, "what is"), 3.9) == []
    assert turns.turn is not None and turns.turn.words == "what is" and turns.turn.transcript is None
    turns.receive(ev.SpeechStopped(4.4), 4.46)
    assert ev.Transcribe(2, 1) in quiet(turns, 4.46, 5.0), "the whole is asked for when they stop"


@pytest.mark.parametrize(
    ("words", "does"),
    [
        ("what", ["Truncate", "Forget", "Finish"]),
        ("mhm", ["Forget", "Finish", "Resume"]),
        ("", ["Forget", "Finish", "Resume"]),
    ],
)
def test_a_microphone_lost_over_a_reply_interrupts_it_only_with_words(words: str, does: list[str]) -> None:
    turns = speaking(machine(overlap=overlap))
    turns.receive(ev.SpeechStarted(3.0), 3.06)
    assert turns.over is not None
    turns.over.text = words  # known before, and not yet acted on
    assert names(turns.receive(ev.MicrophoneLost(), 3.5)) == does


def test_a_microphone_lost_while_nobody_speaks_over_the_reply_changes_nothing() -> None:
    turns = speaking(machine(overlap=overlap))
    assert turns.receive(ev.MicrophoneLost(), 3.0) == []
    assert turns.state is State.SPEAKING


def test_who_goes_on_beyond_the_longest_turn_before_its_reply_is_one_turn() -> None:
    turns = too_long()
    turns.receive(ev.SpeechStopped(11.2), 11.26)
    assert turns.receive(ev.SpeechStarted(11.5), 11.56) == []
    assert turns.over is not None and (turns.over.started, turns.over.revision) == (11.0, 2)


def test_a_microphone_lost_in_a_breath_ends_the_turn_where_the_breath_began() -> None:
    turns = machine()
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    assert turns.receive(ev.MicrophoneLost(), 2.2)[0] == ev.Decided(1, 1, 2.0, "microphone lost")


def test_a_recognizer_that_failed_early_is_asked_again_by_the_decision() -> None:
    turns = machine(speculate="asr")
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    assert names(quiet(turns, 2.06, 2.2)) == ["Transcribe"]
    assert turns.receive(ev.StageFailed(1, 1, ev.Stage.RECOGNIZER, "It fell."), 2.2) == []
    assert names(quiet(turns, 2.2, 3.4)) == ["Decided", "Transcribe"]


def test_words_that_come_after_the_recognizer_was_given_up_are_late() -> None:
    turns = asked(machine())
    assert names(turns.receive(ev.StageFailed(1, 1, ev.Stage.RECOGNIZER, "It fell."), 2.6)) == ["Say", "Release"]
    assert turns.receive(ev.Transcribed(1, 1, "what"), 2.7) == []
