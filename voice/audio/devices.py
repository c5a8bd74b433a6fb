"""The microphone and speaker of this machine, at any sample rate and number of channels."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable

import numpy as np

from voice.audio.device_watcher import DeviceEvent, DeviceKeeper, Line
from voice.audio.frames import RATE, Frame, Pcm
from voice.audio.playout import Playout
from voice.audio.portaudio import BLOCK_S, Samples, Stream
from voice.audio.resample import Resampler, mono

QUEUE_BLOCKS = 250
"""Blocks, of 20 ms or more, a microphone keeps for a reader that is late; older ones are dropped and counted."""

Notify = Callable[[DeviceEvent], None]


class Microphone:
    """Records from the device with the name or number `device` (empty: the system's default).

    `notify` is called, in the event loop's thread, when the device is lost and when it is back; recording then
    continues by itself. `dropped` counts samples lost because they were not read in time. Raises MissingError without
    the device.
    """

    def __init__(
        self, keeper: DeviceKeeper, device: str, frame_ms: int, notify: Notify, block_s: float = BLOCK_S
    ) -> None:
        self.frame_ms = frame_ms
        self.dropped = 0
        self._keeper = keeper
        self._line = Line("microphone", device, RATE, self._heard, notify, block_s)
        self._queue: deque[tuple[Pcm, Stream, float]] = deque(maxlen=QUEUE_BLOCKS)
        self._wake: Callable[[], None] = _asleep
        self._closed = False

    @property
    def name(self) -> str:
        """The device in use."""
        return self._line.device.name

    def _heard(self, samples: Samples, stream: Stream, at: float) -> None:
        """Copy what the device gives (PortAudio's thread)."""
        if len(self._queue) == QUEUE_BLOCKS:
            self.dropped += len(self._queue[0][0])
        self._queue.append((mono(samples).copy(), stream, at + len(samples) / stream.rate))
        self._wake()

    async def frames(self) -> AsyncIterator[Frame]:
        """Frames at `RATE`, until closed; MissingError when the device cannot be opened now."""
        loop = asyncio.get_running_loop()
        filled = asyncio.Event()

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(filled.set)

        self._wake = wake
        await self._keeper.keep(self._line)
        cutter: _Cutter | None = None
        while not self._closed:
            await filled.wait()
            filled.clear()
            while self._queue and not self._closed:
                pcm, stream, at = self._queue.popleft()
                if cutter is None or cutter.stream is not stream:
                    cutter = _Cutter(stream, RATE * self.frame_ms // 1000)
                for frame in cutter.cut(pcm, at):
                    yield frame
                    if self._closed:
                        return

    async def close(self) -> None:
        """Stop recording and free the device; `frames` ends."""
        self._closed = True
        await self._keeper.let_go(self._line)
        self._wake()


def _asleep() -> None:
    """The speaker is not started yet."""


class _Cutter:
    """Converts what one stream gives into frames of `size` samples at `RATE`, each with the time of its last sample."""

    def __init__(self, stream: Stream, size: int) -> None:
        self.stream = stream
        self._size = size
        self._resampler = Resampler(stream.rate, RATE, at_once=True)
        self._rest = np.zeros(0, dtype=np.int16)

    def cut(self, pcm: Pcm, at: float) -> list[Frame]:
        self._rest = np.concatenate((self._rest, self._resampler.convert(pcm)))
        end = at - self._resampler.delay_s
        frames = []
        while len(self._rest) >= self._size:
            frame, self._rest = self._rest[: self._size], self._rest[self._size :]
            frames.append(Frame(frame, end - len(self._rest) / RATE))
        return frames


class Speaker:
    """Plays through the device with the name or number `device` (empty: the system's default).

    It pulls from `playout` in PortAudio's thread; while the device is lost nothing is pulled, so that the reply
    continues where it stopped. `latency_s` is the reported time from a pull to its sound. Raises MissingError without
    the device.
    """

    def __init__(
        self, keeper: DeviceKeeper, device: str, playout: Playout, notify: Notify, block_s: float = BLOCK_S
    ) -> None:
        self.rate = playout.rate
        self.latency_s = 0.0
        self._keeper, self._playout = keeper, playout
        self._line = Line("speaker", device, playout.rate, self._wanted, notify, block_s)
        self._stream: Stream | None = None
        self._resampler = Resampler(self.rate, self.rate)
        self._rest = np.zeros(0, dtype=np.int16)
        self._now: Callable[[], float] = lambda: 0.0

    @property
    def name(self) -> str:
        """The device in use."""
        return self._line.device.name

    def _wanted(self, out: Samples, stream: Stream, at: float) -> None:
        """Copy what the device asks for (PortAudio's thread); a conversion of 20 ms takes a quarter of one."""
        if stream is not self._stream:
            self._stream, self._resampler = stream, Resampler(self.rate, stream.rate)
            self._rest = self._rest[:0]
        while (missing := len(out) - len(self._rest)) > 0:
            audible = at + len(self._rest) / stream.rate + self._resampler.delay_s
            pulled = self._playout.pull(math.ceil(missing * self.rate / stream.rate), audible)
            self._rest = np.concatenate((self._rest, self._resampler.convert(pulled)))
        self.latency_s = at - self._now()
        out[:] = self._rest[: len(out), np.newaxis]
        self._rest = self._rest[len(out) :]

    async def start(self) -> None:
        """Start to play; raises MissingError if the device cannot be opened now."""
        self._now = asyncio.get_running_loop().time
        await self._keeper.keep(self._line)

    async def close(self) -> None:
        """Stop at once and free the device."""
        await self._keeper.let_go(self._line)


class SilentSink:
    """Discards audio, in real or virtual time, so that a conversation without a speaker runs completely.

    It takes `block_s` seconds at a time, as a speaker would.
    """

    name = "no speaker"

    def __init__(self, playout: Playout, block_s: float = 0.02) -> None:
        self.rate = playout.rate
        self._playout, self._block_s = playout, block_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin pulling."""
        self._task = asyncio.create_task(self._run(), name="silent sink")

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        start, pulls = loop.time(), 0
        while True:
            self._playout.pull(round(self.rate * self._block_s), loop.time())
            pulls += 1
            await asyncio.sleep(max(0.0, start + pulls * self._block_s - loop.time()))

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
