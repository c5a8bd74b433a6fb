"""One stream: its times, and how it ends, without a device."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from voice.audio import portaudio as stream_module
from voice.audio.portaudio import Device, Direction, SampleClock, Samples, Stream
from voice.errors import MissingError

DEVICE = Device(0, "desk", "ALSA", 2, 2, 48_000)


def test_sample_times_are_steady_under_jitter() -> None:
    clock = SampleClock(16_000)
    jitter = np.random.default_rng(6).uniform(0.0, 0.015, 500)
    stamps = [clock.stamp(320, 5.0 + 0.02 * index + late) for index, late in enumerate(jitter)]
    assert np.abs(np.diff(stamps[100:]) - 0.02).max() < 0.001
    assert np.abs(np.array(stamps) - 5.0 - 0.02 * np.arange(500))[100:].max() < 0.015


def test_a_jump_in_time_is_followed_at_once() -> None:
    clock = SampleClock(16_000)
    clock.stamp(320, 1.0)
    assert clock.stamp(320, 4.0) == 4.0
    assert clock.stamp(320, 4.02) == pytest.approx(4.02)


def test_no_sample_lies_in_the_future_however_late_the_first_callback_was() -> None:
    clock = SampleClock(16_000)
    ends = [clock.stamp(960, at - 0.06, at - 0.06) + 0.06 - at for at in (5.09, 5.12, 5.18, 5.24)]
    assert max(ends) <= 1e-9


class FakeStream:
    """Takes the place of sounddevice's streams; a test calls `callback` as the driver would."""

    latency = 0.04

    def __init__(self, callback: Any, finished_callback: Any, **asked: Any) -> None:
        self.callback, self.finished = callback, finished_callback
        self.asked = asked

    def start(self) -> None:
        pass

    def abort(self, ignore_errors: bool) -> None:
        self.finished()

    def close(self, ignore_errors: bool) -> None:
        pass


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    fake = SimpleNamespace(InputStream=FakeStream, OutputStream=FakeStream, PortAudioError=RuntimeError)
    monkeypatch.setattr(stream_module, "load", lambda: fake)
    monkeypatch.setattr(stream_module, "pick_format", lambda *_: (16_000, 1))
    return fake


def moments(current: float, adc: float, dac: float) -> SimpleNamespace:
    return SimpleNamespace(currentTime=current, inputBufferAdcTime=adc, outputBufferDacTime=dac)


@pytest.mark.parametrize(("adc", "at"), [(50.0 - 0.07, 9.93), (0.0, 9.98), (51.0, 9.98), (49.99, 9.98)])
def test_capture_time_is_the_drivers_or_else_now(library: SimpleNamespace, adc: float, at: float) -> None:
    seen: list[float] = []

    def handle(samples: Samples, stream: Stream, time: float) -> None:
        seen.append(time)

    stream = Stream(DEVICE, "microphone", 16_000, handle, lambda: 10.0)
    stream._stream.callback(np.zeros((320, 1), dtype=np.int16), 320, moments(50.0, adc, 0.0), "")
    assert seen == [pytest.approx(at)]
    assert (stream.ticks, stream.glitches) == (1, 0)


@pytest.mark.parametrize(("dac", "at"), [(50.03, 10.03), (0.0, 10.04), (40.0, 10.04)])
def test_audible_time_is_the_drivers_or_else_the_latency(library: SimpleNamespace, dac: float, at: float) -> None:
    seen: list[float] = []

    def handle(samples: Samples, stream: Stream, time: float) -> None:
        seen.append(time)

    stream = Stream(DEVICE, "speaker", 16_000, handle, lambda: 10.0)
    stream._stream.callback(np.zeros((320, 1), dtype=np.int16), 320, moments(50.0, 0.0, dac), "underflow")
    assert seen == [pytest.approx(at)]
    assert (stream.ticks, stream.glitches) == (1, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system chooses the blocks")
def test_longer_blocks_are_had_by_longer_buffers(library: SimpleNamespace) -> None:
    def asked(direction: Direction, **more: float) -> float:
        wanted: float = Stream(DEVICE, direction, 16_000, lambda *_: None, lambda: 0.0, **more)._stream.asked["latency"]
        return wanted

    assert (asked("microphone"), asked("speaker")) == pytest.approx((0.08, 0.06))
    assert (asked("microphone", block_s=0.06), asked("speaker", block_s=0.06)) == pytest.approx((0.24, 0.18))


def test_only_a_device_that_leaves_ends_a_stream(library: SimpleNamespace) -> None:
    closed = Stream(DEVICE, "speaker", 16_000, lambda *_: None, lambda: 0.0)
    closed.close()
    assert not closed.ended
    left = Stream(DEVICE, "speaker", 16_000, lambda *_: None, lambda: 0.0)
    left._stream.finished()
    assert left.ended


def test_a_busy_device_is_one_line(library: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**asked: Any) -> None:
        raise RuntimeError("Device unavailable [PaErrorCode -9985]")

    monkeypatch.setattr(library, "InputStream", refuse)
    with pytest.raises(MissingError, match=r"desk: the microphone cannot be opened \(Device unavailable"):
        Stream(DEVICE, "microphone", 16_000, lambda *_: None, lambda: 0.0)
