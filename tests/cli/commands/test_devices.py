"""`voice devices`, `voice say` and `voice doctor` with real sound devices: a PulseAudio server without a sound card."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.support.patience import PATIENCE_S
from tests.support.pulse import Pulse, missing
from voice.audio.frames import level_dbfs

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())
SPEECH = Path(__file__).parents[2] / "fixtures" / "speech" / "moon.wav"


@pytest.fixture(scope="module")
def pulse() -> Iterator[Pulse]:
    with Pulse() as running:
        yield running


def voice(pulse: Pulse, *arguments: str) -> str:
    command = [sys.executable, "-m", "voice", *arguments]
    done = subprocess.run(command, env=pulse.env, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_devices_are_listed_with_the_chosen_one_marked(pulse: Pulse) -> None:
    lines = voice(pulse, "devices", "--input", "mic").splitlines()
    assert any(line.startswith("* ") and " microphone mic " in line for line in lines)
    assert any(line.startswith("* ") and " speaker " in line for line in lines)


def test_the_meter_shows_what_is_spoken_until_ctrl_c(pulse: Pulse) -> None:
    command = [sys.executable, "-m", "voice", "devices", "--input", "mic", "--meter", "--seconds", "30"]
    with subprocess.Popen(command, env=pulse.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as meter:
        assert meter.stdout is not None
        levels = (float(line.split()[-2]) for line in lines_of(meter.stdout) if line.endswith("dBFS"))
        next(levels)
        speaking = pulse.play_file(SPEECH)
        loudest = next((level for level in levels if level > -40.0), None)
        meter.send_signal(signal.SIGINT)
        meter.communicate(timeout=PATIENCE_S)
        speaking.wait(timeout=PATIENCE_S)
    assert loudest is not None
    assert meter.returncode == 130


def lines_of(stream: IO[bytes]) -> Iterator[str]:
    """What the meter draws, one drawing after the other."""
    drawn = b""
    while byte := stream.read(1):
        if byte in b"\r\n":
            yield drawn.decode("utf-8").rstrip()
            drawn = b""
        else:
            drawn += byte


def test_say_is_heard_at_the_speaker(pulse: Pulse) -> None:
    with pulse.record() as recording:
        voice(pulse, "say", "The kettle is on.")
    assert level_dbfs(recording.pcm) > -45.0


def test_doctor_finds_both_devices(pulse: Pulse) -> None:
    found = {line[4:19].strip(): line[:2] for line in voice(pulse, "doctor").splitlines()}
    assert found["microphone"] == found["speaker"] == found["recognition"] == found["speech"] == "ok"
