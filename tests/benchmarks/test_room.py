"""`voice bench room`: its sounds, its rows and its sum, with the engines that need no model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.noises import NOISES, SOFTER_DB
from benchmarks.room import command, summary
from benchmarks.room_trials import Kit


def test_every_noise_is_a_sound_and_the_same_each_time() -> None:
    assert SOFTER_DB.keys() <= NOISES.keys()
    for name, make in NOISES.items():
        sound = make()
        assert np.isfinite(sound).all() and np.abs(sound).max() > 0.1, name
        assert np.array_equal(sound, make()), name


@pytest.mark.parametrize("profile", ["desktop", "pi", "kiosk"])
def test_each_profile_is_tried_without_a_canceller_and_without_a_wake_word(profile: str, tmp_path: Path) -> None:
    settings = Kit(profile, "pocketsphinx", "espeak", tmp_path).settings
    assert settings.audio.echo == ("half" if profile == "pi" else "guard")
    assert settings.wake.mode == "always"


def test_it_prints_and_writes_a_row_for_every_trial(tmp_path: Path) -> None:
    target = tmp_path / "room.json"
    asked = ["--trial", "echo", "--trial", "cut", "--gain", "0.1", "--delay", "60", "--recognizer", "pocketsphinx"]
    done = CliRunner().invoke(command, [*asked, "--json", str(target)], catch_exceptions=False)
    assert done.exit_code == 0
    echo, cut = json.loads(target.read_text("utf-8"))["rows"]
    assert (echo["trial"], echo["gain"], echo["delay_ms"], echo["self_interruptions"]) == ("echo", 0.1, 60, 0)
    assert cut["cut"] and cut["right"] and cut["held_after_ms"] <= 300
    assert done.output.splitlines()[-1] == "cut, desktop, pocketsphinx, espeak: 1 of 1"


def test_the_sum_counts_what_was_right_for_each_kit() -> None:
    kit = {"profile": "pi", "recognizer": "base", "voice": "joe"}
    rows = [{"trial": "echo", "right": right, **kit} for right in (True, False, True)]
    assert summary(rows) == ["echo, pi, base, joe: 2 of 3"]
