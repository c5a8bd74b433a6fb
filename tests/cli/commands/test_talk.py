"""`voice talk` as a process: over a recording, typed, without PortAudio, and left by Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.patience import PATIENCE_S
from tests.support.terminal import Terminal
from voice.audio.frames import RATE, level_dbfs
from voice.audio.wav import read_wav, write_wav

SPEECH = Path(__file__).parents[2] / "fixtures" / "speech"
DEMO = Path(__file__).parents[3] / "voice" / "demo" / "conversation.wav"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data"), "COLUMNS": "100"}


def voice(environment: dict[str, str], *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "voice", *arguments]
    return subprocess.run(command, env=environment, input=typed, capture_output=True, text=True, timeout=PATIENCE_S)


def test_a_recording_is_answered_into_a_file_with_trace_table_and_picture(
    environment: dict[str, str], tmp_path: Path
) -> None:
    answers, trace, plot = tmp_path / "answers.wav", tmp_path / "trace.json", tmp_path / "latency.svg"
    files = ("--output", str(answers), "--trace", str(trace), "--plot", str(plot))
    done = voice(environment, "talk", "--input", str(SPEECH / "times.wav"), "--fast", "--latency", *files)
    assert done.returncode == 0, done.stderr
    assert "words: pocketsphinx" in done.stdout
    assert "voice models pull" in done.stdout
    assert "84" in done.stdout
    assert "p95" in done.stdout
    assert level_dbfs(read_wav(answers)) > -50.0
    turns = [json.loads(line) for line in trace.read_text().splitlines()]
    spoken = [turn for turn in turns if turn["response_ms"] is not None]
    assert spoken
    for turn in spoken:
        assert sum(turn["spans_ms"].values()) == pytest.approx(turn["response_ms"], abs=0.01)
    assert plot.read_text().startswith("<svg")


@pytest.mark.parametrize("flag", ["--output", "--trace", "--plot"])
def test_the_recording_that_speaks_is_not_written_over(environment: dict[str, str], tmp_path: Path, flag: str) -> None:
    recording = tmp_path / "said.wav"
    recording.write_bytes((SPEECH / "times.wav").read_bytes())
    done = voice(environment, "talk", "--input", str(recording), flag, str(tmp_path / "." / "said.wav"), "--fast")
    assert done.returncode == 2
    assert "--input names the same file; expected a different file" in done.stderr
    assert recording.read_bytes() == (SPEECH / "times.wav").read_bytes()


def test_a_recording_without_words_is_said_to_be_one(environment: dict[str, str], tmp_path: Path) -> None:
    write_wav(tmp_path / "silence.wav", np.zeros(RATE, np.int16))
    done = voice(environment, "talk", "--input", str(tmp_path / "silence.wav"), "--fast")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"no speech recognized in {tmp_path / 'silence.wav'}"


def test_a_picture_that_has_no_folder_is_refused_before_the_talk(environment: dict[str, str], tmp_path: Path) -> None:
    lost = str(tmp_path / "none" / "latency.svg")
    done = voice(environment, "talk", "--input", str(SPEECH / "times.wav"), "--fast", "--plot", lost)
    assert done.returncode == 66
    assert "you:" not in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_costs_the_trace_and_not_the_conversation(environment: dict[str, str]) -> None:
    done = voice(environment, "talk", "--input", str(SPEECH / "times.wav"), "--fast", "--trace", "/dev/full")
    assert done.returncode == 0, done.stderr
    assert "error: /dev/full: tracing stopped: No space left on device" in done.stdout
    assert "voice: 12 times 7 is 84." in done.stdout
    assert done.stderr == ""


def test_what_is_said_in_place_of_a_reply_is_shown(environment: dict[str, str]) -> None:
    nobody = ("--llm", "http://127.0.0.1:9/v1", "--model", "none")
    done = voice(environment, "talk", "--input", str(SPEECH / "times.wav"), "--fast", *nobody)
    assert "voice: Sorry, I cannot reach my language model right now. (failed)" in done.stdout


def test_a_conversation_that_is_typed_goes_on_under_its_name(environment: dict[str, str]) -> None:
    first = voice(environment, "talk", "--text", "--session", "sums", typed="what is 12 times 7\n")
    assert "12 times 7 is 84." in first.stdout
    second = voice(environment, "talk", "--text", "--session", "sums", typed="divide that by two")
    assert "84 divided by 2 is 42." in second.stdout


def test_what_a_locale_without_unicode_cannot_write_costs_no_turn(environment: dict[str, str]) -> None:
    poor = {**environment, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "voice", "talk", "--text", "--tts", "tone"]
    typed = "现在几点\nwhat is 12 times 7\n".encode()
    done = subprocess.run(command, env=poor, input=typed, capture_output=True, timeout=PATIENCE_S)
    assert (done.returncode, done.stderr) == (0, b"")
    shown = done.stdout.decode("latin-1")
    assert "????" in shown
    assert "84" in shown


def without_portaudio(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    return {**environment, "PYTHONPATH": str(tmp_path)}


def test_a_recording_needs_no_portaudio(environment: dict[str, str], tmp_path: Path) -> None:
    bare = without_portaudio(environment, tmp_path)
    done = voice(bare, "talk", "--input", str(SPEECH / "times.wav"), "--fast", "--output", str(tmp_path / "a.wav"))
    assert done.returncode == 0, done.stderr


def test_a_microphone_without_portaudio_is_one_line_with_the_remedy(
    environment: dict[str, str], tmp_path: Path
) -> None:
    for command in (("talk",), ("devices",), ("say", "hello")):
        done = voice(without_portaudio(environment, tmp_path), *command)
        assert done.returncode == 66
        (line,) = done.stderr.splitlines()
        assert "PortAudio is not installed" in line
        assert "sudo apt install libportaudio2" in line


def test_a_recording_that_is_none_is_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "none.wav").write_text("no sound")
    done = voice(environment, "talk", "--input", str(tmp_path / "none.wav"))
    assert done.returncode == 66
    assert "none.wav: not a recording" in done.stderr.splitlines()[-1]


def test_ctrl_c_in_a_terminal_leaves_with_130_and_the_table_where_wanted(environment: dict[str, str]) -> None:
    for wanted in (("--latency",), ()):
        with Terminal("talk", "--input", str(DEMO), *wanted, environment=environment, columns=100) as terminal:
            terminal.until(" voice  ")  # a reply is shown; which words were heard does not matter here
            terminal.until("say something")
            terminal.process.send_signal(signal.SIGINT)
            assert terminal.ended() == 130
            assert ("p50" in terminal.everything) is bool(wanted)
            assert terminal.usable
            assert "Traceback" not in terminal.everything


def test_a_reader_who_leaves_ends_the_talk_without_a_word(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "voice", "talk", "--text", "--tts", "tone"]
    talking = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert talking.stdin is not None and talking.stdout is not None and talking.stderr is not None
    with talking.stdin, talking.stderr:
        assert talking.stdout.readline().startswith("info: words")
        talking.stdout.close()
        talking.stdin.write("hello\nhello\n")
        talking.stdin.flush()
        assert talking.wait(30) == 1
        assert talking.stderr.read() == ""
