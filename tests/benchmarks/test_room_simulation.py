"""The whole loop in a room with real engines: it does not talk to itself, and a person still stops it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from benchmarks.room_simulation import Echo, Stay, at_level, scene, stay
from benchmarks.room_trials import PERSON_DBFS, television
from tests.support.real_models import piper_voice, whisper_folder
from tests.support.speech import command
from voice import paths
from voice.asr.interface import Recognizer
from voice.asr.pocketsphinx import SphinxRecognizer
from voice.asr.whisper import WhisperRecognizer
from voice.asr.word_error_rate import word_error_rate
from voice.audio.wav import read_wav
from voice.settings.layers import Given, load
from voice.settings.schema import Settings
from voice.text.speakable import spoken

TIMES = "what is twelve times seven"
Hearer = Callable[[Callable[[], float]], Recognizer]


def whisper(clock: Callable[[], float]) -> Recognizer:
    return WhisperRecognizer(whisper_folder(), language="en", window="auto", clock=clock)


def sphinx(clock: Callable[[], float]) -> Recognizer:
    return SphinxRecognizer()


def desktop(**given: object) -> Settings:
    """The desktop profile without a canceller."""
    wanted = {"chat.store": "memory", "asr.language": "en", "audio.echo": "guard", "tts.engine": "espeak", **given}
    flags = [Given(key, str(value), "--set", text=True) for key, value in wanted.items()]
    return load(profile="desktop", config=None, environment={}, flags=flags).settings


def joe() -> Settings:
    voice = piper_voice()
    return desktop(**{"tts.engine": "piper", "tts.voice": voice / f"{voice.name}.onnx"})


def questions(settings: Settings, echo: Echo | None, hearer: Hearer, *, stop_at: float | None = None) -> Stay:
    sounds = [(1.0, at_level(command("private"), -20.0))]
    if stop_at is not None:
        sounds.append((stop_at, at_level(command("time"), -20.0)))
    return stay(settings, scene(14.0, sounds), echo, hearer)


@pytest.mark.parametrize("echo", [Echo(0.1, 0.06), Echo(0.4, 0.3)], ids=["soft", "loud and late"])
@pytest.mark.parametrize(
    ("settings", "hearer"),
    [(desktop, sphinx), (desktop, whisper), (joe, whisper)],
    ids=["sphinx-espeak", "tiny.en-espeak", "tiny.en-joe"],
)
def test_it_never_talks_to_itself(settings: Callable[[], Settings], hearer: Hearer, echo: Echo) -> None:
    seen = questions(settings(), echo, hearer)
    assert seen.interrupted == 0 and len(seen.asked) == 1
    assert seen.turns[-1].heard == seen.turns[-1].reply, "said to its end"


@pytest.mark.parametrize("echo", [None, Echo(0.2, 0.1)], ids=["no echo", "echo"])
def test_a_person_stops_it_within_300_ms_through_the_echo(echo: Echo | None) -> None:
    seen = questions(desktop(), echo, partial(whisper), stop_at=7.0)
    begins_s = 7.0 + 0.24
    held = [at for at in seen.pauses if at >= 7.0]
    assert held and held[0] - begins_s <= 0.3
    cut = next(turn for turn in seen.turns if turn.reply)
    assert cut.outcome == "interrupted" and len(cut.heard) < len(cut.reply)


def one_turn(seen: Stay, *said: str) -> bool:
    """Whether each of these was one turn, heard in its place and for the most part, and nothing else was.

    Which words Whisper misses beside another voice depends on the processor's arithmetic; that a turn begins and ends
    with the person, and holds nothing of the other voice, does not. `voice bench room` counts the right answers.
    """
    errors = [
        word_error_rate([(words, spoken(heard, language="en"))]) for words, heard in zip(said, seen.asked, strict=False)
    ]
    return len(seen.asked) == len(said) and all(error <= 0.5 for error in errors)


@pytest.mark.parametrize("softer_db", [16.0, 20.0, 26.0])
def test_a_question_beside_a_television_is_one_turn_and_nothing_else(softer_db: float) -> None:
    screen = at_level(television(), PERSON_DBFS - softer_db)
    question = at_level(command("times"), PERSON_DBFS)
    seen = stay(desktop(), scene(14.0, [(0.0, screen), (4.0, question)]), None, whisper)
    assert one_turn(seen, TIMES), seen
    assert 4.0 <= next(at for at, state in seen.states if state == "listening") <= 4.6


@pytest.mark.parametrize("softer_db", [12.0, 20.0, 26.0])
def test_a_television_alone_starts_no_turn(softer_db: float) -> None:
    screen = at_level(television(), PERSON_DBFS - softer_db)
    seen = stay(desktop(), scene(13.0, [(0.5, screen)]), None, whisper)
    assert seen.states == [] and seen.asked == []


def test_soft_words_after_loud_ones_are_whole() -> None:
    soft = at_level(command("divide"), PERSON_DBFS - 12.0)
    seen = stay(desktop(), scene(11.0, [(1.0, at_level(command("times"), PERSON_DBFS)), (7.0, soft)]), None, whisper)
    assert one_turn(seen, TIMES, "divide that by two"), seen


def test_a_soft_person_alone_is_heard_without_having_been_louder() -> None:
    seen = stay(desktop(), scene(6.0, [(1.0, at_level(command("times"), -45.0))]), None, whisper)
    assert one_turn(seen, TIMES), seen


@pytest.mark.parametrize("name", ["talk-tv20.wav", "talk-tv26.wav"])
def test_the_given_questions_beside_another_voice_are_one_turn(name: str) -> None:
    """Needs ../shared/cases beside the checkout."""
    file = paths.PACKAGE.parent.parent / "shared" / "cases" / name
    if not file.is_file():
        pytest.skip(f"{file} is not here")
    seen = stay(desktop(), read_wav(file), None, whisper)
    assert one_turn(seen, TIMES), seen
