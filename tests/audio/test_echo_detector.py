"""Echo or person, by sound alone: the voice of the house, a room that answers, and somebody who speaks over it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from benchmarks.room_simulation import Echo, Room, Samples, at_level, scene
from tests.support.speech import command
from voice.audio.echo_detector import EchoDetector
from voice.audio.frames import RATE, Frame, Pcm, silence
from voice.audio.resample import resample
from voice.tts.espeak import EspeakSynthesizer
from voice.tts.interface import Chunk

FAR_RATE = 22_050
REPLIES = ("The moon is about three hundred thousand kilometers away.", "Your voice stays on this machine.")
SPEAKS_AT = (1.0, 6.0, 10.0)
LASTS_S = 14.0


@cache
def reply(text: str) -> Pcm:
    voice = EspeakSynthesizer("en-us")
    chunks: list[Pcm] = []

    def emit(chunk: Chunk) -> bool:
        chunks.append(chunk.pcm)
        return True

    voice.speak(text, emit)
    return resample(np.concatenate(chunks), voice.rate, FAR_RATE)


def speaker() -> Pcm:
    """Three replies."""
    out = silence(LASTS_S, FAR_RATE)
    for at, text in zip(SPEAKS_AT, (REPLIES[0], REPLIES[1], REPLIES[0]), strict=True):
        first = round(at * FAR_RATE)
        out[first : first + len(reply(text))] = reply(text)
    return out


def others(echo: Echo | None, *sounds: tuple[float, Samples]) -> np.ndarray:
    """Per 20 ms frame, whether somebody but the speaker is heard."""
    far, detector = speaker(), EchoDetector(FAR_RATE)
    room = Room(scene(LASTS_S, sounds), echo)
    room.play(resample(far, FAR_RATE, RATE), 0.0)
    heard, start = [], 50.0
    for first in range(0, round(LASTS_S * RATE) - 319, 320):
        pulled = round(first / RATE * FAR_RATE) // 441 * 441
        detector.far(far[pulled : pulled + 441], start + pulled / FAR_RATE)
        heard.append(detector.near(Frame(room.hear(first, 320), start + (first + 320) / RATE)))
    return np.array(heard)


def longest(heard: np.ndarray, since: float, until: float) -> float:
    """The longest stretch of somebody between these times, seconds."""
    best = run = 0
    for yes in heard[round(since / 0.02) : round(until / 0.02)]:
        run = run + 1 if yes else 0
        best = max(best, run)
    return best * 0.02


@pytest.mark.parametrize("gain", [0.01, 0.05, 0.2, 0.5])
@pytest.mark.parametrize("delay_s", [0.03, 0.1, 0.3])
def test_an_echo_is_nobody_from_the_first_reply_on(gain: float, delay_s: float) -> None:
    heard = others(Echo(gain, delay_s))
    for at in SPEAKS_AT:
        assert longest(heard, at, at + 2.5) < 0.1


@pytest.mark.parametrize("echo", [None, Echo(0.05), Echo(0.2, 0.3), Echo(0.5, 0.03)])
def test_a_person_over_the_echo_is_noticed_at_once(echo: Echo | None) -> None:
    heard = others(echo, (10.5, at_level(command("stop"), -20.0)))
    begins_s = 10.5 + 0.24  # the clip begins with silence
    when = next(index for index in range(round(10.5 / 0.02), len(heard)) if heard[index : index + 3].all()) * 0.02
    assert when - begins_s < 0.25


def test_whoever_speaks_while_the_speaker_is_silent_is_heard() -> None:
    heard = others(Echo(0.3), (9.2, at_level(command("stop"), -30.0)))
    assert heard[round(9.2 / 0.02) : round(9.9 / 0.02)].all()


def test_the_delay_is_found_and_silence_costs_nothing() -> None:
    detector = EchoDetector(FAR_RATE)
    assert detector.delay_s is None
    far = resample(speaker(), FAR_RATE, RATE)
    room = Room(silence(LASTS_S), Echo(0.1, 0.2))
    room.play(far, 0.0)
    for first in range(0, 5 * RATE, 320):
        pulled = round(first / RATE * FAR_RATE) // 441 * 441
        detector.far(speaker()[pulled : pulled + 441], pulled / FAR_RATE)
        detector.near(Frame(room.hear(first, 320), (first + 320) / RATE))
    assert detector.delay_s == pytest.approx(0.2, abs=0.031)


def test_no_voice_without_echo_passes_for_one_by_chance() -> None:
    """Each speaks from soon after the beginning of the reply, where two voices are most alike."""
    for words in ("city", "day", "football", "minutes", "private", "timer", "times", "moon"):
        for later_s in (0.1, 0.4):
            far, detector = speaker(), EchoDetector(FAR_RATE, longest_s=1.2)
            room = Room(scene(4.5, [(SPEAKS_AT[0] + later_s, at_level(command(words), -20.0))]))
            for first in range(0, round(4.5 * RATE), 320):
                pulled = round(first / RATE * FAR_RATE) // 441 * 441
                detector.far(far[pulled : pulled + 441], pulled / FAR_RATE)
                detector.near(Frame(room.hear(first, 320), (first + 320) / RATE))
            assert detector.delay_s is None, words


def test_where_the_speaker_is_never_heard_there_is_known_to_be_no_echo() -> None:
    found = []
    for echo in (None, Echo(0.1, 0.5)):
        far, detector, room = speaker(), EchoDetector(FAR_RATE, longest_s=1.2), Room(silence(LASTS_S), echo)
        room.play(resample(far, FAR_RATE, RATE), 0.0)
        for first in range(0, round(LASTS_S * RATE) - 319, 320):
            pulled = round(first / RATE * FAR_RATE) // 441 * 441
            detector.far(far[pulled : pulled + 441], pulled / FAR_RATE)
            detector.near(Frame(room.hear(first, 320), (first + 320) / RATE))
        found.append(detector.absent)
    assert found == [True, False]
