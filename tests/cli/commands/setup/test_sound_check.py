"""The sentence, the voice and the echo, through real PortAudio and PulseAudio."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_S
from tests.support.pulse import Pulse, missing
from voice.asr.pocketsphinx import SphinxRecognizer
from voice.asr.word_error_rate import word_error_rate
from voice.audio.frames import level_dbfs
from voice.audio.wav import read_wav
from voice.cli.commands.setup import sound_check
from voice.tts.espeak import EspeakSynthesizer

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

SPEECH = Path(__file__).parents[3] / "fixtures" / "speech" / "times.wav"
TEXT = "Hello, this is my voice. Do you like it?"


@pytest.fixture(scope="module")
def pulse() -> Iterator[Pulse]:
    with Pulse() as servers, pytest.MonkeyPatch.context() as patch:
        for name, value in servers.env.items():
            patch.setenv(name, value)
        restart_portaudio()
        yield servers
    restart_portaudio()


def restart_portaudio() -> None:
    import sounddevice

    sounddevice._terminate()
    sounddevice._initialize()


def test_a_sentence_is_read_back_with_its_level(pulse: Pulse) -> None:
    shown: list[str] = []
    saying: list[subprocess.Popen[bytes]] = []

    def show(line: str) -> None:
        if not saying:
            saying.append(pulse.play(read_wav(SPEECH)))
        shown.append(line)

    pcm = asyncio.run(sound_check.read_aloud("", show))
    saying[0].wait(timeout=PATIENCE_S)
    words = sound_check.words_of(SphinxRecognizer(), pcm)
    assert word_error_rate([("what is twelve times seven", words)]) <= 0.6, words
    assert any("dBFS" in line for line in shown)
    assert shown[-1] == "", "the meter's line is ended"


def test_silence_is_nothing(pulse: Pulse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_check, "PATIENCE_S", 0.5)
    assert len(asyncio.run(sound_check.read_aloud("", lambda line: None))) == 0


def test_the_voice_is_played_to_its_end(pulse: Pulse) -> None:
    with pulse.record() as recording:
        asyncio.run(sound_check.speak(EspeakSynthesizer("en-us"), TEXT, ""))
    assert level_dbfs(recording.pcm) > -50.0
    assert len(recording.pcm) > 16_000


def test_it_hears_itself_in_a_room_and_not_in_headphones(pulse: Pulse) -> None:
    voice = EspeakSynthesizer("en-us")
    assert not asyncio.run(sound_check.hears_itself(voice, TEXT, "", ""))
    with pulse.room():
        assert asyncio.run(sound_check.hears_itself(voice, TEXT, "", ""))
