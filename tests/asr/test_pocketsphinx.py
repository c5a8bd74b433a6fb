from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.support.recordings import recordings
from tests.support.speech import command, commands, heard, stream, white_noise
from voice.asr.pocketsphinx import SphinxRecognizer
from voice.asr.word_error_rate import word_error_rate
from voice.audio.frames import silence


@pytest.fixture(scope="module")
def shared() -> SphinxRecognizer:
    return SphinxRecognizer()


@pytest.fixture
def recognizer(shared: SphinxRecognizer) -> Iterator[SphinxRecognizer]:
    """The recognizer as it was made: loading takes half a second, its cepstral mean is all it remembers."""
    shared.forget()
    yield shared
    shared.open().close()


def test_recorded_people_are_understood(recognizer: SphinxRecognizer, capsys: pytest.CaptureFixture[str]) -> None:
    rate = word_error_rate(heard(recognizer, recordings()))
    with capsys.disabled():
        print(f"\npocketsphinx, streamed, recorded people: word error rate {rate:.3f}")
    assert rate <= 0.33


def test_spoken_commands_are_understood(recognizer: SphinxRecognizer, capsys: pytest.CaptureFixture[str]) -> None:
    rate = word_error_rate(heard(recognizer, commands()))
    with capsys.disabled():
        print(f"\npocketsphinx, streamed, synthetic voices: word error rate {rate:.3f}")
    assert rate <= 0.10


def test_words_come_while_they_are_spoken(recognizer: SphinxRecognizer) -> None:
    utterance = recognizer.open()
    pcm = command("times")
    partials = stream(utterance, pcm[: len(pcm) * 2 // 3])
    assert len(partials) >= 3
    assert partials[-1].text.startswith("what is")
    stream(utterance, pcm[len(pcm) * 2 // 3 :])
    assert utterance.result().text == "what is twelve times seven"
    shown = [partial.text[: partial.stable] for partial in partials]
    assert any(shown)
    assert all("what is twelve times seven".startswith(text) for text in shown)


def test_a_turn_that_grows_after_its_result_keeps_its_words(recognizer: SphinxRecognizer) -> None:
    utterance = recognizer.open()
    stream(utterance, command("times"))
    assert utterance.result().text == "what is twelve times seven"
    stream(utterance, command("help"))
    assert utterance.result().text == "what is twelve times seven what can you do"


@pytest.mark.parametrize("dbfs", [-100.0, -65.0, -40.0, -20.0])
def test_noise_is_no_word(recognizer: SphinxRecognizer, dbfs: float) -> None:
    utterance = recognizer.open()
    stream(utterance, white_noise(3.0, dbfs))
    assert utterance.result().text == ""


def test_digital_silence_and_no_audio_are_no_word(recognizer: SphinxRecognizer) -> None:
    assert recognizer.open().result().text == ""
    utterance = recognizer.open()
    stream(utterance, silence(2.0))
    assert utterance.result().text == ""


def test_noise_does_not_spoil_the_next_utterance(recognizer: SphinxRecognizer) -> None:
    noise = recognizer.open()
    stream(noise, white_noise(3.0, -20.0))
    noise.close()
    utterance = recognizer.open()
    stream(utterance, command("time"))
    assert utterance.result().text == "what time is it"


def test_a_later_utterance_leaves_the_earlier_one_its_words(recognizer: SphinxRecognizer) -> None:
    first = recognizer.open()
    stream(first, command("times"))
    second = recognizer.open()
    stream(second, command("help"))
    assert first.result().text == "what is twelve times seven"
    assert first.add_audio(command("time")) is None
    first.close()
    assert second.result().text == "what can you do"


@pytest.mark.parametrize("gap_s", [0.5, 0.0])
def test_a_long_turn_is_heard_to_its_end_in_segments(gap_s: float) -> None:
    recognizer = SphinxRecognizer(segment_s=1.5)
    utterance = recognizer.open()
    for name in ("times", "help", "football"):
        stream(utterance, np.concatenate([command(name), silence(gap_s)]))
    assert utterance.segments >= 3
    text = utterance.result().text
    assert text.startswith("what is twelve times seven") and text.endswith("yesterday")


def test_it_is_silent_on_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    recognizer = SphinxRecognizer()
    recognizer.warm()
    assert capfd.readouterr() == ("", "")
