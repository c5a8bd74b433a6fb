"""One opened device: steady times for its samples, and whether it still lives."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice.audio.portaudio import Device, Direction, load, pick_format, quiet
from voice.errors import MissingError

BLOCK_S = 0.02
"""How much audio a device hands over at once where nothing else is wanted, seconds."""


def latency(direction: Direction, block_s: float) -> float | str:
    """Seconds of buffer to ask for, so that blocks are about `block_s` long, as far as the system lets that be chosen.

    ALSA gives a quarter of its buffer at a time, and its "low" is shorter than Python's pauses. A microphone's buffer
    costs no time; what is in a speaker's is heard later.
    """
    if sys.platform != "linux":
        return "low"
    return (4 if direction == "microphone" else 3) * block_s


class SampleClock:
    """Turns the jittering times of callbacks into steady times of samples; a jump of more than 0.1 s is followed."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._next: float | None = None

    def stamp(self, count: int, measured: float) -> float:
        """Time of the first of the next `count` samples, seconds, where the driver says `measured`."""
        start = measured
        if self._next is not None and abs(measured - self._next) < 0.1:
            start = self._next + (measured - self._next) * 0.05
        self._next = start + count / self._rate
        return start


Samples = NDArray[np.int16]
Handle = Callable[[Samples, "Stream", float], None]
"""Takes from or fills samples of shape (n, channels); the time is that of the first one, on the keeper's clock."""


class Stream:
    """One opened device. `handle` is called by PortAudio's thread and must only copy.

    `ticks` counts its calls, `glitches` those that came too late; `ended` when the device went away.
    Raises MissingError when it cannot be opened.
    """

    def __init__(
        self,
        device: Device,
        direction: Direction,
        rate: int,
        handle: Handle,
        clock: Callable[[], float],
        block_s: float = BLOCK_S,
    ) -> None:
        self.device = device
        self.rate, self.channels = pick_format(device, direction, rate)
        self.ticks = self.glitches = 0
        self.ended = self._closing = False
        self.started = threading.Event()
        self._handle, self._clock = handle, clock
        self._steady = SampleClock(self.rate)
        sd = load()
        make, callback = (sd.InputStream, self._heard) if direction == "microphone" else (sd.OutputStream, self._wanted)
        try:
            with quiet():
                self._stream = make(
                    device=device.index,
                    samplerate=self.rate,
                    channels=self.channels,
                    dtype="int16",
                    blocksize=0,  # with fixed blocks PortAudio does not get out of an ALSA underrun: it races ahead
                    latency=latency(direction, block_s),
                    callback=callback,
                    finished_callback=self._finished,
                )
                self._stream.start()
        except sd.PortAudioError as error:
            raise MissingError(
                f"the {direction} cannot be opened ({error.args[0]})",
                where=device.name,
                expected="a free, working device",
                remedy="close what else uses it, or choose another (`voice devices`)",
            ) from None

    def _heard(self, data: Samples, count: int, times: Any, status: Any) -> None:
        age = times.currentTime - times.inputBufferAdcTime
        if not 0.0 <= age < 2.0:  # some drivers report nothing, or another clock
            age = count / self.rate
        self._tick(data, count, -age, status)

    def _wanted(self, data: Samples, count: int, times: Any, status: Any) -> None:
        ahead = times.outputBufferDacTime - times.currentTime
        if not 0.0 < ahead < 2.0:
            ahead = self._stream.latency
        self._tick(data, count, ahead, status)

    def _tick(self, data: Samples, count: int, offset: float, status: Any) -> None:
        self._handle(data, self, self._steady.stamp(count, self._clock() + offset))
        self.ticks += 1
        self.glitches += bool(status)
        self.started.set()

    def _finished(self) -> None:
        self.ended = not self._closing
        self.started.set()

    def close(self) -> None:
        """Stop at once and free the device."""
        self._closing = True
        with quiet():
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
