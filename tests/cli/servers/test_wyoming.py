"""`voice wyoming` as a process with real models, used as Home Assistant uses it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event, Eventable
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize
from wyoming.wake import Detect

from tests.support.patience import PATIENCE_S
from tests.support.real_models import heard, models_folder, piper_voice, spoken_by_joe, whisper_folder
from voice.asr.word_error_rate import word_error_rate
from voice.audio.frames import RATE, Pcm
from voice.audio.resample import resample
from voice.audio.wav import read_wav
from voice.cli import main

WAKE = Path(__file__).parents[2] / "fixtures" / "wake"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a running server."""
    whisper_folder(), piper_voice()
    settings = {"models.folder": models_folder(), "asr.model": "tiny.en", "tts.voice": "en_US-joe-medium"}
    command = [sys.executable, "-m", "voice", "wyoming", "--port", "0"]
    command += [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line.startswith("listening on tcp://127.0.0.1:"), line
        yield int(line.rpartition(":")[2])
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE_S) == 130


def exchange(port: int, *events: Eventable, until: str) -> list[Event]:
    async def run() -> list[Event]:
        found: list[Event] = []
        async with asyncio.timeout(PATIENCE_S), AsyncTcpClient("127.0.0.1", port) as client:
            for event in events:
                await client.write_event(event.event())
            while not found or found[-1].type != until:
                event_read = await client.read_event()
                assert event_read is not None, found
                found.append(event_read)
        return found

    return asyncio.run(run())


def audio(pcm: Pcm) -> list[Eventable]:
    """A clip as Home Assistant sends it: 16 kHz, some milliseconds at a time."""
    chunks = [pcm[start : start + 1024] for start in range(0, len(pcm), 1024)]
    sent = [AudioChunk(RATE, 2, 1, chunk.tobytes(), at * 64) for at, chunk in enumerate(chunks)]
    return [AudioStart(RATE, 2, 1), *sent, AudioStop()]


def test_it_lists_what_is_here(port: int) -> None:
    info = Info.from_event(exchange(port, Describe(), until="info")[-1])
    assert [(model.name, model.languages) for model in info.asr[0].models] == [("tiny.en", ["en"])]
    assert info.tts[0].voices[0].name == "en_US-joe-medium"
    assert "okay_nabu" in [model.name for model in info.wake[0].models]
    assert info.handle[0].models[0].languages == ["en", "zh"]


@pytest.mark.parametrize("words", ["Turn on the kitchen lights.", "Open the garage door."])
def test_what_is_said_becomes_words_from_the_first_sound_on(port: int, words: str) -> None:
    sent = audio(spoken_by_joe(words))
    *_, found, _ = exchange(port, Transcribe(language="en-US"), *sent, until="transcript-stop")
    assert found.data["text"].lower().rstrip(".") == words.lower().rstrip(".")


def test_an_unknown_language_is_refused_in_words(port: int) -> None:
    said = audio(np.zeros(RATE, np.int16))
    error = exchange(port, Transcribe(language="de"), *said[:2], until="error")[-1]
    assert "does not recognize the language 'de'" in error.data["text"]


def test_a_text_becomes_speech_that_can_be_understood(port: int) -> None:
    said = "The train to London leaves at noon tomorrow."
    events = exchange(port, Synthesize(said), until="audio-stop")
    rate = events[0].data["rate"]
    pcm = np.frombuffer(b"".join(event.payload or b"" for event in events), dtype="<i2")
    # The voice varies each time it speaks, and with it a word or two.
    assert word_error_rate([(said, heard(resample(pcm, rate, RATE)))]) <= 0.25


def test_the_wake_word_is_found(port: int) -> None:
    said = audio(read_wav(WAKE / "nabu.wav"))
    (found,) = exchange(port, Detect(["okay_nabu"]), *said, until="detection")
    assert found.data["name"] == "okay_nabu"
    (none,) = exchange(port, Detect(["alexa"]), *said, until="not-detected")
    assert none.type == "not-detected"


def test_a_conversation_remembers_and_keeps_others_apart(port: int) -> None:
    def answer(text: str, conversation: str) -> str:
        asked = Transcript(text, {"conversation_id": conversation}, "en")
        *_, whole, _ = exchange(port, asked, until="handled-stop")
        return str(whole.data["text"])

    assert "84" in answer("what is 12 times 7", "a")
    assert "Ada" in answer("my name is Ada", "a")
    assert "Ada" in answer("what is my name", "a")
    assert "Ada" not in answer("what is my name", "b")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--allow", "here"], "wyoming.allow: not a network: here"),
        (["--port", "70000"], "70000"),
        (["--host", "192.0.2.1"], "192.0.2.1:10600"),
    ],
)
def test_what_cannot_be_served_is_one_line(arguments: list[str], message: str) -> None:
    settings = ["--set", "tts.engine=tone", "--set", "asr.engine=pocketsphinx"]
    done = CliRunner().invoke(main, ["wyoming", *settings, *arguments])
    assert done.exit_code in (69, 78)
    assert message in done.output
    assert "Traceback" not in done.output
