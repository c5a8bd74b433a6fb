"""`voice transcribe` and `voice say`: words out of files and into them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.support.audio_files import encode
from tests.support.patience import PATIENCE_S
from tests.support.real_models import whisper_folder
from voice.audio.frames import RATE
from voice.audio.wav import read_wav
from voice.cli import main
from voice.text.clauses import spoken_clauses

SPEECH = Path(__file__).parents[2] / "fixtures" / "speech"


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
    assert "none.wav: not a recording" in line


def transcribed(*arguments: str | Path, data: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["transcribe", *map(str, arguments)], input=data)


def test_a_recording_that_is_cut_off_gives_its_words_and_an_error(tmp_path: Path) -> None:
    twice = np.concatenate([read_wav(SPEECH / "times.wav")] * 2)
    whole = encode(tmp_path / "whole.flac", twice, RATE).read_bytes()
    (tmp_path / "part.flac").write_bytes(whole[: len(whole) * 3 // 4])
    done = transcribed(tmp_path / "part.flac")
    assert "twelve times seven" in done.stdout
    assert done.exit_code == 66
    (line,) = done.stderr.splitlines()
    assert re.search(r"part.flac: the recording is cut off after [23]\.\d s$", line)


def test_standard_input_is_read() -> None:
    done = transcribed("-", data=(SPEECH / "times.wav").read_bytes())
    assert (done.exit_code, done.stdout) == (0, "what is twelve times seven\n")


def test_a_file_and_a_folder_are_written(tmp_path: Path) -> None:
    files = [SPEECH / "moon.wav", SPEECH / "times.wav"]
    done = transcribed(*files, "-o", tmp_path / "all.txt")
    assert (done.exit_code, done.stdout) == (0, "")
    lines = (tmp_path / "all.txt").read_text().splitlines()
    assert [line.partition(": ")[0] for line in lines] == [str(file) for file in files]
    done = transcribed(*files, "--vtt", "-o", tmp_path)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "the moon" in (tmp_path / "moon.vtt").read_text().replace("\n", " ")
    times = (tmp_path / "times.vtt").read_text()
    assert times.startswith("WEBVTT\n\n00:00:00.")
    assert times.endswith("\nwhat is twelve times seven\n")


def test_real_ears_time_each_word(tmp_path: Path) -> None:
    """The second sentence is shown when it is said, three seconds of quiet after the first."""
    speech = read_wav(SPEECH / "times.wav")
    first, quiet = len(speech), 3 * RATE
    file = encode(tmp_path / "two.mp3", np.concatenate((speech, np.zeros(quiet, np.int16), speech)), RATE)
    ears = ["--asr", "whisper", "--model", str(whisper_folder()), "--set", "asr.window=full"]
    done = transcribed(file, "--srt", *ears)
    assert done.exit_code == 0, done.stderr
    numbers, times, lines = zip(*(block.splitlines()[:3] for block in done.stdout.split("\n\n")), strict=True)
    assert numbers == ("1", "2")
    assert lines == ("What is 12 times 7?",) * 2
    starts = [float(time.split(" --> ")[0].replace(",", ".").rpartition(":")[2]) for time in times]
    assert starts[0] < 0.5
    assert starts[1] == pytest.approx((first + quiet) / RATE, abs=0.5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a.wav", "b.wav", "--srt"], "--srt: subtitles of several recordings need a folder"),
        (["a.wav", "-o", "a.wav"], "-o a.wav: this would overwrite a recording"),
        (["x/a.wav", "y/a.mp3", "--vtt", "-o", "."], "-o: two recordings are named a"),
    ],
)
def test_an_output_that_cannot_be_right_is_refused(arguments: list[str], words: str) -> None:
    done = transcribed(*arguments)
    assert done.exit_code == 2
    assert words in done.stderr


def test_an_output_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    done = transcribed(SPEECH / "times.wav", "-o", tmp_path / "none" / "words.txt")
    assert done.exit_code == 66
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("text", ["", "  ", "🙂", "***"])
def test_a_text_without_words_is_refused(text: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["say", text, "-o", str(tmp_path / "said.wav")])
    assert done.exit_code == 2
    assert "the text has nothing to speak" in done.stderr
    assert not (tmp_path / "said.wav").exists()


def test_what_is_said_into_a_file_is_speech(tmp_path: Path) -> None:
    path = tmp_path / "said.wav"
    done = subprocess.run(
        [sys.executable, "-m", "voice", "say", "-", "-o", str(path)],
        input="The kettle is on. It is 3.14 liters.", text=True, capture_output=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 1.0 < len(read_wav(path)) / RATE < 8.0


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["say", "hello", "-o", str(tmp_path / "none" / "said.wav")])
    assert done.exit_code == 66
    assert len(done.stderr.splitlines()) == 1


def test_text_is_spoken_clause_by_clause() -> None:
    assert spoken_clauses("Dr. Smith has **3.14** pies. Really!") == [
        "Doctor Smith has three point one four pies.",
        "Really!",
    ]
    assert spoken_clauses("") == []
