"""A voice from another machine: the real `openai` client against a real synthesizer behind HTTP."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.audio_house import House, serve_house
from tests.support.readback import read_back
from voice.audio.frames import RATE
from voice.audio.resample import Resampler
from voice.errors import EngineError
from voice.tts.interface import Chunk, Synthesizer
from voice.tts.remote import RemoteSynthesizer, samples

HEADER = b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16_000, 32_000, 2, 16) + b"data\0\0\0\0"


@pytest.fixture
def house() -> Iterator[House]:
    with serve_house() as house:
        yield house


def spoken(voice: Synthesizer, text: str) -> np.ndarray:
    chunks: list[Chunk] = []

    def emit(chunk: Chunk) -> bool:
        chunks.append(chunk)
        return True

    voice.speak(text, emit)
    return np.concatenate([chunk.pcm for chunk in chunks])


def test_it_speaks_the_words_with_the_voice_over_there(house: House) -> None:
    voice = RemoteSynthesizer(house.url, model="piper", voice="joe", speed=1.5)
    voice.warm()
    resampler = Resampler(voice.rate, RATE)
    pcm = np.concatenate([resampler.convert(spoken(voice, "The kettle is on the stove.")), resampler.flush()])
    assert read_back(pcm, "the cattle are in the barn", "the kettle is on the stove") == "the kettle is on the stove"
    wanted = {"model": "piper", "voice": "joe", "speed": 1.5, "response_format": "wav"}
    assert {name: value for name, value in house.asked[-1].items() if name != "input"} == wanted


def test_it_stops_when_nobody_listens_any_more(house: House) -> None:
    voice = RemoteSynthesizer(house.url)
    voice.warm()
    heard: list[Chunk] = []

    def once(chunk: Chunk) -> bool:
        heard.append(chunk)
        voice.cancel()
        return True

    voice.speak("A long sentence that goes on and on, and then still further on.", once)
    assert len(heard) == 1
    assert len(spoken(voice, "Again.")) > 0


def test_a_reply_cut_in_the_middle_is_a_failure(house: House) -> None:
    voice = RemoteSynthesizer(house.url)
    voice.warm()
    house.cut = True
    with pytest.raises(EngineError):
        spoken(voice, "This will be cut.")


@pytest.mark.parametrize("body", [b"", b"ID3 an mp3 file", HEADER[:30], HEADER.replace(b"\1\0\1\0", b"\1\0\2\0")])
def test_what_is_not_16_bit_mono_wav_is_refused(house: House, body: bytes) -> None:
    house.body = body
    with pytest.raises(EngineError, match="invalid audio"):
        RemoteSynthesizer(house.url).warm()


def test_a_voice_whose_rate_changes_says_so_once(house: House) -> None:
    voice = RemoteSynthesizer(house.url)
    voice.warm()
    house.body = HEADER + b"\1\0" * 50
    with pytest.raises(EngineError, match="sample rate changed to 16000 Hz"):
        spoken(voice, "One.")
    assert len(spoken(voice, "Two.")) == 50


@given(st.lists(st.integers(1, 60), max_size=30))
def test_however_it_is_cut_the_samples_are_the_same(cuts: list[int]) -> None:
    raw = HEADER + bytes(range(200))
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(raw[at : at + cut])
        at += cut
    found = list(samples([*pieces, raw[at:]]))
    assert b"".join(piece for _, piece in found) == bytes(range(200))
    assert {rate for rate, _ in found} == {16_000}
