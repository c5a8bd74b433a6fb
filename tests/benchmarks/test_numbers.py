"""`voice bench numbers` prints and writes its figures; numbers that are spoken come back through real models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.numbers import came_back, digits_of
from tests.support.real_models import piper_voice, whisper_folder
from voice.asr.whisper import WhisperRecognizer
from voice.cli import main
from voice.tts.piper import PiperSynthesizer


def test_it_writes_the_figures_of_every_kind(tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    done = CliRunner().invoke(main, ["bench", "numbers", "--json", str(target)])
    assert done.exit_code == 0, done.output
    found = json.loads(target.read_text(encoding="utf-8"))
    assert found["understood"]["said"]["length"] > 100
    assert "spoken, Chinese" in done.output and found["spoken, Chinese"]["share"] > 0.9
    assert 0 < found["ms a clause"]["p50"] <= found["ms a clause"]["p95"]


@pytest.mark.parametrize(
    ("text", "digits"),
    [("It costs $3.50.", "350"), ("Three dollars fifty.", "350"), ("$5 million", "5000000"), ("the twenty-first", "21"),
     ("nine oh five", "905"), ("384,400 km", "384400"), ("no number", "")],
)  # fmt: skip
def test_digits_of(text: str, digits: str) -> None:
    assert digits_of(text) == digits


def test_spoken_numbers_come_back_through_piper_and_whisper() -> None:
    ears = WhisperRecognizer(whisper_folder(), language="en", window="full", partial_s=0)
    voice = PiperSynthesizer(piper_voice() / "en_US-joe-medium.onnx")
    sample = [
        ["It takes 3-5 minutes to cook.", "35"],
        ["The meeting starts at 9:05 in the morning.", "905"],
        ["He was born in 1908 in London.", "1908"],
        ["The battery is at 85% now.", "85"],
    ]
    assert len(came_back(voice, ears, sample)) <= 1  # a recognizer of 39 million weights mishears now and then
