"""The wake word models on speech made by scripts/make_speech.py: they fire once, in time, and not on other words."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.speech import commands, white_noise
from voice.audio.frames import RATE
from voice.audio.wav import read_wav
from voice.errors import ConfigError, MissingError
from voice.wake.micro_wake_word import LAXEST, STRICTEST, MicroWakeWords, threshold

FOLDER = Path(__file__).parents[1] / "fixtures" / "wake"
FRAME = RATE // 50


def heard(words: MicroWakeWords, path: Path) -> list[tuple[float, str]]:
    """When each frame with an answer ended, seconds into the clip, and the phrase."""
    pcm = read_wav(path)
    found = []
    for start in range(0, len(pcm) - FRAME, FRAME):
        phrase = words.detect(pcm[start : start + FRAME])
        if phrase is not None:
            found.append(((start + FRAME) / RATE, phrase))
    return found


@pytest.fixture(scope="module")
def words() -> MicroWakeWords:
    return MicroWakeWords(["hey_jarvis", "okay_nabu"])


@pytest.mark.parametrize(
    ("name", "phrase"),
    [("jarvis", "hey jarvis"), ("nabu", "okay nabu"), ("thought", "hey jarvis"), ("alone", "hey jarvis")],
)
def test_it_hears_its_phrases_of_two_at_once(words: MicroWakeWords, name: str, phrase: str) -> None:
    words.reset()
    found = heard(words, FOLDER / f"{name}.wav")
    assert {said for _, said in found} == {phrase}
    assert found[-1][0] - found[0][0] < 1.0, "well within the refractory time"


def test_it_answers_about_when_the_phrase_ends(words: MicroWakeWords) -> None:
    words.reset()
    (at, _), *_ = heard(words, FOLDER / "alone.wav")
    end = len(read_wav(FOLDER / "alone.wav")) / RATE - 0.35
    assert abs(at - words.lag_s - end) <= 0.15


def test_other_speech_and_noise_are_not_it(words: MicroWakeWords) -> None:
    for path, _ in commands():
        words.reset()
        assert heard(words, path) == [], path.name
    words.reset()
    assert words.detect(white_noise(5.0, -30.0)) is None


def test_it_hears_as_well_after_a_reset(words: MicroWakeWords) -> None:
    for _ in range(3):
        words.reset()
        assert heard(words, FOLDER / "jarvis.wav")


@given(st.floats(0.5, 0.99), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_more_sensitive_is_never_stricter(own: float, one: float, other: float) -> None:
    lower, higher = sorted((one, other))
    assert threshold(own, higher) <= threshold(own, lower) + 1e-9
    assert LAXEST - 1e-9 <= threshold(own, one) <= STRICTEST + 1e-9
    assert threshold(own, 0.5) == pytest.approx(own)


def test_a_name_that_is_no_model_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"hey_siri.*okay_nabu, hey_jarvis"):
        MicroWakeWords(["hey_siri"])


def test_a_model_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "mine.json"
    with pytest.raises(MissingError, match=r"mine\.json"):
        MicroWakeWords([str(broken)])
    broken.write_text(
        '{"model": "mine.tflite", "wake_word": "mine", "micro": {"probability_cutoff": 0.9, "sliding_window_size": 5}}'
    )
    with pytest.raises(MissingError, match=r"mine\.json.*mine\.tflite"):
        MicroWakeWords([str(broken)])
    (tmp_path / "mine.tflite").write_bytes(b"no model at all")
    with pytest.raises(MissingError, match="is not a TensorFlow Lite model"):
        MicroWakeWords([str(broken)])


def test_without_the_package_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymicro_wakeword", None)
    with pytest.raises(MissingError, match=r"pip install 'voice-at-home\[wake\]'"):
        MicroWakeWords(["hey_jarvis"])
