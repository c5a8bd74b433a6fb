"""What every system under test stands on: the same microphone, speaker, room and words, on one clock.

Needs numpy alone and imports nothing of this package, because the peers run it in their own environments. Time is
seconds on the microphone's timeline: 0 is its first sample.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
import wave
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]
RATE = 16_000
BLOCK_S = 0.02
LATE_S = 0.04
"""A speaker that is pulled later than this has run dry."""
SOUND_DBFS = -50.0
"""A block of the reply above this level is heard as sound."""


@dataclass(frozen=True, slots=True)
class Said:
    """One uninterrupted stretch in the recording. Stretches with the same `turn` are one turn with breaths between.

    `kind`: question (opens or continues a turn), interruption (the same, over a reply), or noise (a cough or a
    backchannel over a reply; its turn is 0). `text` is what a perfect recognizer hears in it.
    """

    start: float
    end: float
    kind: str
    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Job:
    """One run of one system: what it hears, which models it uses, how it is set, where it writes what happened."""

    wav: str
    whisper: str
    piper: str
    upstream: str
    result: str
    settings: dict[str, Any] = field(default_factory=dict)
    echo_db: float | None = None
    echo_delay_s: float = 0.06


@dataclass(slots=True)
class Result:
    """What happened: when the reply sounded, what the system said of itself and when, what it cost.

    `marks` are (time, name): vad_stop, endpoint, transcript, first_token, first_clause, first_audio; and interrupted,
    which counts where a reply was sounding.
    """

    sounding: list[tuple[float, float]] = field(default_factory=list)
    marks: list[tuple[float, str]] = field(default_factory=list)
    wall_s: float = 0.0
    cpu_s: float = 0.0
    rss_mb: float = 0.0
    peak_mb: float = 0.0
    notes: dict[str, Any] = field(default_factory=dict)


def read_truth(path: str) -> list[Said]:
    return [Said(**row) for row in json.loads(Path(path).read_text())]


def read_recording(path: str) -> Pcm:
    with wave.open(path, "rb") as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (RATE, 1, 2), path
        return np.frombuffer(wav.readframes(wav.getnframes()), dtype=np.int16)


class Tape:
    """What the speaker played, at `RATE`."""

    def __init__(self) -> None:
        self._pcm = np.zeros(RATE * 60, dtype=np.int16)

    def write(self, pcm: Pcm, at: float) -> None:
        """Note that the first of these samples sounds at `at`; overlapping sound is added."""
        first = round(at * RATE)
        if first < 0:
            pcm, first = pcm[-first:], 0
        if first + len(pcm) > len(self._pcm):
            self._pcm = np.concatenate((self._pcm, np.zeros(len(self._pcm) + len(pcm), dtype=np.int16)))
        self._pcm[first : first + len(pcm)] = added(self._pcm[first : first + len(pcm)], pcm)

    def read(self, start: float, count: int) -> Pcm:
        """`count` samples from `start` on; silence before 0 and after what was written."""
        first = round(start * RATE)
        out = np.zeros(count, dtype=np.int16)
        found = self._pcm[max(0, first) : max(0, first + count)]
        offset = max(0, -first)
        out[offset : offset + len(found)] = found
        return out

    def sounding(self, *, join_s: float = 0.3) -> list[tuple[float, float]]:
        """When sound was heard, to 5 ms; gaps up to `join_s`, as between clauses, are no silence."""
        return sounding(self._pcm, join_s=join_s)


def added(one: Pcm, other: Pcm) -> Pcm:
    """Both sounds at once, clipped."""
    both: Pcm = np.clip(one.astype(np.int32) + other, -32768, 32767).astype(np.int16)
    return both


def sounding(pcm: Pcm, *, join_s: float, rate: int = RATE) -> list[tuple[float, float]]:
    """Stretches louder than `SOUND_DBFS`, to 5 ms; gaps of up to `join_s` are inside a stretch."""
    step = rate // 200
    blocks = pcm[: len(pcm) // step * step].reshape(-1, step).astype(np.float32)
    loud = np.flatnonzero(np.mean(np.square(blocks), axis=1) > (32768 * 10 ** (SOUND_DBFS / 20)) ** 2)
    found: list[tuple[float, float]] = []
    for block in loud:
        start, end = block * step / rate, (block + 1) * step / rate
        if found and start - found[-1][1] <= join_s + 1e-9:
            found[-1] = (found[-1][0], float(end))
        else:
            found.append((float(start), float(end)))
    return found


class Room:
    """A microphone that hears the recording and, where there is an echo, what the speaker played a little earlier."""

    def __init__(self, job: Job) -> None:
        self.recording = read_recording(job.wav)
        self.tape = Tape()
        self._gain = 0.0 if job.echo_db is None else 10 ** (job.echo_db / 20)
        self._delay_s = job.echo_delay_s
        self.began: float | None = None
        self.opened = asyncio.Event()

    def now(self) -> float:
        """Seconds since the microphone's first sample; 0 before."""
        return 0.0 if self.began is None else time.monotonic() - self.began

    async def frames(self, frame_s: float = BLOCK_S) -> AsyncIterator[tuple[Pcm, float]]:
        """(frame, time of its last sample), each when it is due."""
        size = round(frame_s * RATE)
        self.began = time.monotonic()
        self.opened.set()
        for first in range(0, len(self.recording) - size + 1, size):
            end = (first + size) / RATE
            await asyncio.sleep(max(0.0, end - self.now()))
            yield self.heard(first, size), end

    def heard(self, first: int, count: int) -> Pcm:
        """Samples of the microphone."""
        pcm = self.recording[first : first + count]
        if not self._gain:
            return pcm
        echo = self.tape.read(first / RATE - self._delay_s, count).astype(np.float32) * self._gain
        return added(pcm, np.rint(echo).astype(np.int16))


