"""What Whisper's own weights do at the edges: noise is no words, and nothing that was said is thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from tests.support.listening import listen
from tests.support.real_models import piper_voice, whisper_folder
from tests.support.speech import command, stream
from voice.asr.hallucination import Hypothesis
from voice.asr.interface import Transcript
from voice.asr.whisper import WhisperRecognizer
from voice.asr.word_error_rate import word_error_rate, words
from voice.audio.frames import RATE, Pcm, from_float, silence, to_float
from voice.audio.resample import resample
from voice.audio.wav import read_wav
from voice.cli.bench.acoustics import conditions, degraded, noises
from voice.tts.piper import PiperSynthesizer

REPEAT = Path(__file__).parents[3] / "shared" / "cases" / "repeat.wav"
RHYME = "Row, row, row your boat gently down the stream. Merrily, merrily, merrily, merrily, life is but a dream."


@cache
def recognizer(window: str = "auto", prompt: str = "", hotwords: str = "") -> WhisperRecognizer:
    return WhisperRecognizer(
        whisper_folder(), language="en", window=window, partial_s=0, prompt=prompt, hotwords=hotwords
    )


def heard(pcm: Pcm, **options: str) -> Transcript:
    utterance = recognizer(**options).open()
    stream(utterance, pcm)
    return utterance.result()


@cache
def spoken(text: str) -> Pcm:
    """The published voice joe, between two moments of silence."""
    voice = PiperSynthesizer(piper_voice() / "en_US-joe-medium.onnx", split="off")
    return np.concatenate([silence(0.3), resample(listen(voice, text).pcm, voice.rate, RATE), silence(0.3)])


@pytest.mark.parametrize(("name", "noise"), noises(), ids=[name for name, _ in noises()])
def test_noise_is_no_words(name: str, noise: Pcm) -> None:
    assert words(heard(noise).text) == []


@pytest.mark.parametrize("seconds", [0.3, 1.0, 3.0])
def test_silence_is_no_words(seconds: float) -> None:
    quiet = from_float(np.random.default_rng(1).normal(0, 0.0004, round(seconds * RATE)).astype(np.float32))
    assert heard(silence(seconds)).text == ""
    assert recognizer().read(silence(seconds), "en").text == "", "not even where it is read"
    assert recognizer().read(quiet, "en").text == ""


@pytest.mark.parametrize("window", ["auto", "full"])
def test_a_word_said_eight_times_is_heard_again_and_again(window: str) -> None:
    found = words(heard(spoken(" ".join(["Stop."] * 8)), window=window).text)
    assert found.count("stop") >= 4, found


def test_a_nursery_rhyme_is_heard() -> None:
    text = heard(spoken(RHYME)).text
    assert word_error_rate([(RHYME, text)]) <= 0.3, text


def test_a_recorded_repetition_is_heard() -> None:
    if not REPEAT.is_file():
        pytest.skip("../shared/cases is not here")
    found = words(heard(read_wav(REPEAT)).text)
    assert found.count("no") >= 4, found


def test_a_sentence_in_a_room_and_by_telephone_is_heard() -> None:
    said = "how far away is the moon"
    for condition in conditions():
        if condition.name in ("reverberation", "telephone", "-30 dB"):
            (clip,) = degraded([command("moon")], condition)
            assert word_error_rate([(said, heard(clip).text)]) <= 0.34, condition.name


def test_a_robot_is_not_thrown_away() -> None:
    """A voice on one note (every 8 ms the same): decoders go round in circles on it."""
    speech = to_float(spoken("Please tell me what the weather will be like tomorrow."))
    carrier = np.sign(np.sin(2 * np.pi * 60.0 * np.arange(len(speech)) / RATE)).astype(np.float32)
    assert len(words(heard(from_float(speech * carrier)).text)) >= 3


def test_a_microphone_40_db_too_quiet_is_heard() -> None:
    clip = from_float(to_float(command("moon")) * 0.01)
    assert word_error_rate([("how far away is the moon", heard(clip).text)]) <= 0.34


def test_a_loop_is_read_once_more_and_not_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The decoder is made to loop: first it is given too many words for the time, then what it really reads."""
    ears = WhisperRecognizer(whisper_folder(), language="en", window="full", partial_s=0)
    decode, asked = ears._decode, list[Mapping[str, object]]()

    def looping(
        encoded: object, language: str, duration_s: float, options: Mapping[str, object] = MappingProxyType({})
    ) -> Hypothesis:
        asked.append(options)
        if not options:
            return Hypothesis("dollars " * 80, -0.1, 0.0, duration_s, capped=True)
        return decode(encoded, language, duration_s, options)

    monkeypatch.setattr(ears, "_decode", looping)
    read = ears.read(command("moon"), "en")
    assert word_error_rate([("how far away is the moon", read.text)]) <= 0.34
    assert read.notes["unlooped"] is True
    assert len(asked) == 2


def test_names_are_written_as_they_were_given() -> None:
    clip = spoken("Please call Siobhan Kowalczyk in Wrocław tomorrow.")
    plain, told = heard(clip).text, heard(clip, hotwords="Siobhan Kowalczyk, Wrocław").text
    assert "Kowalczyk" in told
    assert "Kowalczyk" not in plain


@pytest.mark.parametrize("name", ["beep", "hiss", "music", "cough", "knocking"])
def test_noise_does_not_become_the_prompt(name: str) -> None:
    noise = dict(noises())[name]
    assert heard(noise, prompt="Turn on the kitchen light, please.", hotwords="Zuckmayer, Mouffetard").text == ""


def test_many_names_leave_room_for_the_words() -> None:
    names = ", ".join(f"Zuckmayer {number}" for number in range(200))
    assert word_error_rate([("how far away is the moon", heard(command("moon"), hotwords=names).text)]) <= 0.34


def test_what_a_first_reading_took_a_doubted_word_for_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    ears = WhisperRecognizer(whisper_folder(), language="en", window="auto", partial_s=0)
    readings = iter([Hypothesis("Stop.", -1.2, 0.7, 1.0), Hypothesis("So", -0.3, 0.1, 1.0)])
    monkeypatch.setattr(ears, "_decode", lambda *_: next(readings))
    read = ears.read(command("stop"), "en")
    assert (read.text, read.doubted) == ("So", "Stop.")


@pytest.mark.parametrize(
    ("first", "told", "duration_s", "text"),
    [
        ("step", "Stop.", 0.6, "Stop."),
        ("Okay.", "Okay.", 0.6, "Okay."),
        ("", "Stop.", 0.6, ""),
        ("step outside please now", "Stop.", 1.5, "step outside please now"),
    ],
    ids=["a lone stop", "another word", "a noise", "too long for one word"],
)
def test_what_may_be_a_stop_over_a_reply_is_looked_at_again_and_a_noise_is_not(
    monkeypatch: pytest.MonkeyPatch, first: str, told: str, duration_s: float, text: str
) -> None:
    def decode(
        self: WhisperRecognizer,
        encoded: object,
        language: str,
        duration_s: float,
        options: Mapping[str, object] = MappingProxyType({}),
        prompt: str | None = None,
    ) -> Hypothesis:
        return Hypothesis(told if prompt == "Stop." else first, -0.2, 0.1, duration_s)

    monkeypatch.setattr(WhisperRecognizer, "_decode", decode)
    assert recognizer().over_reply().read(silence(duration_s), "en").text == text
    assert recognizer().read(silence(duration_s), "en").text == first
