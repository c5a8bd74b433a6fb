"""A room with a microphone and a speaker in it, without either: people, noises, and what comes back of the replies.

The real loop runs in it with real engines. Time is virtual and stands still while engines work, so that a run is the
same on any machine and takes only as long as the engines do; it says nothing about how fast they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voice.asr.interface import Recognizer
from voice.audio.frames import RATE, Frame, Pcm, level_dbfs, silence
from voice.audio.interfaces import Sink, Source
from voice.audio.playout import Playout
from voice.audio.resample import Resampler
from voice.clock import VirtualLoop
from voice.conversation.observer import Note, StateChanged, TurnEnded
from voice.settings.schema import Settings
from voice.trace import TurnTrace
from voice.wiring.conversation import Overrides, converse

Samples = NDArray[np.float64]

PULL_S = 0.02
FLOOR_DBFS = -65.0
"""Every room hums a little."""

DIRECT = 0.8
"""Share of an echo's loudness that comes the direct way, the rest from the walls."""


@dataclass(frozen=True, slots=True)
class Echo:
    """What of the speaker the microphone hears: as loud as `gain`, `delay_s` late, dying away in `reverb_s` (60 dB).

    The microphone's clock is `drift_ppm` faster than the speaker's.
    """

    gain: float
    delay_s: float = 0.1
    reverb_s: float = 0.3
    drift_ppm: float = 100.0

    def response(self) -> Samples:
        """The room's impulse response at 16 kHz, without the delay."""
        count = max(1, round(self.reverb_s * RATE))
        tail = np.random.default_rng(17).normal(size=count) * 10 ** (-3 * np.arange(count) / count)
        tail *= np.sqrt(1 - DIRECT**2) / np.sqrt(np.sum(tail**2))
        tail[0] = DIRECT
        return self.gain * tail


class Room:
    """A microphone that hears `near` and, if there is an `echo`, what is played into the room."""

    def __init__(self, near: Pcm, echo: Echo | None = None) -> None:
        hum = np.random.default_rng(5).normal(0, 32768 * 10 ** (FLOOR_DBFS / 20), len(near))
        self.near: Samples = near.astype(np.float64) + hum
        self._echo = echo
        self._response = np.zeros(1) if echo is None else echo.response()
        self.played = np.zeros(len(near) + 600 * RATE, dtype=np.float32)

    def play(self, pcm: Pcm, at: float) -> None:
        """The first of these samples leaves the speaker at `at` seconds."""
        first = max(0, round(at * RATE))
        self.played[first : first + len(pcm)] += pcm[: len(self.played) - first]

    def hear(self, first: int, count: int) -> Pcm:
        """Samples of the microphone."""
        heard = self.near[first : first + count].copy()
        if self._echo is not None:
            drift = first * self._echo.drift_ppm * 1e-6
            start = first - round(self._echo.delay_s * RATE + drift)
            before = len(self._response) - 1
            far = np.zeros(before + count)
            low, high = max(0, start - before), max(0, start + count)
            far[low - (start - before) :][: high - low] = self.played[low:high]
            if far.any():
                size = 1 << (len(far) + before).bit_length()
                spectrum = np.fft.rfft(far, size) * np.fft.rfft(self._response, size)
                heard += np.fft.irfft(spectrum, size)[before : before + count]
        pcm: Pcm = np.clip(np.rint(heard), -32768, 32767).astype(np.int16)
        return pcm


class Microphone:
    """The room's microphone, frame by frame on the running loop's clock."""

    name = "room"

    def __init__(self, room: Room, frame_ms: int) -> None:
        self.frame_ms = frame_ms
        self._room = room

    async def frames(self) -> AsyncIterator[Frame]:
        loop, size = asyncio.get_running_loop(), RATE * self.frame_ms // 1000
        began = loop.time()
        for first in range(0, len(self._room.near) - size + 1, size):
            due = began + (first + size) / RATE
            await asyncio.sleep(max(0.0, due - loop.time()))
            yield Frame(self._room.hear(first, size), due)

    async def close(self) -> None:
        """Nothing to free."""


class Speaker:
    """The room's speaker."""

    name = "room"

    def __init__(self, room: Room, playout: Playout) -> None:
        self.rate = playout.rate
        self._room, self._playout = room, playout
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="play into the room")

    async def _run(self) -> None:
        loop, size = asyncio.get_running_loop(), round(self.rate * PULL_S)
        resampler = Resampler(self.rate, RATE)
        began, pulled, made = loop.time(), 0, 0
        while True:
            at = began + pulled / self.rate
            pcm = resampler.convert(self._playout.pull(size, at))
            self._room.play(pcm, made / RATE)
            pulled, made = pulled + size, made + len(pcm)
            await asyncio.sleep(max(0.0, began + pulled / self.rate - loop.time()))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})


@dataclass(slots=True)
class Stay:
    """What happened in the room."""

    turns: list[TurnTrace] = field(default_factory=list)
    states: list[tuple[float, str]] = field(default_factory=list)
    """When each state began, seconds from the first sample of the microphone."""

    @property
    def outcomes(self) -> list[str]:
        return [str(turn.outcome) for turn in self.turns]

    @property
    def interrupted(self) -> int:
        """Replies that were heard and cut off."""
        return self.outcomes.count("interrupted")

    @property
    def asked(self) -> list[str]:
        """What was taken for a question and answered aloud; a reply that no one heard is none."""
        return [turn.text for turn in self.turns if turn.heard]

    @property
    def replies(self) -> list[str]:
        """What was heard of each."""
        return [turn.heard for turn in self.turns if turn.heard]

    @property
    def pauses(self) -> list[float]:
        """When replies were held."""
        return [at for at, state in self.states if state == "paused"]


def stay(
    settings: Settings,
    near: Pcm,
    echo: Echo | None = None,
    recognizer: Callable[[Callable[[], float]], Recognizer] | None = None,
) -> Stay:
    """Let the conversation run in the room until `near` ends.

    `recognizer`, made with the clock of the room, takes the place of the one the settings name.
    """
    room, seen = Room(near, echo), Stay()

    async def run() -> None:
        loop = asyncio.get_running_loop()

        def audio(playout: Playout) -> tuple[Source, Sink]:
            return Microphone(room, settings.audio.frame_ms), Speaker(room, playout)

        def observe(event: Note) -> None:
            if isinstance(event, TurnEnded):
                seen.turns.append(event.trace)
            elif isinstance(event, StateChanged):
                seen.states.append((loop.time(), str(event.state)))

        hearer = None if recognizer is None else lambda: recognizer(loop.time)
        await converse(settings, fast=True, observer=observe, stand=Overrides(audio=audio, recognizer=hearer))

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(frozen=True)) as runner:
        runner.run(run())
    return seen


def at_level(pcm: Pcm, dbfs: float) -> Samples:
    """The sound with so loud a mean of its loudest half."""
    levels = sorted(level_dbfs(pcm[start : start + 320]) for start in range(0, len(pcm) - 319, 320))
    loud = levels[len(levels) // 2 :]
    scaled: Samples = pcm.astype(np.float64) * 10 ** ((dbfs - float(np.mean(loud))) / 20)
    return scaled


def scene(duration_s: float, sounds: Iterable[tuple[float, Samples]]) -> Pcm:
    """Sounds at their times, in so long a silence."""
    out: Samples = silence(duration_s).astype(np.float64)
    for at, sound in sounds:
        first = round(at * RATE)
        out[first : first + len(sound)] += sound[: max(0, len(out) - first)]
    mixed: Pcm = np.clip(np.rint(out), -32768, 32767).astype(np.int16)
    return mixed