class Speaker:
    """Plays what is pushed, 20 ms at a time, onto the room's tape; for systems that bring no device of their own."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._chunks: deque[Pcm] = deque()
        self._ticked = asyncio.Event()
        self.buffered = self.played = 0

    def push(self, pcm: Pcm) -> None:
        self._chunks.append(pcm)
        self.buffered += len(pcm)

    def clear(self) -> None:
        self.take()

    def take(self) -> list[Pcm]:
        """Stop now; returns what was not played."""
        left = list(self._chunks)
        self._chunks.clear()
        self.buffered = 0
        return left

    async def room_for(self, buffered_s: float) -> None:
        """Wait until at most so much is still to be played."""
        await self.until(lambda: self.buffered <= buffered_s * RATE)

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait for something that playing brings about."""
        while not reached():
            self._ticked.clear()
            await self._ticked.wait()

    async def run(self) -> None:
        """Play until cancelled; a pull that comes late is heard late."""
        await self._room.opened.wait()
        size, at = round(BLOCK_S * RATE), self._room.now()
        while True:
            if self._room.now() - at > LATE_S:
                at = self._room.now()
            taken = 0
            while taken < size and self._chunks:
                chunk = self._chunks.popleft()
                part, rest = chunk[: size - taken], chunk[size - taken :]
                self._room.tape.write(part, at + taken / RATE)
                taken += len(part)
                if len(rest):
                    self._chunks.appendleft(rest)
            self.buffered -= taken
            self.played += taken
            self._ticked.set()
            at += BLOCK_S
            await asyncio.sleep(max(0.0, at - self._room.now()))


class Meter:
    """Processor time and memory of this process from now on."""

    def __init__(self) -> None:
        self._began, self._cpu = time.monotonic(), time.process_time()

    def read(self, result: Result) -> None:
        result.wall_s = time.monotonic() - self._began
        result.cpu_s = time.process_time() - self._cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result.peak_mb = peak / (1024**2 if sys.platform == "darwin" else 1024)
        statm = Path("/proc/self/statm")
        pages = int(statm.read_text().split()[1]) if statm.exists() else 0
        result.rss_mb = pages * resource.getpagesize() / 1024**2 if pages else result.peak_mb


def read_job(path: str) -> Job:
    return Job(**json.loads(Path(path).read_text()))


def write_result(job: Job, room: Room, result: Result) -> None:
    result.sounding = room.tape.sounding()
    Path(job.result).write_text(json.dumps(asdict(result)))
