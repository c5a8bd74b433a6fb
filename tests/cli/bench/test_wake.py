"""`voice bench wake` on speech made by scripts/make_speech.py, sorted into what it should and should not hear."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from click.testing import CliRunner

from voice.audio.wav import read_wav
from voice.cli import main

FIXTURES = Path(__file__).parents[2] / "fixtures"


def folder(tmp_path: Path) -> Path:
    """Three calls, one of them in the folder of another wake word, and two commands without one."""
    for place, source in (
        ("hey_jarvis/one.wav", "wake/jarvis.wav"),
        ("hey_jarvis/two.wav", "wake/alone.wav"),
        ("okay_nabu/not.wav", "wake/jarvis.wav"),
        ("talk/time.wav", "speech/time.wav"),
        ("talk/call.wav", "wake/nabu.wav"),
    ):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        shutil.copy(FIXTURES / source, tmp_path / place)
    return tmp_path


def test_misses_and_false_accepts_are_counted_apart(tmp_path: Path) -> None:
    target = tmp_path / "found.json"
    words = ["--words", "hey_jarvis,okay_nabu", "--json", str(target)]
    done = CliRunner().invoke(main, ["bench", "wake", str(folder(tmp_path)), *words])
    assert done.exit_code == 0, done.output
    found = json.loads(target.read_text())
    assert found["said"] == {"hey_jarvis": 2, "okay_nabu": 1}
    assert found["missed"] == {"hey_jarvis": 0, "okay_nabu": 1}
    assert [Path(path).name for path in found["missed_files"]] == ["not.wav"]
    others = [FIXTURES / "speech" / "time.wav", FIXTURES / "wake" / "nabu.wav"]
    assert abs(found["other_hours"] * 3600 - sum(len(read_wav(path)) / 16_000 + 0.5 for path in others)) < 0.05
    assert found["false_accepts"] == 1 and "call.wav" in found["false_accepts_at"][0]
    assert "okay_nabu: 1 of 1 missed" in done.output


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["bench", "wake", str(tmp_path)])
    assert done.exit_code == 66 and "no WAV files" in done.output
