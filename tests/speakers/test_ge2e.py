"""The published voice encoder, against numbers that PyTorch gave with the same weights, and files that are none."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from tests.speakers.test_mel import tones
from tests.support.real_models import voice_encoder_file
from voice.audio.frames import silence
from voice.errors import ConfigError, EngineError, MissingError
from voice.speakers.ge2e import Ge2eEncoder

# torch 2.13: nn.LSTM(40, 256, 3), nn.Linear(256, 256), relu, norm: the largest values, and how many are not 0
GOLDEN = {9: 0.27643, 180: 0.23607, 62: 0.20964, 25: 0.19323, 224: 0.18827, 67: 0.18777, 197: 0.17358, 243: 0.16671}
POSITIVE = 109


def test_a_voice_is_that_of_the_reference() -> None:
    voice = Ge2eEncoder(voice_encoder_file()).embed(tones())
    assert voice.shape == (256,)
    assert np.linalg.norm(voice) == pytest.approx(1.0, abs=1e-5)
    assert {place: float(voice[place]) for place in GOLDEN} == pytest.approx(GOLDEN, abs=2e-4)
    assert abs(int((voice > 0).sum()) - POSITIVE) <= 2  # values around 0 differ between processors


def test_it_takes_less_than_a_piece_and_softer_speech() -> None:
    encoder = Ge2eEncoder(voice_encoder_file())
    whole = encoder.embed(tones())
    assert float(whole @ encoder.embed(tones()[:16_000])) > 0.7
    soft, softer = tones() // 64, tones() // 128  # both below -30 dBFS: made equally loud
    assert float(encoder.embed(soft) @ encoder.embed(softer)) > 0.99
    assert np.isfinite(encoder.embed(silence(1.6))).all()
    assert np.isfinite(encoder.embed(silence(0.0))).all()


class Evil:
    """A pickle of this would run a command where it is loaded."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch pwned",)


def test_what_is_no_checkpoint_is_one_line_and_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingError, match="cannot be read"):
        Ge2eEncoder(tmp_path / "none.pt")
    for name, raw in {
        "evil.pt": pickle.dumps(Evil()) * 5,
        "text.pt": b"hello",
        "empty.pt": b"",
        "other.pt": b"".join(map(pickle.dumps, (1, 2, 3, {"model_state": {}}, []))),
    }.items():
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(ConfigError, match="voice encoder") as caught:
            Ge2eEncoder(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "pwned").exists()


def test_half_a_checkpoint_is_refused(tmp_path: Path) -> None:
    whole = voice_encoder_file().read_bytes()
    (tmp_path / "half.pt").write_bytes(whole[: len(whole) // 8])
    with pytest.raises((ConfigError, EngineError)):
        Ge2eEncoder(tmp_path / "half.pt")
