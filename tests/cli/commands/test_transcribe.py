"""`voice transcribe` and `voice say`: words out of files and into them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from voice.asr.interface import Transcript
from voice.audio.frames import RATE, Pcm
from voice.audio.wav import read_wav, write_wav
from voice.cli import main
from voice.cli.commands.say import clauses
from voice.cli.commands.transcribe import BLOCK_S, transcribe

SPEECH = Path(__file__).parents[2] / "fixtures" / "speech"


class Counting:
    """A recognizer whose words are how many samples it was given."""

    name = "counting"

    def __init__(self) -> None:
        self.given: list[int] = []

    def warm(self) -> None: ...

    def open(self) -> Counting:
        self.given.append(0)
        return self

    def feed(self, pcm: Pcm) -> Transcript | None:
        self.given[-1] += len(pcm)
        return None

    def result(self) -> Transcript:
        return Transcript(str(self.given[-1]))

    def close(self) -> None: ...


def test_words_and_facts_of_each_file_and_one_line_for_what_is_none(tmp_path: Path) -> None:
    (tmp_path / "none.wav").write_text("no sound")
    files = [str(SPEECH / "moon.wav"), str(tmp_path / "none.wav"), str(SPEECH / "times.wav")]
    done = CliRunner().invoke(main, ["transcribe", "--json", *files])
    assert done.exit_code == 66
    first, second = map(json.loads, done.stdout.splitlines())
    assert "the moon" in first["text"]
    assert second["text"] == "what is twelve times seven"
    assert first["engine"] == "pocketsphinx"
    assert first["seconds"] == pytest.approx(len(read_wav(files[0])) / RATE, abs=0.01)
    assert first["real_time_factor"] > 0
    (line,) = done.stderr.splitlines()
    assert "none.wav: not a WAV file" in line


def test_a_long_recording_is_cut_where_it_is_quiet_and_nothing_is_lost(tmp_path: Path) -> None:
    loud = np.random.default_rng(3).integers(-9000, 9000, 70 * RATE).astype(np.int16)
    pauses = [(25.0, 25.4), (50.0, 50.4)]
    for begin, end in pauses:
        loud[round(begin * RATE) : round(end * RATE)] //= 100
    write_wav(tmp_path / "long.wav", loud)
    engine = Counting()
    heard = transcribe(engine, tmp_path / "long.wav")
    assert sum(engine.given) == len(loud)
    assert all(count <= BLOCK_S * RATE for count in engine.given)
    cuts = np.cumsum(engine.given)[:-1] / RATE
    assert all(begin < cut < end for cut, (begin, end) in zip(cuts, pauses, strict=True))
    assert heard["text"] == " ".join(map(str, engine.given))


def test_a_piece_in_which_nobody_speaks_is_not_given_to_the_recognizer(tmp_path: Path) -> None:
    speech = read_wav(SPEECH / "times.wav")
    hour = np.zeros(600 * RATE, np.int16)
    write_wav(tmp_path / "long.wav", np.concatenate((hour, speech, hour)))
    engine = Counting()
    heard = transcribe(engine, tmp_path / "long.wav")
    assert len(engine.given) in (1, 2)  # two where a cut falls into the speech
    assert sum(engine.given) >= len(speech)
    assert heard["seconds"] == pytest.approx(1200 + len(speech) / RATE, abs=0.1)


@pytest.mark.parametrize("text", ["", "  ", "🙂", "***"])
def test_a_text_without_words_is_refused(text: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["say", text, "-o", str(tmp_path / "said.wav")])
    assert done.exit_code == 2
    assert "nothing in it can be spoken" in done.stderr
    assert not (tmp_path / "said.wav").exists()


def test_what_is_said_into_a_file_is_speech(tmp_path: Path) -> None:
    path = tmp_path / "said.wav"
    done = subprocess.run(
        [sys.executable, "-m", "voice", "say", "-", "-o", str(path)],
        input="The kettle is on. It is 3.14 liters.", text=True, capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 1.0 < len(read_wav(path)) / RATE < 8.0


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["say", "hello", "-o", str(tmp_path / "none" / "said.wav")])
    assert done.exit_code == 66
    assert len(done.stderr.splitlines()) == 1


def test_text_is_spoken_clause_by_clause() -> None:
    assert clauses("Dr. Smith has **3.14** pies. Really!") == ["Dr. Smith has 3.14 pies.", "Really!"]
    assert clauses("") == []
