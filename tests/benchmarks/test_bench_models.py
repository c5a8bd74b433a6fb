import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.listening import listen
from tests.tts.test_piper import ROOT
from voice.tts.piper import PiperSynthesizer

SAYS = "Set a timer for 15 minutes, please."


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    script = ROOT / "scripts" / "make_bench_models.py"
    arguments = ["--only", "whisper-tiny", "piper-x_low", "--says", SAYS]
    subprocess.run(
        [sys.executable, str(script), str(folder), *arguments], check=True, timeout=120, stdout=subprocess.PIPE
    )
    return folder


def test_the_voice_has_the_published_size_and_is_cut(models: Path) -> None:
    model = models / "piper-x_low.onnx"
    # Published: 20.6 MB.
    assert 20.0e6 < model.stat().st_size < 20.7e6
    heard = listen(PiperSynthesizer(model), "It is half past three.")
    assert heard.words("It is half past three.") == ["It", "is", "half", "past", "three."]
    assert 0.8 < len(heard.pcm) / 16_000 < 3.0


def test_the_whisper_model_says_its_sentence_with_confidence(models: Path) -> None:
    from faster_whisper import WhisperModel

    model = WhisperModel(str(models / "whisper-tiny"), device="cpu", compute_type="int8", cpu_threads=2)
    assert model.model.is_multilingual
    segments, info = model.transcribe(np.zeros(16_000, np.float32), beam_size=1)
    (segment,) = segments
    assert (segment.text, info.language) == (f" {SAYS}", "en")
    assert segment.avg_logprob > -0.1
    assert segment.no_speech_prob < 0.1
    # 37.8 million weights of one byte, and the published layout.
    assert 38e6 < (models / "whisper-tiny" / "model.bin").stat().st_size < 42e6
