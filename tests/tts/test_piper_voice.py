"""The published voice joe, as people hear it."""

from __future__ import annotations

import shutil
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.support.listening import listen
from tests.support.real_models import piper_voice
from voice.tts.piper import PiperSynthesizer
from voice.tts.piper_streaming import CONTEXT, FIRST_FRAMES

SENTENCES = (
    "It is ten past nine.",
    "The moon is about three hundred and eighty four thousand kilometers away.",
    "I have set a timer for five minutes.",
    "Would you like to hear more about it?",
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, so that the parts of the cut voice are not written beside the published files."""
    folder = tmp_path_factory.mktemp("voice")
    for file in piper_voice().glob("en_US-joe-medium.onnx*"):
        shutil.copy(file, folder)
    return folder / "en_US-joe-medium.onnx"


def dbfs(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean((samples / 32768.0) ** 2)))


@pytest.mark.parametrize("split", ["auto", "off"])
def test_it_is_as_loud_as_pipers_own_output(model: Path, tmp_path: Path, split: str) -> None:
    from piper import PiperVoice

    ours = PiperSynthesizer(model, split="auto" if split == "auto" else "off")
    theirs = PiperVoice.load(str(model))
    differences = []
    for number, sentence in enumerate(SENTENCES):
        with wave.open(str(tmp_path / f"{number}.wav"), "wb") as file:
            theirs.synthesize_wav(sentence, file)
        with wave.open(str(tmp_path / f"{number}.wav"), "rb") as file:
            own = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        differences.append(dbfs(listen(ours, sentence).pcm) - dbfs(own))
    assert abs(np.mean(differences)) < 1.5, differences
    assert max(map(abs, differences)) < 4.0, "the library scales each sentence to its own peak, we all of them alike"


def test_one_word_is_made_at_once_and_a_sentence_piece_by_piece(model: Path) -> None:
    voice = PiperSynthesizer(model, split="auto")
    assert [len(listen(voice, word).chunks) for word in ("Yes.", "Okay.", "Stop.")] == [1, 1, 1]
    chunks = listen(voice, SENTENCES[1]).chunks
    assert len(chunks) > 3
    assert len(chunks[0].pcm) == FIRST_FRAMES * 256, f"the first needs {FIRST_FRAMES + CONTEXT} frames of work"
