"""Hearing people and not oneself: what the speaker plays is taken out of what the microphone hears."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from voice.audio.frames import RATE, Frame, Pcm, level_dbfs
from voice.audio.resample import Resampler
from voice.errors import MissingError

BLOCK = RATE // 100
"""Samples the canceller works on at a time, 10 ms."""

LEAD_S = 0.04
"""How much earlier than its echo the far end is shown to the canceller, so that clocks may be off by that much."""

CANCELLER_DELAY_S, SUPPRESSION_DELAY_S = 0.004, 0.006
"""What echo cancelling, and noise suppression on top of it, delay the near end by (measured)."""

SETTLES_S = 2.0
"""After so much sound of the speaker the canceller takes out more than 20 dB (measured: within 1 s)."""

FAR_BLOCKS = 400
"""Blocks of far end, of 5 to 20 ms each, kept for a microphone that is late."""

SILENT_DBFS = -60.0
"""Playback below this level does not stop listening."""

ECHO_TAIL_S = 0.15
"""How long a room answers after the speaker has stopped, seconds."""

QUIET_ROOM_DBFS, QUIETEST_DBFS, LOUDEST_HUM_DBFS = -65.0, -80.0, -50.0
HUM_RISES_DB = 0.02
"""The room's hum is the quietest that was heard of late; it is believed to rise by so much a frame."""


class EchoHandler(Protocol):
    """Sits between speaker and microphone: `far` is the playout's tap, `near` takes every frame before the detector."""

    def far(self, pcm: Pcm, at: float) -> None:
        """Samples at the playout's rate, the first audible at `at`; called by the sink's thread."""
        ...

    def near(self, frame: Frame) -> Frame:
        """The frame as it would have been without the speaker."""
        ...

    @property
    def settled(self) -> bool:
        """Whether the speaker has sounded long enough for that."""
        ...


def canceller_installed() -> bool:
    """Whether `EchoCanceller` can be made; livekit's other packages bring a folder of that name without it."""
    return find_spec("livekit") is not None and find_spec("livekit.rtc") is not None


class EchoCanceller:
    """WebRTC's audio processing from the `livekit` package: echo cancelling, noise suppression, high pass.

    `rate` is the playout's. Far and near meet by their times on the loop's clock, so the devices' latencies do not
    matter. Raises MissingError where livekit is not installed.
    """

    def __init__(self, rate: int, *, noise_suppression: bool = True) -> None:
        try:
            from livekit import rtc
        except (ImportError, OSError):
            raise MissingError(
                "echo cancelling is not installed",
                where="audio.echo",
                expected="the package livekit",
                remedy="pip install 'voice-at-home[aec]', or set audio.echo to half, guard or off",
            ) from None
        self._frame: Any = rtc.AudioFrame
        self._apm: Any = rtc.AudioProcessingModule(
            echo_cancellation=True, noise_suppression=noise_suppression, high_pass_filter=True
        )
        self._apm.set_stream_delay_ms(round(LEAD_S * 1000))
        self._delay_s = CANCELLER_DELAY_S + SUPPRESSION_DELAY_S * noise_suppression
        self._rate = rate
        self._resampler = Resampler(rate, RATE)
        self._heard: deque[tuple[Pcm, float]] = deque(maxlen=FAR_BLOCKS)
        self._far = np.zeros(0, dtype=np.int16)
        self._far_end = 0.0
        self._sounded_s = 0.0

    @property
    def settled(self) -> bool:
        return self._sounded_s > SETTLES_S

    def far(self, pcm: Pcm, at: float) -> None:
        """Note what will be audible from `at` on."""
        self._heard.append((pcm, at))

    def near(self, frame: Frame) -> Frame:
        """A frame of whole 10 ms blocks, its echo taken out; `at` is corrected for the canceller's delay."""
        self._gather()
        start = frame.at - frame.duration_s
        clean = []
        for first in range(0, len(frame.pcm), BLOCK):
            self._show(start + first / RATE + LEAD_S)
            clean.append(self._process(self._apm.process_stream, frame.pcm[first : first + BLOCK]))
        return Frame(np.concatenate(clean), frame.at - self._delay_s)

    def _gather(self) -> None:
        while self._heard:
            pcm, at = self._heard.popleft()
            self._sounded_s += len(pcm) / self._rate if pcm.any() else 0.0
            self._far = np.concatenate((self._far, self._resampler.convert(pcm)))
            self._far_end = at + len(pcm) / self._rate - self._resampler.delay_s

    def _show(self, until: float) -> None:
        """Give the canceller the far end that is audible before `until`."""
        while len(self._far) >= BLOCK and self._far_end - len(self._far) / RATE <= until:
            self._process(self._apm.process_reverse_stream, self._far[:BLOCK])
            self._far = self._far[BLOCK:]

    def _process(self, process: Any, pcm: Pcm) -> Pcm:
        block = self._frame(bytearray(pcm.tobytes()), RATE, 1, BLOCK)
        process(block)
        return np.frombuffer(block.data, dtype=np.int16)


class HalfDuplex:
    """Does not listen during playback and shortly after it: replies cannot be interrupted, and no library is needed.

    What is heard instead is noise as quiet as the room was: after perfect silence a detector takes any hum for speech.
    """

    settled = False

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._random = np.random.default_rng(1)
        self._hum_dbfs = QUIET_ROOM_DBFS
        self._sounds: deque[tuple[float, float]] = deque(maxlen=200)

    def far(self, pcm: Pcm, at: float) -> None:
        """Note when sound is audible."""
        if level_dbfs(pcm) > SILENT_DBFS:
            self._sounds.append((at, at + len(pcm) / self._rate + ECHO_TAIL_S))

    def near(self, frame: Frame) -> Frame:
        """The frame, or the room's hum where any of it was heard while the speaker sounded."""
        start = frame.at - frame.duration_s
        while self._sounds and self._sounds[0][1] < start:
            self._sounds.popleft()
        if any(begin < frame.at for begin, _ in self._sounds):
            return replace(frame, pcm=self._hum(len(frame.pcm)))
        level = max(level_dbfs(frame.pcm), QUIETEST_DBFS)
        self._hum_dbfs = min(level, self._hum_dbfs + HUM_RISES_DB, LOUDEST_HUM_DBFS)
        return frame

    def _hum(self, count: int) -> Pcm:
        noise = self._random.normal(0.0, 32768 * 10 ** (self._hum_dbfs / 20), count)
        pcm: Pcm = np.rint(noise).astype(np.int16)
        return pcm
