"""Microphone and speaker through real PortAudio and PulseAudio: pitch, unplugging in mid-stream, and coming back."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import AsyncIterator, Callable, Iterator

import numpy as np
import pytest

from tests.support.patience import PATIENCE_S
from tests.support.pulse import Pulse, missing
from voice.audio import portaudio as stream_module
from voice.audio.device_watcher import DeviceBack, DeviceEvent, DeviceKeeper, DeviceLost
from voice.audio.devices import Microphone, Speaker
from voice.audio.frames import RATE, Frame, Pcm, level_dbfs
from voice.audio.playout import Playout, PlayoutAudible, PlayoutDrained, PlayoutEvent
from voice.audio.portaudio import list_devices
from voice.errors import MissingError

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

FORMATS = [(48_000, 2, 0.02), (44_100, 2, 0.06)]
"""Rate, channels and blocks, in seconds, of a device."""


@pytest.fixture(scope="module")
def servers() -> Iterator[Pulse]:
    with Pulse() as pulse, pytest.MonkeyPatch.context() as patch:
        for name, value in pulse.env.items():
            patch.setenv(name, value)
        restart_portaudio()
        yield pulse
    restart_portaudio()


@pytest.fixture
def pulse(servers: Pulse) -> Iterator[Pulse]:
    """The servers, with both devices plugged in and named as at the start after each test."""
    yield servers
    servers.name_devices("mic", "speaker")
    restart_portaudio()


def restart_portaudio() -> None:
    import sounddevice

    sounddevice._terminate()
    sounddevice._initialize()


def sine(hertz: float, duration_s: float, rate: int = RATE) -> Pcm:
    wave: Pcm = np.rint(12_000 * np.sin(2 * np.pi * hertz * np.arange(round(rate * duration_s)) / rate)).astype(
        np.int16
    )
    return wave


def pitch(pcm: Pcm) -> float:
    """The strongest frequency in Hz."""
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm)), 1 << 17))
    return float(np.argmax(spectrum)) * RATE / (1 << 17)


async def until(happened: Callable[[], bool]) -> None:
    """Wait for something that tells nobody, such as a growing file; the test's own time limit bounds it."""
    while not happened():  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def until_loud(frames: AsyncIterator[Frame], count: int) -> Pcm:
    """The first `count` loud frames, put together."""
    loud: list[Pcm] = []
    async for frame in frames:
        if level_dbfs(frame.pcm) > -30:
            loud.append(frame.pcm)
            if len(loud) == count:
                break
    return np.concatenate(loud)


class Events:
    """Collects events and lets a test wait for one."""

    def __init__(self) -> None:
        self.seen: list[DeviceEvent | PlayoutEvent] = []
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()

    def __call__(self, event: DeviceEvent | PlayoutEvent) -> None:
        self.seen.append(event)
        self._loop.call_soon_threadsafe(self._news.set)

    async def wait_for(self, kind: type[object]) -> None:
        while not any(isinstance(event, kind) for event in self.seen):
            await self._news.wait()
            self._news.clear()


