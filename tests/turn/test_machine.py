"""The turn machine by table, by story, and by whatever order of events and times Hypothesis finds."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.turn import events as ev
from voice.turn.completeness import completeness
from voice.turn.endpointing import Endpointer
from voice.turn.machine import TABLE, IllegalEvent, TurnMachine
from voice.turn.state import Overlap, Policy, State

SPEECH = ("what", "mhm")


def machine(*, adaptive: bool = False, **policy: object) -> TurnMachine:
    endpointer = Endpointer(silence_s=0.5, min_s=0.25, max_s=1.2, adaptive=adaptive)
    return TurnMachine(Policy(**policy), endpointer)  # type: ignore[arg-type]


def overlap(text: str) -> Overlap:
    return {"mhm": Overlap.BACKCHANNEL, "our own words": Overlap.ECHO}.get(text, Overlap.WORDS)


def named(text: str) -> Overlap:
    """As `overlap`, where only a word to stop counts over the reply."""
    return Overlap.STOP if text == "stop" else Overlap.BACKCHANNEL


def names(actions: list[ev.Action]) -> list[str]:
    return [type(action).__name__ for action in actions]


def quiet(turns: TurnMachine, since: float, until: float) -> list[ev.Action]:
    """Silent 20 ms frames."""
    done: list[ev.Action] = []
    for frame in range(round((until - since) / 0.02)):
        done += turns.receive(ev.FrameHeard(quiet=True), since + 0.02 * (frame + 1))
    return done


def asked(turns: TurnMachine) -> TurnMachine:
    """A machine whose person has said something and been silent for half a second."""
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    quiet(turns, 2.06, 2.52)
    return turns


def speaking(turns: TurnMachine) -> TurnMachine:
    asked(turns)
    turns.receive(ev.Transcribed(1, 1, "what"), 2.55)
    turns.receive(ev.Audible(1, 1), 2.6)
    assert turns.state is State.SPEAKING
    return turns


def test_a_plain_turn_is_listened_to_decided_sent_and_answered() -> None:
    turns = machine()
    assert turns.receive(ev.SpeechStarted(1.0), 1.06) == [ev.Listen(1, 1.0)]
    assert turns.receive(ev.SpeechStopped(2.0), 2.06) == []
    assert quiet(turns, 2.06, 2.48) == []
    assert quiet(turns, 2.48, 2.50) == [ev.Decided(1, 1, 2.0, "fixed"), ev.Transcribe(1, 1)]
    assert turns.receive(ev.Transcribed(1, 1, "what"), 2.51) == [ev.Send(1, 1, "what"), ev.Release(1, 1)]
    assert turns.receive(ev.Audible(1, 1), 2.6) == [ev.Commit(1, 1), ev.Forget(1)]
    assert turns.receive(ev.Drained(1, 1), 4.0) == [ev.Forget(1), ev.Finish(1, ev.Outcome.ANSWERED)]
    assert turns.state is State.IDLE


def test_silence_counts_from_the_last_speech_sample_not_from_when_it_was_noticed() -> None:
    turns = machine()
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.45)
    assert names(quiet(turns, 2.45, 2.51)) == ["Decided", "Transcribe"]


def test_a_voiced_frame_defers_the_decision() -> None:
    turns = machine()
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    assert turns.receive(ev.FrameHeard(quiet=False), 2.6) == []
    assert names(turns.receive(ev.FrameHeard(quiet=True), 2.62)) == ["Decided", "Transcribe"]


def test_going_on_during_thinking_grows_the_same_turn_and_drops_the_draft() -> None:
    turns = asked(machine())
    turns.receive(ev.Transcribed(1, 1, "what"), 2.55)
    actions = turns.receive(ev.SpeechStarted(2.6), 2.66)
    assert actions == [ev.Discard(1, 1), ev.Grew(1, 2)]
    assert turns.state is State.LISTENING
    assert turns.receive(ev.Audible(1, 1), 2.7) == [], "the dropped draft is late"
    turns.receive(ev.SpeechStopped(3.0), 3.06)
    assert ev.Transcribe(1, 2) in quiet(turns, 3.06, 3.52)


def test_words_that_are_empty_end_the_turn_empty() -> None:
    turns = asked(machine())
    assert names(turns.receive(ev.Transcribed(1, 1, ""), 2.6)) == ["Forget", "Finish"]


def test_speculation_sends_a_held_draft_and_the_decision_releases_it() -> None:
    turns = machine(speculate="tts")
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    assert quiet(turns, 2.06, 2.16) == [ev.Transcribe(1, 1)]
    assert turns.receive(ev.Transcribed(1, 1, "what"), 2.2) == [ev.Send(1, 1, "what")]
    assert quiet(turns, 2.2, 2.5) == [ev.Decided(1, 1, 2.0, "fixed"), ev.Release(1, 1)]


def fallen_silent(words: str, at: float = 2.1) -> TurnMachine:
    """A machine whose person has fallen silent at 2.0, and whose newest partial came then."""
    turns = machine(speculate="tts", adaptive=True)
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    turns.receive(ev.WordsHeard(1, words), at)
    return turns


def test_a_partial_that_comes_after_they_fell_silent_is_asked_with_and_the_same_words_keep_it() -> None:
    turns = machine(speculate="tts", adaptive=True)
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.WordsHeard(1, "how far is the moon."), 2.02)
    assert turns.receive(ev.SpeechStopped(2.0), 2.06) == [ev.Send(1, 1, "how far is the moon.")]
    assert quiet(turns, 2.06, 2.16) == [ev.Transcribe(1, 1)]
    assert turns.receive(ev.Transcribed(1, 1, "How far is the moon?"), 2.2) == []
    assert names(quiet(turns, 2.2, 2.52)) == ["Decided", "Release"]


def test_a_partial_may_also_come_later_and_other_words_replace_it() -> None:
    turns = machine(speculate="tts", adaptive=True)
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    assert turns.receive(ev.WordsHeard(1, "what is 12 times sub"), 2.08) == [ev.Send(1, 1, "what is 12 times sub")]
    assert turns.receive(ev.WordsHeard(1, "what is 12 times subs"), 2.09) == [], "one guess is enough"
    quiet(turns, 2.08, 2.16)
    replaced = turns.receive(ev.Transcribed(1, 1, "What is 12 times 7?"), 2.2)
    assert replaced == [ev.Discard(1, 1), ev.Send(1, 2, "What is 12 times 7?")]
    assert turns.receive(ev.StageFailed(1, 1, ev.Stage.MODEL, "no"), 2.21) == [], "of the draft that is gone"
    assert quiet(turns, 2.2, 2.52) == [ev.Decided(1, 2, 2.0, "default"), ev.Release(1, 2)]


@pytest.mark.parametrize("words", ["turn on the", "what is the,", ""])
def test_a_partial_that_is_older_than_the_silence_or_unfinished_waits_for_the_words(words: str) -> None:
    endpointer = Endpointer(silence_s=0.5, min_s=0.25, max_s=1.2, adaptive=True, judge=completeness)
    turns = TurnMachine(Policy(speculate="tts"), endpointer)
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.WordsHeard(1, "how far is the moon"), 1.9)
    assert turns.receive(ev.SpeechStopped(2.0), 2.06) == []
    assert turns.receive(ev.WordsHeard(1, words), 2.08) == []


def test_what_was_asked_with_a_partial_is_heard_only_once_the_words_are_known() -> None:
    turns = fallen_silent("how far is the moon")
    quiet(turns, 2.1, 2.16)
    assert names(quiet(turns, 2.16, 2.52)) == ["Decided"], "the recognizer takes long"
    assert turns.receive(ev.ToolRuns(1, 1, acts=True), 2.53) == [], "and a tool waits for the words too"
    released = turns.receive(ev.Transcribed(1, 1, "How far is the moon?"), 2.6)
    assert released == [ev.Release(1, 1), ev.Commit(1, 1)]


def test_a_partial_that_turns_out_to_be_nothing_takes_its_draft_along() -> None:
    turns = fallen_silent("you")
    quiet(turns, 2.1, 2.52)
    assert names(turns.receive(ev.Transcribed(1, 1, ""), 2.6)) == ["Discard", "Forget", "Finish"]


@pytest.mark.parametrize(
    ("stage", "then", "next_"),
    [(ev.Stage.MODEL, ["Discard"], ["Send", "Release"]), (ev.Stage.RECOGNIZER, ["Discard", "Say", "Release"], [])],
)
def test_a_failure_before_the_words_are_known_is_no_failure_of_the_turn_unless_they_never_come(
    stage: ev.Stage, then: list[str], next_: list[str]
) -> None:
    turns = fallen_silent("how far is the moon")
    quiet(turns, 2.1, 2.52)
    assert names(turns.receive(ev.StageFailed(1, 1, stage, "no"), 2.55)) == then
    assert names(turns.receive(ev.Transcribed(1, 1, "How far is the moon?"), 2.6)) == next_


@pytest.mark.parametrize("event", [ev.Stopped(), ev.Dropped(), ev.Closed()])
def test_what_was_asked_with_a_partial_leaves_nothing_where_it_is_stopped(event: ev.Event) -> None:
    turns = fallen_silent("yes")
    quiet(turns, 2.1, 2.16)
    assert turns.receive(ev.ToolRuns(1, 1, acts=True), 2.2) == []
    quiet(turns, 2.2, 2.52)
    assert turns.state is State.THINKING, "the recognizer takes long"
    stopped = turns.receive(event, 2.6)
    assert "Discard" in names(stopped) and not {"Truncate", "Commit"} & set(names(stopped))


def test_the_turn_models_verdict_stays_where_a_draft_is_replaced() -> None:
    endpointer = Endpointer(silence_s=0.5, min_s=0.25, max_s=1.2, adaptive=True)
    turns = TurnMachine(Policy(speculate="tts", judges=True), endpointer)
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    turns.receive(ev.WordsHeard(1, "what is 12 times sub"), 2.08)
    assert names(quiet(turns, 2.08, 2.16)) == ["Transcribe", "AskTurnModel"]
    assert names(turns.receive(ev.Transcribed(1, 1, "What is 12 times 7?"), 2.2)) == ["Discard", "Send"]
    assert turns.receive(ev.Judged(1, 1, 0.1), 2.22) == []
    assert quiet(turns, 2.22, 2.9) == [], "it sounds as if it went on"


def test_tools_of_a_draft_that_failed_count_for_nothing() -> None:
    turns = fallen_silent("yes")
    quiet(turns, 2.1, 2.16)
    turns.receive(ev.ToolRuns(1, 1, acts=True), 2.2)
    assert names(turns.receive(ev.StageFailed(1, 1, ev.Stage.SYNTHESIZER, "no"), 2.3)) == ["Discard"]
    turns.receive(ev.Transcribed(1, 1, "no, wait"), 2.35)
    assert "Commit" not in names(quiet(turns, 2.35, 3.3))


def test_speculation_is_bounded_and_a_fourth_breath_waits_for_the_decision() -> None:
    turns = machine(speculate="llm", max_drafts=3)
    now, sent = 1.0, 0
    turns.receive(ev.SpeechStarted(now), now)
    for revision in range(1, 6):
        turns.receive(ev.SpeechStopped(now + 0.2), now + 0.26)
        early = quiet(turns, now + 0.26, now + 0.4)
        assert early == [ev.Transcribe(1, revision)], "words that are there at the decision need no draft"
        sent += names(turns.receive(ev.Transcribed(1, revision, "what"), now + 0.4)).count("Send")
        turns.receive(ev.SpeechStarted(now + 0.5), now + 0.5)
        now += 0.5
    assert sent == 3


def test_a_draft_that_failed_is_asked_again_by_the_decision() -> None:
    turns = machine(speculate="llm")
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    quiet(turns, 2.06, 2.16)
    turns.receive(ev.Transcribed(1, 1, "what"), 2.2)
    assert names(turns.receive(ev.StageFailed(1, 1, ev.Stage.MODEL, "no"), 2.3)) == ["Discard"]
    assert names(quiet(turns, 2.3, 2.5)) == ["Decided", "Send", "Release"]


def test_a_recognizer_that_failed_early_is_asked_again_by_the_decision_only() -> None:
    turns = machine(speculate="llm")
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    assert names(quiet(turns, 2.06, 2.16)) == ["Transcribe"]
    assert turns.receive(ev.StageFailed(1, 1, ev.Stage.RECOGNIZER, "no"), 2.2) == []
    assert quiet(turns, 2.2, 2.4) == []
    assert names(quiet(turns, 2.4, 2.52)) == ["Decided", "Transcribe"]


@pytest.mark.parametrize(("speculate", "asks"), [("off", ["AskTurnModel"]), ("tts", ["Transcribe", "AskTurnModel"])])
def test_a_turn_model_is_asked_once_as_soon_as_speculation_may_begin(speculate: str, asks: list[str]) -> None:
    turns = machine(judges=True, speculate=speculate)
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    assert quiet(turns, 2.06, 2.08) == []
    assert names(quiet(turns, 2.08, 2.48)) == asks


@pytest.mark.parametrize(
    ("complete", "decided_after_s", "rule"),
    [
        (0.93, 0.26, "complete: model 0.93"),
        (0.5, 0.26, "complete: model 0.50"),
        (0.12, 1.2, "unfinished: model 0.12"),
        (None, 0.5, "default"),
    ],
)
def test_the_verdict_of_a_turn_model_decides_and_a_missing_one_delays_nothing(
    complete: float | None, decided_after_s: float, rule: str
) -> None:
    turns = machine(judges=True, adaptive=True)
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    assert quiet(turns, 2.06, 2.16) == [ev.AskTurnModel(1, 1)]
    if complete is not None:
        assert turns.receive(ev.Judged(1, 1, complete), 2.2) == []
    assert quiet(turns, 2.16, 2.0 + decided_after_s - 0.02) == []
    decided, asked = quiet(turns, 2.0 + decided_after_s - 0.02, 2.0 + decided_after_s)
    assert decided == ev.Decided(1, 1, 2.0, rule) and asked == ev.Transcribe(1, 1)


def test_a_verdict_on_what_has_grown_since_is_late_and_the_growth_is_judged_anew() -> None:
    turns = machine(judges=True, adaptive=True)
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    quiet(turns, 2.06, 2.16)
    turns.receive(ev.Judged(1, 1, 0.9), 2.18)
    turns.receive(ev.SpeechStarted(2.2), 2.24)
    turns.receive(ev.SpeechStopped(3.0), 3.06)
    assert quiet(turns, 3.06, 3.16) == [ev.AskTurnModel(1, 2)]
    assert turns.receive(ev.Judged(1, 1, 0.9), 3.17) == []
    assert quiet(turns, 3.16, 3.48) == [], "neither verdict on the first half holds for the whole"
    assert turns.receive(ev.Judged(1, 2, 0.1), 3.49) == []
    assert quiet(turns, 3.48, 4.18) == []
    assert quiet(turns, 4.18, 4.2)[0] == ev.Decided(1, 2, 3.0, "unfinished: model 0.10")


def test_a_pause_that_sounded_unfinished_makes_no_other_wait_longer() -> None:
    turns = machine(judges=True, adaptive=True)
    before = turns.endpointer.usual_pause_s
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    quiet(turns, 2.06, 2.16)
    turns.receive(ev.Judged(1, 1, 0.1), 2.2)
    turns.receive(ev.SpeechStarted(2.9), 2.96)
    assert turns.endpointer.usual_pause_s == before


def test_a_verdict_after_the_decision_changes_nothing() -> None:
    turns = asked(machine(judges=True))
    seen = []
    for event, at in [
        (None, 2.5),
        (ev.Transcribed(1, 1, "what"), 2.55),
        (ev.Audible(1, 1), 2.6),
        (ev.SpeechStarted(3.0), 3.06),
    ]:
        if event is not None:
            turns.receive(event, at)
        seen.append(turns.state)
        assert turns.receive(ev.Judged(1, 1, 0.1), at) == []
    assert seen == [State.THINKING, State.THINKING, State.SPEAKING, State.PAUSED] and turns.state is State.PAUSED
    turns.receive(ev.SpeechStopped(3.2), 3.3)
    turns.receive(ev.Transcribed(2, 1, "stop"), 3.4)
    assert quiet(turns, 3.4, 3.42) == [ev.AskTurnModel(2, 1)], "an interruption that has ended is judged like any turn"


@pytest.mark.parametrize("words", ["stop", "what about"])
def test_a_word_over_the_reply_interrupts_it(words: str) -> None:
    turns = speaking(machine(overlap=overlap))
    assert turns.receive(ev.SpeechStarted(3.0), 3.06) == [ev.Pause(1), ev.Listen(2, 3.0, over_reply=True)]
    actions = turns.receive(ev.WordsHeard(2, words), 3.3)
    assert actions == [ev.Truncate(1, 1), ev.Forget(1), ev.Finish(1, ev.Outcome.INTERRUPTED)]
    assert turns.state is State.LISTENING and turns.turn is not None and turns.turn.number == 2


def test_a_backchannel_resumes_as_soon_as_it_is_known_to_be_one() -> None:
    turns = speaking(machine(overlap=overlap))
    turns.receive(ev.SpeechStarted(3.0), 3.06)
    turns.receive(ev.SpeechStopped(3.2), 3.3)
    assert quiet(turns, 3.3, 3.32) == [ev.Transcribe(2, 1)]
    actions = turns.receive(ev.Transcribed(2, 1, "mhm"), 3.4)
    assert actions == [ev.Forget(2), ev.Finish(2, ev.Outcome.EMPTY), ev.Resume(1)]
    assert turns.state is State.SPEAKING


def test_the_echo_of_a_reply_is_nobody_and_is_not_even_speculated_on() -> None:
    turns = machine(speculate="tts", overlap=overlap)
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    quiet(turns, 2.06, 2.16)
    assert turns.receive(ev.Transcribed(1, 1, "our own words"), 2.2) == []
    assert names(quiet(turns, 2.2, 2.5)) == ["Decided", "Forget", "Finish"]


@pytest.mark.parametrize(("after_s", "ended"), [(0.4, "empty"), (0.7, "sent")])
def test_who_says_the_words_of_the_reply_when_it_is_out_of_the_room_means_them(after_s: float, ended: str) -> None:
    turns = speaking(machine(overlap=overlap))
    turns.receive(ev.Drained(1, 1), 4.0)
    turns.receive(ev.SpeechStarted(4.0 + after_s), 5.0)
    turns.receive(ev.SpeechStopped(5.5), 5.56)
    quiet(turns, 5.56, 6.1)
    actions = names(turns.receive(ev.Transcribed(2, 1, "our own words"), 6.2))
    assert actions == (["Forget", "Finish"] if ended == "empty" else ["Send", "Release"])


def test_a_cough_resumes_after_a_second_even_if_the_recognizer_stays_silent() -> None:
    turns = speaking(machine(overlap=overlap))
    turns.receive(ev.SpeechStarted(3.0), 3.06)
    turns.receive(ev.SpeechStopped(3.2), 3.3)
    assert names(quiet(turns, 3.3, 4.02)) == ["Transcribe", "Resume"]
    assert turns.state is State.SPEAKING


def coughed() -> TurnMachine:
    """A reply that went on after a second, the recognizer being slow."""
    turns = speaking(machine(overlap=overlap))
    turns.receive(ev.SpeechStarted(3.0), 3.06)
    turns.receive(ev.SpeechStopped(3.2), 3.3)
    quiet(turns, 3.3, 4.02)
    return turns


def test_late_words_still_interrupt_and_late_noise_does_not() -> None:
    turns = coughed()
    cut = turns.receive(ev.Transcribed(2, 1, "stop"), 4.6)
    assert cut == [ev.Truncate(1, 1), ev.Forget(1), ev.Finish(1, ev.Outcome.INTERRUPTED)]
    assert names(quiet(turns, 4.6, 4.62)) == ["Decided", "Send", "Release"]
    turns = coughed()
    assert names(turns.receive(ev.Transcribed(2, 1, "mhm"), 4.6))[:2] == ["Forget", "Finish"]
    assert turns.over is None and turns.state is State.SPEAKING


def test_who_goes_on_before_their_words_are_known_is_one_turn() -> None:
    turns = coughed()
    assert turns.receive(ev.SpeechStarted(4.5), 4.56) == [ev.Pause(1)]
    assert turns.receive(ev.Transcribed(2, 1, "stop"), 4.6) == [], "an answer for the first half is late"
    turns.receive(ev.SpeechStopped(4.8), 4.86)
    assert quiet(turns, 4.86, 4.88) == [ev.Transcribe(2, 2)]
    assert names(turns.receive(ev.Transcribed(2, 2, "stop it"), 5.0)) == ["Truncate", "Forget", "Finish"]


def test_a_reply_that_ends_before_late_words_hands_the_turn_over() -> None:
    turns = coughed()
    assert turns.receive(ev.Drained(1, 1), 4.3) == [ev.Forget(1), ev.Finish(1, ev.Outcome.ANSWERED)]
    assert names(quiet(turns, 4.3, 4.34)) == ["Decided"]
    assert names(turns.receive(ev.Transcribed(2, 1, "stop"), 4.6)) == ["Send", "Release"]


def voiced(turns: TurnMachine, since: float, until: float) -> list[ev.Action]:
    """20 ms frames in which somebody, or something, goes on sounding."""
    done: list[ev.Action] = []
    for frame in range(round((until - since) / 0.02)):
        done += turns.receive(ev.FrameHeard(quiet=False), since + 0.02 * (frame + 1))
    return done


def test_long_sound_over_the_reply_is_asked_for_its_words_and_words_interrupt() -> None:
    turns = speaking(machine(overlap=overlap))
    turns.receive(ev.SpeechStarted(3.0), 3.06)
    assert voiced(turns, 3.06, 3.84) == [ev.Transcribe(2, 1)]
    cut = turns.receive(ev.Transcribed(2, 1, "and so on"), 3.9)
    assert cut == [ev.Truncate(1, 1), ev.Forget(1), ev.Finish(1, ev.Outcome.INTERRUPTED)]
    assert turns.state is State.LISTENING
    turns.receive(ev.SpeechStopped(4.4), 4.46)
    assert ev.Transcribe(2, 1) in quiet(turns, 4.46, 5.0), "what was asked before they stopped lacks the end"


def test_a_noise_without_words_resumes_the_reply_however_long_it_is_and_a_word_in_it_still_interrupts() -> None:
    turns = speaking(machine(overlap=overlap))
    turns.receive(ev.SpeechStarted(3.0), 3.06)
    voiced(turns, 3.06, 3.84)
    assert turns.receive(ev.Transcribed(2, 1, ""), 3.9) == [ev.Resume(1)]
    assert voiced(turns, 3.9, 30.0) == [], "it is listened to beneath the reply"
    assert turns.receive(ev.WordsHeard(2, "mhm"), 30.0) == []
    assert names(turns.receive(ev.WordsHeard(2, "what"), 30.1)) == ["Truncate", "Forget", "Finish"]


def test_a_noise_that_ends_beneath_the_reply_is_forgotten_and_nothing_is_resumed_twice() -> None:
    turns = speaking(machine(overlap=overlap))
    turns.receive(ev.SpeechStarted(3.0), 3.06)
    voiced(turns, 3.06, 3.84)
    turns.receive(ev.Transcribed(2, 1, ""), 3.9)
    turns.receive(ev.SpeechStopped(5.0), 5.06)
    assert quiet(turns, 5.06, 5.1) == [ev.Transcribe(2, 1)]
    assert names(turns.receive(ev.Transcribed(2, 1, ""), 5.2)) == ["Forget", "Finish"]


def test_a_recognizer_that_is_slow_over_a_long_noise_does_not_hold_the_reply() -> None:
    turns = speaking(machine(overlap=overlap))
    turns.receive(ev.SpeechStarted(3.0), 3.06)
    assert voiced(turns, 3.06, 4.02) == [ev.Transcribe(2, 1), ev.Resume(1)]


def test_the_echo_of_the_reply_in_a_partial_resumes_it_and_raises_the_bar_for_the_next() -> None:
    turns = speaking(machine(overlap=overlap))
    turns.receive(ev.SpeechStarted(3.0), 3.06)
    assert turns.receive(ev.WordsHeard(2, "our own words"), 3.3) == [ev.Resume(1)]
    turns.receive(ev.SpeechStopped(3.4), 3.46)
    quiet(turns, 3.46, 3.5)
    turns.receive(ev.Transcribed(2, 1, "our own words"), 3.6)
    assert turns.receive(ev.SpeechStarted(4.0), 4.06) == [ev.Listen(3, 4.0, over_reply=True)], "not held any more"
    assert turns.receive(ev.WordsHeard(3, "our own words"), 4.3) == []
    assert names(turns.receive(ev.WordsHeard(3, "what"), 4.4)) == ["Truncate", "Forget", "Finish"]
    assert turns.alarms == 0, "a person is no false alarm"


def test_noises_over_a_reply_hold_it_twice_and_then_no_more() -> None:
    turns, now, held = speaking(machine(overlap=overlap)), 3.0, []
    for noise in range(2, 6):
        held.append(ev.Pause(1) in turns.receive(ev.SpeechStarted(now), now + 0.06))
        turns.receive(ev.SpeechStopped(now + 0.2), now + 0.3)
        quiet(turns, now + 0.3, now + 0.34)
        turns.receive(ev.Transcribed(noise, 1, ""), now + 0.4)
        now += 1.0
    assert held == [True, True, False, False]
    turns.receive(ev.Drained(1, 1), now)
    assert turns.alarms < 4, "what is long ago counts for less"


def test_without_barge_in_speech_over_the_reply_is_not_listened_to() -> None:
    turns = speaking(machine(barge_in=False))
    assert turns.receive(ev.SpeechStarted(3.0), 3.06) == []
    assert turns.receive(ev.SpeechStopped(3.5), 3.56) == []
    assert turns.state is State.SPEAKING


def test_a_failure_is_said_and_ends_the_turn_failed() -> None:
    turns = asked(machine())
    actions = turns.receive(ev.StageFailed(1, 1, ev.Stage.RECOGNIZER, "sorry"), 2.6)
    assert actions == [ev.Say(1, 1, "sorry"), ev.Release(1, 1)]
    assert turns.receive(ev.StageFailed(1, 1, ev.Stage.SYNTHESIZER, "sorry"), 2.7) == [], "said once"
    turns.receive(ev.Audible(1, 1), 2.8)
    assert ev.Finish(1, ev.Outcome.FAILED) in turns.receive(ev.Drained(1, 1), 3.0)


def test_a_reply_without_a_sound_is_an_answer_that_failed() -> None:
    turns = asked(machine(no_answer="nothing"))
    turns.receive(ev.Transcribed(1, 1, "what"), 2.55)
    assert ev.Say(1, 1, "nothing") in turns.receive(ev.Drained(1, 1), 2.7)
    assert ev.Finish(1, ev.Outcome.FAILED) in turns.receive(ev.Drained(1, 1), 2.8)


def test_an_announcement_waits_until_nobody_speaks() -> None:
    turns = speaking(machine())
    assert turns.receive(ev.Announce("ring"), 3.0) == []
    actions = turns.receive(ev.Drained(1, 1), 4.0)
    assert names(actions) == ["Forget", "Finish", "Say", "Release"]


def test_an_announcement_that_was_not_heard_before_they_spoke_comes_after_them() -> None:
    turns = machine()
    assert names(turns.receive(ev.Announce("ring"), 1.0)) == ["Say", "Release"]
    assert names(turns.receive(ev.SpeechStarted(1.0), 1.06)) == ["Truncate", "Forget", "Finish", "Listen"]
    assert names(turns.receive(ev.Dropped(), 2.0))[-2:] == ["Say", "Release"]


def test_a_tool_that_acts_waits_for_the_end_of_the_turn_and_for_nothing_else() -> None:
    turns = machine(speculate="tts")
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    quiet(turns, 2.06, 2.2)
    turns.receive(ev.Transcribed(1, 1, "switch it on"), 2.2)
    assert turns.receive(ev.ToolRuns(1, 1, acts=True), 2.25) == [], "they may still go on"
    assert quiet(turns, 2.2, 2.52)[1:] == [ev.Release(1, 1), ev.Commit(1, 1)]
    assert turns.state is State.THINKING
    gone = turns.receive(ev.SpeechStarted(3.0), 3.06)
    assert names(gone) == ["Truncate", "Forget", "Finish", "Listen"], "what counts cannot grow: this is another turn"


def test_a_tool_that_acts_late_counts_at_once_and_a_stale_one_never() -> None:
    turns = asked(machine())
    turns.receive(ev.Transcribed(1, 1, "switch it on"), 2.6)
    assert turns.receive(ev.ToolRuns(1, 0, acts=True), 2.7) == []
    assert turns.receive(ev.ToolRuns(1, 1, acts=True), 2.7) == [ev.Commit(1, 1)]
    turns.receive(ev.Audible(1, 1), 2.8)
    assert turns.receive(ev.ToolRuns(1, 1, acts=True), 2.9) == [], "it counts since it was heard"


def test_a_tool_that_takes_long_is_bridged_by_one_phrase_and_then_by_sounds() -> None:
    turns = asked(machine())
    turns.receive(ev.Transcribed(1, 1, "what is the weather"), 2.6)
    assert turns.due() is None
    turns.receive(ev.ToolRuns(1, 1, "looking"), 2.7)
    assert turns.due() == pytest.approx(3.1)
    assert turns.tick(3.1) == [ev.Bridge(1, 1, "looking")]
    turns.receive(ev.Audible(1, 1), 3.2)
    assert turns.tick(3.91) == [ev.Filler(1)]
    assert turns.due() == pytest.approx(4.71)
    turns.receive(ev.ToolRests(1, 1), 4.2)
    assert turns.due() is None
    turns.receive(ev.ToolRuns(1, 1, "looking"), 4.3)
    assert turns.tick(5.2) == [ev.Filler(1)], "the phrase is said once in a turn"


def test_a_quick_tool_is_not_bridged_and_nobody_is_talked_over() -> None:
    turns = asked(machine())
    turns.receive(ev.Transcribed(1, 1, "what is the weather"), 2.6)
    turns.receive(ev.ToolRuns(1, 1, "looking"), 2.6)
    turns.receive(ev.ToolRests(1, 1), 2.9)
    assert turns.due() is None
    turns.receive(ev.ToolRuns(1, 1, "looking"), 2.9)
    turns.receive(ev.SpeechStarted(3.0), 3.06)
    assert turns.due() is None, "they speak"


def test_a_filler_sounds_once_when_the_reply_takes_long() -> None:
    turns = asked(machine(filler_s=1.5))
    due = turns.due()
    assert due is not None and due == pytest.approx(2.5 + 1.5, abs=0.03)
    assert turns.tick(due - 0.1) == []
    assert turns.tick(due) == [ev.Filler(1)]
    assert turns.due() is None


def test_a_lost_microphone_ends_the_turn_with_what_was_heard() -> None:
    turns = machine()
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    assert names(turns.receive(ev.MicrophoneLost(), 1.5)) == ["Decided", "Transcribe"]


def test_the_longest_turn_is_bounded() -> None:
    turns = machine(max_turn_s=10.0)
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    assert turns.receive(ev.FrameHeard(quiet=False), 10.9) == []
    assert names(turns.receive(ev.FrameHeard(quiet=False), 11.0)) == ["Decided", "Transcribe", "Listen"]


def too_long() -> TurnMachine:
    """A person who goes on speaking when their turn has become too long, and its words are asked for."""
    turns = machine(max_turn_s=10.0, overlap=overlap)
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    assert turns.receive(ev.FrameHeard(quiet=False), 11.0)[-1] == ev.Listen(2, 11.0)
    return turns


def test_who_speaks_on_after_the_longest_turn_has_the_next_one() -> None:
    turns = too_long()
    assert turns.receive(ev.WordsHeard(2, "and"), 11.5) == []
    assert turns.receive(ev.Transcribed(1, 1, "what"), 11.6) == [ev.Send(1, 1, "what"), ev.Release(1, 1)]
    assert names(turns.receive(ev.Audible(1, 1), 11.8)) == ["Commit", "Forget", "Truncate", "Forget", "Finish"]
    assert turns.state is State.LISTENING and turns.turn is not None and turns.turn.text == "and"


def test_a_noise_longer_than_the_longest_turn_ends_it_empty_and_is_listened_to_on() -> None:
    turns = too_long()
    assert names(turns.receive(ev.Transcribed(1, 1, ""), 11.6)) == ["Forget", "Finish"]
    assert turns.state is State.LISTENING
    turns.receive(ev.SpeechStopped(12.0), 12.06)
    assert "Transcribe" in names(quiet(turns, 12.06, 12.6))


def test_the_reply_to_the_longest_turn_is_held_until_it_is_known_whether_they_speak_on() -> None:
    turns = too_long()
    turns.receive(ev.Transcribed(1, 1, "what"), 11.6)
    turns.receive(ev.SpeechStopped(11.62), 11.7)
    assert names(turns.receive(ev.Audible(1, 1), 11.8)) == ["Commit", "Forget", "Pause"]
    assert quiet(turns, 11.8, 11.82) == [ev.Transcribe(2, 1)]
    assert names(turns.receive(ev.Transcribed(2, 1, ""), 11.9)) == ["Forget", "Finish", "Resume"]


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (state, event)
        for state in State
        for event in (ev.Audible(1, 1), ev.Drained(1, 1), ev.Transcribed(1, 1, ""))
        if type(event) not in TABLE[state]
    ],
)
def test_an_event_that_is_not_in_the_table_raises(state: State, event: ev.Event) -> None:
    turns = speaking(machine())
    turns.state = state
    with pytest.raises(IllegalEvent):
        turns.receive(event, 9.0)


def test_every_state_knows_every_event_that_comes_from_outside() -> None:
    outside = {ev.FrameHeard, ev.SpeechStopped, ev.Typed, ev.Announce, ev.Dropped, ev.MicrophoneLost, ev.Closed}
    for state, row in TABLE.items():
        assert outside - set(row) <= {ev.SpeechStopped} if state is State.PAUSED else outside <= set(row), state


def test_stop_ends_what_is_said_and_what_is_thought_of() -> None:
    turns = speaking(machine())
    assert turns.receive(ev.Dropped(), 3.0) == [
        ev.Truncate(1, 1), ev.Forget(1), ev.Finish(1, ev.Outcome.INTERRUPTED),
    ]  # fmt: skip
    assert turns.receive(ev.Dropped(), 3.1) == [], "harmless when nothing is said"
    turns = asked(machine())
    assert turns.receive(ev.Dropped(), 2.6)[-1] == ev.Finish(1, ev.Outcome.INTERRUPTED)


def test_stop_drops_what_is_being_said_to_us_with_its_draft() -> None:
    turns = machine(speculate="llm")
    turns.receive(ev.SpeechStarted(1.0), 1.06)
    turns.receive(ev.SpeechStopped(2.0), 2.06)
    quiet(turns, 2.06, 2.2)
    assert names(turns.receive(ev.Transcribed(1, 1, "what"), 2.25)) == ["Send"]
    assert turns.receive(ev.Dropped(), 2.3) == [ev.Discard(1, 1), ev.Forget(1), ev.Finish(1, ev.Outcome.EMPTY)]


def test_what_waited_for_the_end_of_a_reply_follows_a_stop() -> None:
    turns = speaking(machine())
    turns.receive(ev.Announce("your timer is up", rings=False), 2.8)
    assert names(turns.receive(ev.Dropped(), 3.0)) == ["Truncate", "Forget", "Finish", "Say", "Release"]
    assert turns.state is State.THINKING


def test_by_name_a_word_to_stop_over_the_reply_silences_it_and_is_owed_no_answer() -> None:
    turns = speaking(machine(by_name=True, overlap=named))
    turns.receive(ev.SpeechStarted(3.0), 3.06)
    turns.receive(ev.SpeechStopped(3.3), 3.36)
    assert quiet(turns, 3.36, 3.4) == [ev.Transcribe(2, 1)]
    assert turns.receive(ev.Transcribed(2, 1, "stop"), 3.5)[0] == ev.Truncate(1, 1)
    assert names(quiet(turns, 3.5, 4.0)) == ["Decided", "Forget", "Finish"]
    assert turns.state is State.IDLE


def test_by_name_others_who_talk_on_over_the_reply_are_not_waited_for() -> None:
    turns = speaking(machine(by_name=True, overlap=named))
    turns.receive(ev.SpeechStarted(3.0), 3.06)
    turns.receive(ev.WordsHeard(2, "the football match"), 3.5)
    done: list[ev.Action] = []
    for frame in range(60):
        done += turns.receive(ev.FrameHeard(quiet=False), 3.06 + frame * 0.02)
    assert done == [ev.Forget(2), ev.Finish(2, ev.Outcome.EMPTY), ev.Resume(1)]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["start", "stop", "quiet", "voiced", "words", "transcribed", "judged", "audible", "drained", "failed",
             "typed", "announce", "halt", "lost", "tick", "acts"]
        ),
        st.sampled_from([0.0, 0.02, 0.1, 0.3, 0.6, 1.1, 2.0]),
        st.sampled_from(["", "mhm", "what", "stop", "our own words"]),
        st.integers(-1, 0),
    ),
    max_size=60,
)  # fmt: skip


class World:
    """Plays the driver: keeps what was asked for, so that answers come only to questions, in any order and late."""

    def __init__(self, turns: TurnMachine) -> None:
        self.turns, self.now, self.talking = turns, 0.0, False
        self.open: set[int] = set()
        self.questions: list[ev.Transcribe] = []
        self.judgements: list[ev.AskTurnModel] = []
        self.judged: set[ev.AskTurnModel] = set()
        self.playing: list[tuple[int, int]] = []
        self.audible: set[tuple[int, int]] = set()
        self.finished: Counter[int] = Counter()
        self.listened: set[int] = set()
        self.sent: dict[int, str] = {}
        self.told: dict[int, str] = {}

    def take(self, actions: list[ev.Action]) -> None:
        for action in actions:
            match action:
                case ev.Listen(turn):
                    assert self.open <= {question.turn for question in self.questions}, "one utterance hears at a time"
                    self.open.add(turn)
                    self.listened.add(turn)
                case ev.Forget(turn):
                    self.open.discard(turn)
                case ev.Transcribe():
                    assert action.turn in self.open
                    self.questions.append(action)
                case ev.AskTurnModel():
                    assert self.turns.policy.judges and action.turn in self.open
                    assert action not in self.judged, "asked once"
                    self.judged.add(action)
                    self.judgements.append(action)
                case ev.Send(turn, _, text):
                    assert text
                    self.sent[turn] = text
                case ev.Release(turn, revision):
                    told, sent = self.told.get(turn, ""), self.sent.get(turn, "")
                    assert not told or not sent or told == sent, "heard is only what the final words were answered with"
                    self.playing = [(turn, revision)]
                case ev.Finish(turn):
                    self.finished[turn] += 1
                    assert self.finished[turn] == 1, "a turn ends exactly once"
                case ev.Discard() | ev.Truncate():
                    self.playing = []

    def step(self, kind: str, text: str, which: int) -> None:
        turns, number = self.turns, self.turns.over or self.turns.turn
        match kind:
            case "start" if not self.talking:
                self.talking = True
                self.tell(ev.SpeechStarted(self.now))
            case "stop" if self.talking:
                self.talking = False
                self.tell(ev.SpeechStopped(self.now))
            case "quiet" | "voiced":
                self.tell(ev.FrameHeard(quiet=kind == "quiet" and not self.talking))
            case "words" if number and number.number in self.open:
                self.tell(ev.WordsHeard(number.number, text))
            case "transcribed" if self.questions:
                question = self.questions.pop(which)
                if any(
                    t and (t.number, t.revision) == (question.turn, question.revision) for t in (turns.turn, turns.over)
                ):
                    self.told[question.turn] = text
                self.tell(ev.Transcribed(question.turn, question.revision, text))
            case "judged" if self.judgements:
                judgement = self.judgements.pop(which)
                self.tell(ev.Judged(judgement.turn, judgement.revision, 0.9 if text else 0.1))
            case "audible" if self.playing and turns.state is not State.PAUSED:
                self.audible.add(self.playing[0])
                self.tell(ev.Audible(*self.playing[0]))
            case "drained" if self.playing:
                self.tell(ev.Drained(*self.playing.pop()))
            case "failed" if turns.turn and turns.state is not State.LISTENING:
                self.tell(ev.StageFailed(turns.turn.number, turns.turn.revision, ev.Stage.MODEL, "sorry"))
            case "acts" if turns.turn and turns.turn.sent and turns.state is not State.LISTENING:
                self.tell(ev.ToolRuns(turns.turn.number, turns.turn.revision, acts=bool(text)))
            case "typed":
                self.tell(ev.Typed("typed"))
            case "announce":
                self.tell(ev.Announce("ring"))
            case "halt":
                self.tell(ev.Dropped())
                assert self.turns.turn is None or not self.turns.turn.spoken, "only what waited may follow"
            case "lost" if self.talking:
                self.talking = False
                self.tell(ev.MicrophoneLost())
            case "tick":
                self.take(turns.tick(self.now))

    def tell(self, event: ev.Event) -> None:
        self.take(self.turns.receive(event, self.now))


@settings(max_examples=400, deadline=None)
@given(STEPS, st.sampled_from(["off", "asr", "llm", "tts"]), st.booleans(), st.booleans(), st.booleans())
def test_whatever_happens_every_turn_ends_once_and_nothing_is_illegal(
    steps: list[tuple[str, float, str, int]], speculate: str, barge_in: bool, judges: bool, by_name: bool
) -> None:
    turns = machine(
        adaptive=judges,
        judges=judges,
        speculate=speculate,
        barge_in=barge_in,
        by_name=by_name,
        overlap=named if by_name else overlap,
        filler_s=1.5,
        max_turn_s=5.0,
    )
    world = World(turns)
    for kind, later, text, which in steps:
        world.now += later
        world.step(kind, text, which)
        assert (turns.turn is None) == (turns.state is State.IDLE)
        assert turns.over is not None or turns.state is not State.PAUSED
        assert turns.over is None or turns.state in (State.PAUSED, State.SPEAKING, State.THINKING)
    world.tell(ev.Closed())
    assert turns.state is State.IDLE
    assert world.listened <= set(world.finished), "whoever was listened to had their turn ended"
    assert not world.open


def test_stopping_ends_the_reply_in_every_state_that_has_one_and_is_harmless_elsewhere() -> None:
    turns = machine()
    assert turns.receive(ev.Stopped(), 0.5) == []
    assert names(speaking(turns).receive(ev.Stopped(), 2.7)) == ["Truncate", "Forget", "Finish"]
    assert turns.state is State.IDLE
    waiting = asked(machine())
    assert names(waiting.receive(ev.Stopped(), 2.6)) == ["Truncate", "Forget", "Finish"]
    assert waiting.receive(ev.Transcribed(1, 1, "what"), 2.7) == []
    over = speaking(machine())
    over.receive(ev.SpeechStarted(2.7), 2.76)
    assert names(over.receive(ev.Stopped(), 2.8)) == ["Truncate", "Forget", "Finish"]
    assert over.state is State.LISTENING


def test_a_reply_in_which_nothing_was_to_be_heard_is_answered_and_counts() -> None:
    turns = asked(machine())
    turns.receive(ev.Transcribed(1, 1, "what"), 2.55)
    done = turns.receive(ev.Drained(1, 1, mute=True), 2.6)
    assert done == [ev.Commit(1, 1), ev.Forget(1), ev.Finish(1, ev.Outcome.ANSWERED)]


class Remembering(World):
    """A driver that keeps all it was asked for."""

    def __init__(self, turns: TurnMachine) -> None:
        super().__init__(turns)
        self.done: list[ev.Action] = []

    def take(self, actions: list[ev.Action]) -> None:
        self.done += actions
        super().take(actions)


NOISES = st.lists(
    st.tuples(
        st.sampled_from(["start", "stop", "quiet", "voiced", "words", "transcribed", "failed", "tick"]),
        st.sampled_from([0.0, 0.02, 0.1, 0.3, 0.6, 1.1, 5.0]),
        st.sampled_from(["", "mhm", "our own words"]),
        st.integers(-1, 0),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(NOISES, st.sampled_from(["off", "tts"]), st.booleans())
def test_a_noise_without_words_never_interrupts(
    steps: list[tuple[str, float, str, int]], speculate: str, by_name: bool
) -> None:
    """Whatever sounds over a reply and whenever it is read: without words of a person it is said to its end."""
    turns = speaking(machine(speculate=speculate, by_name=by_name, overlap=overlap))
    world = Remembering(turns)
    world.now, world.playing, world.audible = 3.0, [(1, 1)], {(1, 1)}
    for kind, later, text, which in steps:
        world.now += later
        world.step(kind, text, which)
    assert not [action for action in world.done if isinstance(action, ev.Truncate)]
    held = [type(action) for action in world.done if isinstance(action, ev.Pause | ev.Resume)]
    assert held == [ev.Pause, ev.Resume] * (len(held) // 2) + [ev.Pause] * (len(held) % 2), "from the same sample"
