"""The turn model's file: what it is given, and what is said about a file of another form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from tests.support.turn_models import write_turn_model
from voice.audio.frames import RATE, Pcm, silence
from voice.errors import ConfigError, EngineError, MissingError
from voice.turn.smart_turn import SmartTurn

SOUND: Pcm = np.random.default_rng(2).integers(-6000, 6000, 2 * RATE).astype(np.int16)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SmartTurn:
    return SmartTurn(write_turn_model(tmp_path_factory.mktemp("turn") / "turn.onnx"))


def test_it_hears_how_the_audio_ends(model: SmartTurn) -> None:
    model.warm()
    ends_in_sound = model.probability(SOUND)
    ends_in_silence = model.probability(np.concatenate([SOUND, silence(2.0)]))
    assert ends_in_silence < 0.5 < ends_in_sound
    assert model.probability(silence(0.0)) == pytest.approx(1 / (1 + np.exp(1.5))), "log-mel of silence is -1.5"


def test_less_than_8_s_comes_after_silence_and_of_more_the_last_8_s_count(model: SmartTurn) -> None:
    long = np.concatenate([SOUND, silence(0.5), SOUND // 3, SOUND, SOUND // 2])
    assert len(long) > 8 * RATE
    assert model.probability(long) == model.probability(long[-8 * RATE :])
    assert model.probability(SOUND) == model.probability(np.concatenate([silence(6.0), SOUND]))


def test_loudness_does_not_matter(model: SmartTurn) -> None:
    assert model.probability(SOUND // 4) == pytest.approx(model.probability(SOUND), abs=1e-3)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"nowhere\.onnx: no such file; set turn\.model to"):
        SmartTurn(tmp_path / "nowhere.onnx")


def test_a_file_that_is_no_onnx_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "turn.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(MissingError, match=r"^\S+turn\.onnx: not a readable ONNX model .*; expected one input [^\n]*$"):
        SmartTurn(path)


@pytest.mark.parametrize(
    ("form", "has"),
    [
        ({"name": "audio"}, r"audio tensor\(float\) \(_, 80, 800\)"),
        ({"frames": 3000}, r"input_features tensor\(float\) \(_, 80, 3000\)"),
        ({"whole": True}, r"input_features tensor\(int64\) \(_, 80, 800\)"),
    ],
)
def test_a_model_of_another_form_is_refused_with_the_form_expected(
    tmp_path: Path, form: dict[str, object], has: str
) -> None:
    path = write_turn_model(tmp_path / "turn.onnx", **form)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=rf"its inputs are {has}; expected one input input_features, float32 \(1, 80"):
        SmartTurn(path)


@pytest.mark.parametrize("form", [{"last": "Identity"}, {"last": "Log"}, {"outputs": 2}])
def test_a_model_that_gives_no_probability_is_refused_before_the_first_turn(
    tmp_path: Path, form: dict[str, object]
) -> None:
    """One gives a logit, one not a number, one two of them."""
    model = SmartTurn(write_turn_model(tmp_path / "turn.onnx", **form))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="the turn model returned no probability; expected one input"):
        model.warm()
    with pytest.raises(EngineError):
        model.probability(silence(1.0))


def test_a_model_that_falls_is_an_engine_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(*given: object) -> None:
        raise RuntimeError("out of memory")

    model = SmartTurn(write_turn_model(tmp_path / "turn.onnx"))
    monkeypatch.setattr(onnxruntime.InferenceSession, "run", fall)
    with pytest.raises(EngineError, match="the turn model failed: out of memory"):
        model.probability(silence(1.0))
