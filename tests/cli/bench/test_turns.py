"""`voice bench turns`: every system is compared at one budget, and what is measured is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.cli.bench.test_turn_trial import Ear, Reader, clip
from tests.support.energy_vad import EnergyDetector
from tests.support.speech import command as spoken_command
from tests.support.turn_models import write_turn_model
from voice.audio.frames import silence
from voice.audio.wav import write_wav
from voice.cli import main
from voice.cli.bench.turn_trial import Delays, Evidence, moments
from voice.cli.bench.turns import Material, System, at_budget, listen

ALL = System("all", "energy", True, True)
SILENCE = System("silence", "energy", silence_s=0.3)


def material(pauses_s: list[float]) -> Material:
    clips = [clip(pause_s) for pause_s in pauses_s]
    hears = EnergyDetector()
    reader, ear = Reader("set a timer for", "what time is it"), Ear(2.0)
    return Material(
        {"made": [(one, {"energy": moments(one, hears, 0.06)}, Evidence(one, reader, ear)) for one in clips]}
    )


def test_silence_alone_pays_for_its_budget_with_every_longer_pause() -> None:
    found = at_budget(material([0.25, 0.35, 0.6, 0.9]), SILENCE, 300)
    assert (found.cut, found.hesitations) == ({"made": 3}, {"made": 4}) and found.share == 0.75
    assert max(found.delays_ms) <= 321


def test_words_and_sound_do_not() -> None:
    found = at_budget(material([0.25, 0.35, 0.6, 0.9]), ALL, 300)
    assert found.cut == {"made": 0} and found.missed == 0 and max(found.delays_ms) <= 321


def test_what_the_engines_need_comes_on_top() -> None:
    clips = material([0.35])
    late = listen(clips, ALL, 1.0, Delays(words_s=0.3, judge_s=0.06))
    assert late.delays_ms == [pytest.approx(360, abs=21)]
    assert listen(clips, ALL, 1.0, Delays()).delays_ms == [pytest.approx(250, abs=21)]


def test_recordings_are_measured_and_every_figure_is_written(tmp_path: Path) -> None:
    (tmp_path / "talk").mkdir()
    said = np.concatenate([spoken_command("time"), silence(0.6), spoken_command("moon")])
    write_wav(tmp_path / "talk" / "one.wav", said)
    model, out = write_turn_model(tmp_path / "turn.onnx"), tmp_path / "figures.json"
    flags = ["--set", "asr.engine=pocketsphinx", "--set", "tts.engine=tone", "--turn-model", str(model)]
    done = CliRunner().invoke(main, ["bench", "turns", str(tmp_path / "talk"), *flags, "--json", str(out)])
    assert done.exit_code == 0, done.output
    found = json.loads(out.read_text(encoding="utf-8"))
    names = [row["name"] for row in found["at_budget"]]
    assert names[:3] == ["webrtc, silence only", "silero, silence only", "words"] and names[-1] == "all together"
    assert all(row["hesitations"]["talk"] >= 1 and row["delay_ms"]["n"] == 1 for row in found["at_budget"])
    assert found["as_set"]["name"] == "all together, words after 300 ms"
    assert "the turn model took" in done.output


def test_without_a_turn_model_or_anything_to_hear_it_says_so(tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav", spoken_command("stop"))
    flags = ["--set", "asr.engine=pocketsphinx", "--set", "tts.engine=tone"]
    done = CliRunner().invoke(main, ["bench", "turns", str(tmp_path), *flags])
    assert done.exit_code == 0 and "no turn model is measured: set turn.model" in done.output
    done = CliRunner().invoke(main, ["bench", "turns", *flags])
    assert done.exit_code == 66 and "nothing to listen to" in done.output