@pytest.mark.parametrize(("rate", "channels", "block_s"), FORMATS)
def test_what_is_said_is_heard_at_the_right_pitch(
    pulse: Pulse, monkeypatch: pytest.MonkeyPatch, rate: int, channels: int, block_s: float
) -> None:
    monkeypatch.setattr(stream_module, "pick_format", lambda *_: (rate, channels))

    async def run() -> None:
        keeper = DeviceKeeper()
        microphone = Microphone(keeper, "mic", 20, lambda event: None, block_s)
        frames = microphone.frames()
        now = asyncio.get_running_loop().time
        async with asyncio.timeout(PATIENCE_S):
            first = await anext(frames)
            speaking = pulse.play(sine(440, 3.0, 48_000), 48_000)
            loud = await until_loud(frames, 40)
            last = await anext(frames)
        assert pitch(loud[RATE // 10 :]) == pytest.approx(440, abs=2)
        assert len(first.pcm) == 320
        assert now() - 2.0 < last.at <= now()
        assert microphone.dropped == 0
        speaking.kill()
        speaking.wait()
        await microphone.close()
        assert [frame async for frame in frames] == []
        await keeper.close()

    asyncio.run(run())


@pytest.mark.parametrize(("rate", "channels", "block_s"), FORMATS)
def test_a_reply_is_played_at_the_right_pitch_and_reported(
    pulse: Pulse, monkeypatch: pytest.MonkeyPatch, rate: int, channels: int, block_s: float
) -> None:
    monkeypatch.setattr(stream_module, "pick_format", lambda *_: (rate, channels))

    async def run() -> None:
        keeper, events = DeviceKeeper(), Events()
        playout = Playout(22_050, events)
        speaker = Speaker(keeper, "speaker", playout, events, block_s)
        with pulse.record() as recording:
            async with asyncio.timeout(PATIENCE_S):
                await speaker.start()
                await until(lambda: len(recording.pcm) > 0)
                began = asyncio.get_running_loop().time()
                playout.begin(1)
                playout.push(sine(440, 1.0, 22_050))
                playout.finish()
                await events.wait_for(PlayoutDrained)
                await until(lambda: level_dbfs(recording.pcm) > -60 > level_dbfs(recording.pcm[-1600:]))
            heard = recording.pcm
        audible, drained = events.seen
        assert isinstance(audible, PlayoutAudible)
        assert isinstance(drained, PlayoutDrained)
        assert audible.at > began
        assert drained.at - audible.at == pytest.approx(1.0, abs=0.2)
        assert playout.played == 22_050
        assert 0.0 < speaker.latency_s < 1.0
        loud = heard[np.abs(heard) > 0]
        assert len(loud) == pytest.approx(RATE, rel=0.1)
        assert pitch(loud[2000:-2000]) == pytest.approx(440, abs=2)
        await speaker.close()
        await keeper.close()

    asyncio.run(run())


def test_a_microphone_unplugged_in_mid_stream_comes_back_and_the_speaker_plays_on(pulse: Pulse) -> None:
    async def run() -> None:
        keeper, events, sounds = DeviceKeeper(), Events(), Events()
        playout = Playout(RATE, sounds)
        speaker = Speaker(keeper, "", playout, events)
        microphone = Microphone(keeper, "", 20, events)
        frames = microphone.frames()
        async with asyncio.timeout(PATIENCE_S):
            await speaker.start()
            await anext(frames)
            pulse.unplug("mic")
            playout.begin(1)
            playout.push(sine(440, 0.3))
            playout.finish()
            await events.wait_for(DeviceLost)
            await sounds.wait_for(PlayoutDrained)
            pulse.plug("mic")
            await events.wait_for(DeviceBack)
            speaking = pulse.play(sine(600, 3.0))
            assert pitch(await until_loud(frames, 30)) == pytest.approx(600, abs=3)
        assert events.seen == [DeviceLost("microphone", "default"), DeviceBack("microphone", "default")]
        speaking.kill()
        speaking.wait()
        await microphone.close()
        await speaker.close()
        await keeper.close()

    asyncio.run(run())


def test_a_reply_goes_on_where_it_stood_when_the_speaker_is_back(pulse: Pulse) -> None:
    async def run() -> None:
        keeper, events, sounds = DeviceKeeper(), Events(), Events()
        playout = Playout(RATE, sounds)
        speaker = Speaker(keeper, "speaker", playout, events)
        async with asyncio.timeout(PATIENCE_S):
            await speaker.start()
            playout.begin(1)
            playout.push(sine(440, 2.0))
            playout.finish()
            await sounds.wait_for(PlayoutAudible)
            pulse.unplug("speaker")
            await events.wait_for(DeviceLost)
            stood = playout.played
            assert 0 < stood < 2 * RATE
            pulse.plug("speaker")
            await events.wait_for(DeviceBack)
            await sounds.wait_for(PlayoutDrained)
        assert playout.played == 2 * RATE
        # A sound server starved by a busy machine may be taken for gone once more; then it is back once more, too.
        lost_and_back = [DeviceLost("speaker", "speaker"), DeviceBack("speaker", "speaker")]
        assert events.seen == lost_and_back * (len(events.seen) // 2)
        await speaker.close()
        await keeper.close()

    asyncio.run(run())


def test_a_busy_interpreter_does_not_make_the_speaker_swallow_audio(pulse: Pulse) -> None:
    """Underruns, as long inferences that keep the interpreter cause them, leave gaps and nothing worse."""
    hold = ctypes.PyDLL(None).usleep  # sleeps without letting other threads run

    async def run() -> float:
        keeper, sounds = DeviceKeeper(), Events()
        playout = Playout(22_050, sounds)
        speaker = Speaker(keeper, "speaker", playout, lambda event: None)
        now = asyncio.get_running_loop().time
        async with asyncio.timeout(PATIENCE_S):
            await speaker.start()
            playout.begin(1)
            playout.push(sine(440, 2.0, 22_050))
            await sounds.wait_for(PlayoutAudible)
            began = now()
            playout.finish()
            for _ in range(4):
                hold(60_000)
                await asyncio.sleep(0.2)
            await sounds.wait_for(PlayoutDrained)
            took = now() - began
        await speaker.close()
        await keeper.close()
        return took

    assert asyncio.run(run()) > 1.5


def test_a_new_device_is_found_and_the_other_stream_lives(pulse: Pulse) -> None:
    """The microphone comes back under another name, which PortAudio sees only after it was started again."""

    async def run() -> None:
        keeper, events, sounds = DeviceKeeper(), Events(), Events()
        playout = Playout(RATE, sounds)
        speaker = Speaker(keeper, "speaker", playout, events)
        microphone = Microphone(keeper, "mic", 20, events)
        frames = microphone.frames()
        async with asyncio.timeout(PATIENCE_S):
            await speaker.start()
            await anext(frames)
            pulse.unplug("mic")
            await events.wait_for(DeviceLost)
            pulse.name_devices("other mic", "speaker")
            pulse.plug("mic")
            await events.wait_for(DeviceBack)
            await anext(frames)
            playout.begin(1)
            playout.push(sine(440, 0.2))
            playout.finish()
            await sounds.wait_for(PlayoutDrained)
        assert events.seen == [DeviceLost("microphone", "mic"), DeviceBack("microphone", "other mic")]
        assert microphone.name == "other mic"
        await microphone.close()
        await speaker.close()
        await keeper.close()

    asyncio.run(run())


def test_giving_up_on_a_lost_device_is_quick(pulse: Pulse) -> None:
    async def run() -> None:
        keeper, events = DeviceKeeper(), Events()
        microphone = Microphone(keeper, "mic", 20, events)
        frames = microphone.frames()
        async with asyncio.timeout(PATIENCE_S):
            await anext(frames)
            pulse.unplug("mic")
            await events.wait_for(DeviceLost)
            await microphone.close()
            await keeper.close()
        assert [frame async for frame in frames] == []
        pulse.plug("mic")

    asyncio.run(run())


def test_a_late_reader_loses_the_oldest_and_knows_how_much(pulse: Pulse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voice.audio.devices.QUEUE_BLOCKS", 5)

    async def run() -> None:
        keeper = DeviceKeeper()
        microphone = Microphone(keeper, "mic", 20, lambda event: None)
        frames = microphone.frames()
        async with asyncio.timeout(PATIENCE_S):
            await anext(frames)
            await until(lambda: microphone.dropped > 0)
        assert len(microphone._queue) == 5
        await microphone.close()
        await keeper.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    "make",
    [
        lambda keeper: Microphone(keeper, "nowhere", 20, print),
        lambda keeper: Speaker(keeper, "nowhere", Playout(RATE, print), print),
    ],
)
def test_an_unknown_device_is_refused_at_once(pulse: Pulse, make: Callable[[DeviceKeeper], object]) -> None:
    with pytest.raises(
        MissingError, match=r"matches 'nowhere'; expected one of: 0 mic, .*; `voice devices` lists them"
    ):
        make(DeviceKeeper())


def test_the_devices_are_listed(pulse: Pulse) -> None:
    devices = {device.name: device for device in list_devices()}
    assert {"mic", "speaker", "default"} <= set(devices)
    assert devices["default"].default_input
    assert devices["default"].default_output
    assert devices["mic"].inputs > 0
