"""PortAudio: loading it, listing and choosing devices, and choosing their formats."""

from __future__ import annotations

import ctypes
import math
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from voice.errors import MissingError

Direction = Literal["microphone", "speaker"]
SETTING: dict[Direction, str] = {"microphone": "audio.input", "speaker": "audio.output"}
FLAG: dict[Direction, str] = {"microphone": "--input", "speaker": "--output"}


@dataclass(frozen=True, slots=True)
class Device:
    """One sound device as PortAudio sees it; `rate` in Hz is what it runs at by itself."""

    index: int
    name: str
    api: str
    inputs: int
    outputs: int
    rate: int
    default_input: bool = False
    default_output: bool = False

    def channels(self, direction: Direction) -> int:
        """How many channels it has in this direction; 0 where it cannot be used."""
        return self.inputs if direction == "microphone" else self.outputs

    def is_default(self, direction: Direction) -> bool:
        """Whether the system prefers it in this direction."""
        return self.default_input if direction == "microphone" else self.default_output


def load() -> Any:
    """The sounddevice module with PortAudio running; MissingError where the library is not installed."""
    try:
        import sounddevice
    except OSError:
        raise MissingError(
            "PortAudio is not installed",
            where="sound devices",
            expected="the system library libportaudio",
            remedy="sudo apt install libportaudio2 (Debian, Ubuntu) or brew install portaudio (macOS)",
        ) from None
    _hush_alsa()
    return sounddevice


@cache
def _hush_alsa() -> None:
    """Keep ALSA from writing to the terminal about underruns that PortAudio mends by itself.

    The handler must not wait for Python, so it is a C function that does nothing with its arguments.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            nothing = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p)
            ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(nothing)


def restart() -> None:
    """Shut PortAudio down and start it again, which closes every stream; MissingError when it does not start."""
    sd = load()
    with suppress(sd.PortAudioError):  # it is not running if the last start failed
        sd._terminate()
    try:
        sd._initialize()
    except sd.PortAudioError as error:
        raise _not_running(error) from None


def _not_running(error: Exception) -> MissingError:
    return MissingError(
        f"PortAudio cannot start ({error.args[0]})", where="sound devices", expected="a working sound system"
    )


def list_devices() -> list[Device]:
    """All devices, in PortAudio's order; empty if there are none. Raises MissingError without PortAudio."""
    sd = load()
    try:
        apis = sd.query_hostapis()
    except sd.PortAudioError as error:
        raise _not_running(error) from None
    default_input, default_output = (_default(sd, kind) for kind in ("input", "output"))
    return [
        Device(
            index=index,
            name=info["name"],
            api=apis[info["hostapi"]]["name"],
            inputs=info["max_input_channels"],
            outputs=info["max_output_channels"],
            rate=round(info["default_samplerate"]),
            default_input=index == default_input,
            default_output=index == default_output,
        )
        for index, info in enumerate(sd.query_devices())
    ]


def _default(sd: Any, kind: str) -> int:
    try:
        return int(sd.query_devices(kind=kind)["index"])
    except (sd.PortAudioError, ValueError):
        return -1


def choose(devices: Sequence[Device], wanted: str, direction: Direction) -> Device:
    """The device meant by a number, a name or a part of one; the system's default for an empty `wanted`.

    Raises MissingError, naming what there is, when none fits.
    """
    usable = [device for device in devices if device.channels(direction)]
    if not usable:
        raise MissingError(
            f"no {direction} found",
            where=SETTING[direction],
            expected="a sound device",
            remedy=f"connect one, or use {FLAG[direction]} FILE.wav",
        )
    if not wanted:
        return next((device for device in usable if device.is_default(direction)), usable[0])
    sought = wanted.casefold()
    for fits in (
        lambda device: str(device.index) == sought,
        lambda device: device.name.casefold() == sought,
        lambda device: sought in device.name.casefold(),
    ):
        for device in usable:
            if fits(device):
                return device
    names = ", ".join(f"{device.index} {device.name}" for device in usable)
    raise MissingError(
        f"no {direction} matches {wanted!r}",
        where=SETTING[direction],
        expected=f"one of: {names}",
        remedy="`voice devices` lists them",
    )


def pick_format(device: Device, direction: Direction, rate: int) -> tuple[int, int]:
    """The sample rate in Hz and number of channels to open `device` with, nearest to `rate` in mono.

    Raises MissingError when the device takes no 16 bit audio at all.
    """
    sd = load()
    check = sd.check_input_settings if direction == "microphone" else sd.check_output_settings
    most = device.channels(direction)
    for offered in dict.fromkeys((rate, device.rate, 48_000, 44_100)):
        for channels in dict.fromkeys((1, min(2, most), most)):
            try:
                with quiet():
                    check(device=device.index, channels=channels, dtype="int16", samplerate=offered)
            except (sd.PortAudioError, ValueError):
                continue
            return offered, channels
    raise MissingError(
        f"the {direction} takes no 16 bit audio at {rate}, {device.rate}, 48000 or 44100 Hz",
        where=device.name,
        expected="a free, working device",
        remedy="close the program that uses it, or choose another device (`voice devices`)",
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress messages that C libraries write to standard error."""
    try:
        kept = os.dup(2)
    except OSError:
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def only_python_on_stderr() -> Iterator[None]:
    """For the length of a conversation: PortAudio's own threads complain about an unplugged device over the screen.

    What Python writes to standard error still gets there.
    """
    python = sys.stderr
    try:
        kept = os.fdopen(os.dup(2), "w", encoding=python.encoding, errors=python.errors, buffering=1)
    except OSError:
        yield
        return
    with kept, quiet():
        sys.stderr = kept
        try:
            yield
        finally:
            sys.stderr = python


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

    def stamp(self, count: int, measured: float, latest: float = math.inf) -> float:
        """Time of the first of the next `count` samples, seconds, where the driver says `measured`.

        Never after `latest`: a first callback that comes late would put all that follows it into the future.
        """
        start = measured
        if self._next is not None and abs(measured - self._next) < 0.1:
            start = self._next + (measured - self._next) * 0.05
        start = min(start, latest)
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
                remedy="close the program that uses it, or choose another device (`voice devices`)",
            ) from None

    def _heard(self, data: Samples, count: int, times: Any, status: Any) -> None:
        age = times.currentTime - times.inputBufferAdcTime
        if not 0.0 <= age < 2.0:  # some drivers report nothing, or another clock
            age = count / self.rate
        now = self._clock()
        self._tick(data, self._steady.stamp(count, now - age, now - count / self.rate), status)

    def _wanted(self, data: Samples, count: int, times: Any, status: Any) -> None:
        ahead = times.outputBufferDacTime - times.currentTime
        if not 0.0 < ahead < 2.0:
            ahead = self._stream.latency
        self._tick(data, self._steady.stamp(count, self._clock() + ahead), status)

    def _tick(self, data: Samples, at: float, status: Any) -> None:
        self._handle(data, self, at)
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
