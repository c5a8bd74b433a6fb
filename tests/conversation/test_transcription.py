"""A whole recording, piece by piece, with and without the times of its words."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from voice.asr.interface import Recognizer, Transcript, Word
from voice.audio.frames import RATE, Pcm
from voice.audio.reader import AudioReader
from voice.audio.wav import read_wav, write_wav
from voice.conversation.transcription import BLOCK_S, Transcription, transcribe
from voice.errors import UsageError
from voice.worker import Worker

SPEECH = Path(__file__).parents[1] / "fixtures" / "speech"


class Counting:
    """A recognizer whose words are how many samples it was given."""

    name = "counting"

    def __init__(self) -> None:
        self.given: list[int] = []
        self.warmed = 0

    def warm(self) -> None:
        self.warmed += 1

    def open(self) -> Counting:
        self.given.append(0)
        return self

    def add_audio(self, pcm: Pcm) -> Transcript | None:
        self.given[-1] += len(pcm)
        return None

    def result(self) -> Transcript:
        return Transcript(str(self.given[-1]))

    def close(self) -> None: ...


class Timing(Counting):
    """It hears one word at the beginning of each piece."""

    def align(self, pcm: Pcm, transcript: Transcript) -> list[Word]:
        assert len(pcm) == int(transcript.text)
        return [Word(" word", 0.5, 1.0)]


def transcribed(engine: Recognizer, path: Path, *, timed: bool = False) -> Transcription:
    async def run() -> Transcription:
        worker = Worker("ears", lambda: engine)
        try:
            with AudioReader(path) as reader:
                return await transcribe(worker, reader, timed=timed)
        finally:
            worker.close()

    return asyncio.run(run())


def noise(seconds: float) -> Pcm:
    return np.random.default_rng(3).integers(-9000, 9000, round(seconds * RATE)).astype(np.int16)


def test_a_long_recording_is_cut_where_it_is_quiet_and_nothing_is_lost(tmp_path: Path) -> None:
    loud = np.random.default_rng(3).integers(-9000, 9000, 70 * RATE).astype(np.int16)
    pauses = [(22.0, 22.4), (45.0, 45.4)]
    for begin, end in pauses:
        loud[round(begin * RATE) : round(end * RATE)] //= 100
    write_wav(tmp_path / "long.wav", loud)
    engine = Counting()
    heard = transcribed(engine, tmp_path / "long.wav")
    assert sum(engine.given) == len(loud)
    assert all(count <= BLOCK_S * RATE for count in engine.given)
    cuts = np.cumsum(engine.given)[:-1] / RATE
    assert all(begin < cut < end for cut, (begin, end) in zip(cuts, pauses, strict=True))
    assert heard.text == " ".join(map(str, engine.given))


def test_a_piece_in_which_nobody_speaks_is_not_given_to_the_recognizer(tmp_path: Path) -> None:
    speech = read_wav(SPEECH / "times.wav")
    hour = np.zeros(600 * RATE, np.int16)
    write_wav(tmp_path / "long.wav", np.concatenate((hour, speech, hour)))
    engine = Counting()
    heard = transcribed(engine, tmp_path / "long.wav")
    assert len(engine.given) in (1, 2)  # two where a cut falls into the speech
    assert sum(engine.given) >= len(speech)
    assert heard.seconds == pytest.approx(1200 + len(speech) / RATE, abs=0.1)


def test_words_are_timed_from_the_beginning_of_the_recording(tmp_path: Path) -> None:
    write_wav(tmp_path / "long.wav", noise(60))
    engine = Timing()
    heard = transcribed(engine, tmp_path / "long.wav", timed=True)
    begins = np.cumsum([0, *engine.given[:-1]]) / RATE
    assert len(begins) == 3
    assert [word.start for word in heard.words] == pytest.approx([begin + 0.5 for begin in begins])


def test_a_recognizer_without_times_makes_no_subtitles(tmp_path: Path) -> None:
    write_wav(tmp_path / "short.wav", noise(1))
    with pytest.raises(UsageError, match="counting gives no word times"):
        transcribed(Counting(), tmp_path / "short.wav", timed=True)


def test_a_recognizer_is_warmed_for_the_first_recording_only() -> None:
    engine = Counting()

    async def run() -> None:
        worker: Worker[Recognizer] = Worker("ears", lambda: engine)
        for _ in range(2):
            with AudioReader(SPEECH / "times.wav") as reader:
                await transcribe(worker, reader)
        worker.close()

    asyncio.run(run())
    assert (engine.warmed, len(engine.given)) == (1, 2)
