"""A conversation that waits for its name: the loop with a scripted person, and the real models with recorded speech."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.people import FRAME, WORD_FRAMES, Person, Talk, converse, speaks
from tests.support.scripted_session import ScriptedSession, words
from voice.audio.earcons import NAMES, earcon, earcons
from voice.audio.frames import RATE, Pcm, silence
from voice.audio.wav import read_wav, write_wav
from voice.clock import VirtualLoop, run_virtual
from voice.conversation import observer as note
from voice.conversation.components import Components
from voice.conversation.observer import Note
from voice.settings.schema import Settings
from voice.turn.overlap import asks_for_silence
from voice.turn.state import Overlap, Policy
from voice.wake.wake_gate import WakeGate
from voice.wiring.conversation import converse as build_and_converse

FIXTURES = Path(__file__).parents[1] / "fixtures"
LONG = "one two three four five six seven eight nine ten. " * 3


class Named:
    """A wake word engine for one `Person`: it has heard `name` when the last frame of that word went by."""

    lead_s = 0.1
    lag_s = 0.0

    def __init__(self, person: Person, name: str) -> None:
        self.phrases: tuple[str, ...] = (name,)
        self._person, self._left = person, 0

    def detect(self, pcm: Pcm) -> str | None:
        for frame in pcm[: len(pcm) // FRAME * FRAME].reshape(-1, FRAME):
            if self._person.read(frame) == self.phrases[0]:
                self._left = WORD_FRAMES
            self._left -= 1
            if self._left == 0:
                return self.phrases[0]
        return None

    def reset(self) -> None:
        self._left = 0


def talk(person: Person, chat: ScriptedSession, *, follow_up_s: float = 0.0, policy: Policy | None = None) -> Talk:
    def named(parts: Components) -> None:
        parts.wake = WakeGate(Named(person, "jarvis"), follow_up_s=follow_up_s)
        parts.earcons = earcons(RATE, ["wake"])

    return run_virtual(converse(person, chat, parts=named, policy=policy))


def echo(text: str) -> list[object]:
    return words(f"you said {text}.")  # type: ignore[return-value]


def session(answer: object = echo) -> ScriptedSession:
    return ScriptedSession(answer)  # type: ignore[arg-type]


def woken(done: Talk) -> list[float]:
    return [at for at, seen in done.notes if isinstance(seen, note.Woken)]


def test_what_is_said_to_others_is_not_even_recognized() -> None:
    done = talk(Person(8, speaks(1.0, "nice weather today"), speaks(4.0, "yes it is")), session())
    assert done.outcomes == [] and done.session.asked == []
    assert done.states() == []


@pytest.mark.parametrize("pause_s", [0.0, 0.06, 0.3, 1.0, 5.0])
def test_the_words_after_the_wake_word_are_the_turn_whatever_the_pause(pause_s: float) -> None:
    pause = [pause_s] if pause_s else []
    done = talk(Person(16, speaks(1.0, "jarvis", *pause, "what time is it")), session())
    assert woken(done) == [pytest.approx(1.3, abs=0.021)]
    assert done.session.asked == ["what time is it"]
    assert done.outcomes == ["answered"]


def test_the_wake_word_at_the_end_of_other_talk_is_heard_and_the_talk_is_not() -> None:
    done = talk(Person(10, speaks(1.0, "we could ask jarvis what time is it")), session())
    assert done.session.asked == ["what time is it"]


def test_whoever_calls_and_says_nothing_is_waited_for_and_then_forgotten() -> None:
    done = talk(Person(20, speaks(1.0, "jarvis"), speaks(12.0, "nice weather")), session())
    assert len(woken(done)) == 1 and done.session.asked == []


def test_a_follow_up_needs_no_wake_word_for_a_while() -> None:
    first, more, late = speaks(1.0, "jarvis hello"), speaks(5.0, "and again"), speaks(25.0, "too late")
    done = talk(Person(30, first, more, late), session(), follow_up_s=5.0)
    assert done.session.asked == ["hello", "and again"]
    done = talk(Person(30, first, more, late), session(), follow_up_s=0.0)
    assert done.session.asked == ["hello", "and again"], "the window of the call is still open"


def test_the_wake_word_within_a_turn_is_taken_off_its_words() -> None:
    done = talk(Person(20, speaks(1.0, "jarvis hello"), speaks(5.0, "jarvis once more")), session(), follow_up_s=9.0)
    assert done.session.asked == ["hello", "once more"]


def by_name() -> Policy:
    return Policy(by_name=True, overlap=lambda text: Overlap.STOP if asks_for_silence(text) else Overlap.BACKCHANNEL)


def test_others_may_talk_over_a_reply_and_it_goes_on() -> None:
    chat = session(lambda text: words(LONG))
    done = talk(
        Person(40, speaks(1.0, "jarvis tell me"), speaks(5.0, "nice weather today is it not")), chat, policy=by_name()
    )
    assert done.said() == [LONG]
    assert done.outcomes == ["empty", "answered"]


def test_stop_over_a_reply_needs_no_wake_word_and_gets_no_answer() -> None:
    chat = session(lambda text: words(LONG))
    done = talk(Person(20, speaks(1.0, "jarvis tell me"), speaks(5.0, "stop")), chat, policy=by_name())
    assert done.outcomes == ["interrupted", "empty"]
    assert chat.asked == ["tell me"] and done.said()[0] != LONG


def test_the_wake_word_over_a_reply_stops_it_and_is_the_next_turn() -> None:
    chat = session(lambda text: words(LONG if text == "tell me" else "yes."))
    person = Person(30, speaks(1.0, "jarvis tell me"), speaks(5.0, "jarvis what about two"))
    done = talk(person, chat, policy=by_name())
    assert chat.asked == ["tell me", "what about two"]
    assert "interrupted" in done.outcomes and done.outcomes[-1] == "answered"


def recorded(path: Path, *clips: Path) -> Path:
    """Clips with three seconds of a quiet room around each."""
    parts = [silence(1.0)]
    for clip in clips:
        parts += [read_wav(clip), silence(6.0)]
    pcm = np.concatenate(parts)
    write_wav(path, (pcm + np.random.default_rng(5).integers(-20, 20, len(pcm))).astype(np.int16))
    return path


def listen(tmp_path: Path, mode: str, *clips: Path) -> tuple[list[str], list[Note]]:
    """What was asked in a conversation of the real parts, and all it told."""
    plain = Settings()
    using = replace(
        plain,
        asr=replace(plain.asr, engine="pocketsphinx"),
        tts=replace(plain.tts, engine="tone"),
        wake=replace(plain.wake, mode=mode, words="hey_jarvis, okay_nabu", follow_up_s=0.0),
        chat=replace(plain.chat, store=f"sqlite:///{tmp_path / 'sessions.sqlite'}"),
    )
    notes: list[Note] = []
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        source = recorded(tmp_path / "said.wav", *clips)
        traces = runner.run(build_and_converse(using, source=source, fast=True, observer=notes.append))
    return [trace.text for trace in traces if trace.text], notes


def test_real_speech_is_answered_only_after_the_wake_word_and_loses_no_word_in_one_breath(tmp_path: Path) -> None:
    time, wake = FIXTURES / "speech" / "time.wav", FIXTURES / "wake"
    asked, notes = listen(tmp_path, "word", time, wake / "jarvis.wav", wake / "alone.wav", wake / "nabu.wav")
    assert asked == ["what time is it"] * 2
    phrases = [seen.phrase for seen in notes if isinstance(seen, note.Woken)]
    assert phrases == ["hey jarvis", "hey jarvis", "okay nabu"]


def test_with_a_button_alone_nothing_is_answered_by_itself(tmp_path: Path) -> None:
    asked, notes = listen(tmp_path, "button", FIXTURES / "wake" / "jarvis.wav", FIXTURES / "speech" / "time.wav")
    assert asked == [] and not any(isinstance(seen, note.Woken) for seen in notes)


@pytest.mark.parametrize("name", NAMES)
def test_our_own_sounds_begin_no_turn_in_a_room_without_echo_cancelling(name: str) -> None:
    """The microphone hears the speaker 30 ms late and half as loud; the sound is played while nobody speaks."""
    from voice.audio.playout import Playout
    from voice.vad.speech_gate import SpeechGate
    from voice.vad.webrtc import WebrtcDetector

    playout = Playout(RATE, lambda event: None)
    detector, gate = WebrtcDetector(2), SpeechGate(start_s=0.06, hangover_s=0.11)
    delay = np.zeros(480, np.int16)
    rng = np.random.default_rng(1)
    edges = []
    playout.chime(earcon(name, RATE))
    for number in range(150):
        at = number * 0.02
        delay = np.concatenate((delay, playout.pull(320, at)))
        near, delay = delay[:320] // 2 + rng.integers(-20, 20, 320).astype(np.int16), delay[320:]
        voiced = detector.probability(near.astype(np.int16))
        masked = playout.chimes(at, at + 0.02)
        edges.append(gate.update(0.0 if masked else voiced, at + 0.02, 0.02))
    assert not any(edges[25:]), "after the detector has got used to the room"
