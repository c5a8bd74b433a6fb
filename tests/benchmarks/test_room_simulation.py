"""The whole loop in a room with real engines: it does not talk to itself, and a person still stops it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from benchmarks.room_simulation import Echo, Stay, at_level, scene, stay
from tests.support.real_models import piper_voice, whisper_folder
from tests.support.speech import command
from voice.asr.interface import Recognizer
from voice.asr.pocketsphinx import SphinxRecognizer
from voice.asr.whisper import WhisperRecognizer
from voice.settings.layers import Given, load
from voice.settings.schema import Settings

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
