"""Echo: the speaker is taken out of the microphone, a person is not."""

from __future__ import annotations

import builtins
import importlib.util
from typing import Any

import numpy as np
import pytest

from voice.audio import echo_canceller as echo
from voice.audio.echo_canceller import (
    ECHO_TAIL_S,
    FAR_BLOCKS,
    EchoCanceller,
    EchoHandler,
    HalfDuplex,
    canceller_installed,
)
from voice.audio.frames import RATE, Frame, Pcm, level_dbfs, silence
from voice.audio.resample import resample
from voice.errors import MissingError

FAR_RATE = 22_050
START = 100.0

needs_livekit = pytest.mark.skipif(
    importlib.util.find_spec("livekit") is None, reason="the optional livekit is not installed (extra: aec)"
)


def babble(seed: int, duration_s: float) -> Pcm:
    """Noise that rises and falls like syllables, at about −20 dBFS."""
    rng = np.random.default_rng(seed)
    count = round(duration_s * RATE)
    shape = np.repeat(rng.uniform(0.0, 1.0, count // 2000 + 1), 2000)[:count]
    smooth = np.convolve(rng.normal(0.0, 9000.0, count), np.ones(4) / 4, "same")
    voice: Pcm = np.clip(smooth * shape, -32000, 32000).astype(np.int16)
    return voice


def echo_of(far: Pcm, delay_ms: int, gain_db: float) -> Pcm:
    late = np.concatenate((silence(delay_ms / 1000), far))[: len(far)]
    echo: Pcm = np.rint(late * 10 ** (gain_db / 20)).astype(np.int16)
    return echo


def converse(handler: EchoHandler, far: Pcm, near: Pcm, latency_s: float = 0.1) -> Pcm:
    """Play `far` and hear `near` in real-time order, the speaker pulled `latency_s` before it sounds."""
    played, out, pulled = resample(far, RATE, FAR_RATE), [], 0
    for end in range(320, len(near) + 1, 320):
        while pulled / FAR_RATE < end / RATE + latency_s and pulled < len(played):
            handler.far(played[pulled : pulled + 441], START + pulled / FAR_RATE)
            pulled += 441
        out.append(handler.near(Frame(near[end - 320 : end], START + end / RATE)).pcm)
    return np.concatenate(out)


@needs_livekit
@pytest.mark.parametrize("delay_ms", [10, 60, 250])
def test_an_echo_is_taken_out_within_a_second(delay_ms: int) -> None:
    far = babble(1, 4.0)
    near = echo_of(far, delay_ms, -15)
    clean = converse(EchoCanceller(FAR_RATE), far, near)
    enhancement = level_dbfs(near[RATE:]) - level_dbfs(clean[RATE:])
    print(f"echo after {delay_ms} ms: {enhancement:.0f} dB less")
    assert enhancement > 18


@needs_livekit
def test_a_person_is_heard_over_the_echo() -> None:
    far = babble(1, 4.0)
    person = np.concatenate((silence(2.5), babble(2, 1.0), silence(0.5)))
    clean = converse(EchoCanceller(FAR_RATE), far, (echo_of(far, 60, -20) + person // 2).astype(np.int16))
    alone = level_dbfs(person[round(2.5 * RATE) : round(3.5 * RATE)] // 2)
    assert level_dbfs(clean[round(2.5 * RATE) : round(3.5 * RATE)]) > alone - 12


@needs_livekit
@pytest.mark.parametrize("noise_suppression", [False, True])
def test_the_cancellers_own_delay_is_in_the_frames_time(noise_suppression: bool) -> None:
    canceller = EchoCanceller(FAR_RATE, noise_suppression=noise_suppression)
    person = babble(3, 2.0)
    frames = [
        canceller.near(Frame(person[end - 320 : end], START + end / RATE)) for end in range(320, len(person) + 1, 320)
    ]
    clean = np.concatenate([frame.pcm for frame in frames]).astype(float)
    match = [float(np.dot(clean[8000 + lag : 24_000 + lag], person[8000:24_000])) for lag in range(400)]
    delay_s = START + 0.02 - frames[0].at
    assert int(np.argmax(match)) / RATE == pytest.approx(delay_s, abs=0.003)


@needs_livekit
def test_an_unread_far_end_is_bounded() -> None:
    canceller = EchoCanceller(FAR_RATE)
    for block in range(1000):
        canceller.far(silence(0.02, FAR_RATE), START + block * 0.02)
    assert len(canceller._heard) == FAR_BLOCKS


def test_the_folder_that_livekits_other_packages_bring_is_no_canceller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo, "find_spec", lambda name: object() if name == "livekit" else None)
    assert not canceller_installed()


def test_missing_livekit_is_one_line_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("livekit"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingError, match=r"pip install 'voice-at-home\[aec\]', or set audio\.echo to half"):
        EchoCanceller(RATE)


def test_half_duplex_is_deaf_while_the_speaker_sounds_and_a_little_longer() -> None:
    handler = HalfDuplex(FAR_RATE)
    far = np.concatenate((silence(0.5), babble(1, 0.5), silence(1.0)))
    person = babble(2, 2.0)
    heard = converse(handler, far, person)
    levels = [level_dbfs(frame) for frame in heard.reshape(-1, 320)]
    deaf = np.array(levels) < -48
    assert min(levels) > -85, "quiet noise, no digital zeros"
    assert not deaf[:24].any()
    assert deaf[26:50].all()
    assert deaf[50 : 50 + round(ECHO_TAIL_S / 0.02)].all()
    assert not deaf[50 + round((ECHO_TAIL_S + 0.06) / 0.02) :].any()
    assert (heard[-RATE // 2 :] == person[-RATE // 2 :]).all()
