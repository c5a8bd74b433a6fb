"""A network peer in place of microphone and speaker: its audio arrives irregularly and is played remotely."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

import numpy as np

from voice.audio.frames import RATE, Frame, Pcm, silence
from voice.audio.playout import Playout, PlayoutEvent

SLACK_S = 0.3
"""Audio that comes this much faster than it was spoken is late audio catching up; more is a recording sent at once."""

HOLE_S = 1.0
"""A peer that sends nothing for this long in the middle of a turn counts as silent, unless it is a steady one."""

STEADY_S = 1.0
"""A peer is steady that sent so much without a hole while no one spoke: it sends silence as well as speech."""

STALL_S = 3.0
"""What a steady peer does not send in the middle of a turn is late or lost; after this long it is silence after all."""

MOST_WAITING_S = 60.0
LEAD_S = 2.0
"""Audio is sent so far ahead of its playing: what a busy machine or a network may take for a pause."""
CHUNK_S = 0.1
TICK_S = 0.01
START_S = 0.2
"""A reply begins with so much, if made within `PATIENCE_S`: on a busy machine the second piece may come late."""
PATIENCE_S = 0.05
PACE_S = 0.02
"""A track of audio is sent in pieces of this length, each at its time."""
FADE_MS = 10
BURST = 25
"""Frames given at once before others on the event loop have their turn."""


class NetworkSource:
    """Frames of the audio that `put` brings, each with the time it was spoken at, as well as that can be known.

    `awake()` says whether silence matters: then a hole in the stream is heard as silence. While `hearing()`, someone is
    in the middle of a turn: then a hole in the stream of a steady peer is not. The times of what comes after it go on
    where they had stopped, until the turn is over.
    """

    name = "network"

    def __init__(self, frame_ms: int, awake: Callable[[], bool], hearing: Callable[[], bool]) -> None:
        self.frame_ms = frame_ms
        self._size = RATE * frame_ms // 1000
        self._awake, self._hearing = awake, hearing
        self._steady_s = 0.0
        self._came = 0.0
        self._waiting: deque[Pcm] = deque()
        self._left = 0
        self._news = asyncio.Event()
        self._at: float | None = None
        self._given = 0
        self._closed = False

    def put(self, pcm: Pcm) -> bool:
        """Take audio at 16 kHz; False, and none of it, where `MOST_WAITING_S` of it wait already."""
        if (self._left + len(pcm)) > MOST_WAITING_S * RATE:
            return False
        if len(pcm):
            self._waiting.append(pcm)
            self._left += len(pcm)
            self._news.set()
        return True

    def clear(self) -> None:
        """Discard audio that has not been processed yet."""
        self._waiting.clear()
        self._left = 0

    def position_ms(self, at: float) -> int:
        """The position of a time in the peer's audio, in ms from its start."""
        behind_s = 0.0 if self._at is None else self._at - at
        return max(0, round((self._given / RATE - behind_s) * 1000))

    async def frames(self) -> AsyncIterator[Frame]:
        """Until closed. See the module for their times."""
        loop = asyncio.get_running_loop()
        while not self._closed:
            if self._left >= self._size:
                async for frame in self._burst(loop):
                    yield frame
                continue
            self._news.clear()
            try:
                async with asyncio.timeout(HOLE_S):
                    await self._news.wait()
            except TimeoutError:
                if self._awake() and not (self._stalls() and loop.time() < self._came + STALL_S - 1e-6):
                    for frame in self._quiet(loop.time()):
                        yield frame

    async def close(self) -> None:
        self._closed = True
        self._news.set()

    async def _burst(self, loop: asyncio.AbstractEventLoop) -> AsyncIterator[Frame]:
        """What has come, as whole frames. A recording sent at once is not heard before it could have been spoken."""
        count, now = self._left // self._size, loop.time()
        frame_s, duration = self._size / RATE, count * self._size / RATE
        last = self._begin(now, duration)
        squeezed = last + duration <= now + SLACK_S
        step = min((now - last) / count, frame_s) if squeezed else frame_s
        for index in range(count):
            if self._left < self._size:
                return  # cleared meanwhile
            self._at = last + step * (index + 1)
            if self._at > loop.time() + 1e-6:
                await asyncio.sleep(self._at - loop.time())
            elif index % BURST == BURST - 1:
                await asyncio.sleep(0)
            self._given += self._size
            if not self._hearing():
                self._steady_s += frame_s
            yield Frame(self._take(self._size), self._at)

    def _begin(self, now: float, duration: float) -> float:
        """When the first of what has come was spoken."""
        self._came, earliest = now, now - duration
        if self._at is None:
            self._at = earliest
        if self._stalls():
            return self._at
        if earliest - self._at > SLACK_S:
            self._steady_s = 0.0
        return max(self._at, earliest)

    def _stalls(self) -> bool:
        """Whether what does not come is late: a steady peer's, in the middle of a turn."""
        return self._steady_s >= STEADY_S and self._hearing()

    def _quiet(self, now: float) -> list[Frame]:
        frame_s = self._size / RATE
        self._steady_s = 0.0
        if self._at is None:
            self._at = now - HOLE_S
        frames = []
        while self._at + frame_s <= now:
            self._at += frame_s
            frames.append(Frame(silence(frame_s), self._at))
        return frames

    def _take(self, count: int) -> Pcm:
        parts: list[Pcm] = []
        while count:
            pcm = self._waiting.popleft()
            parts.append(pcm[:count])
            if len(pcm) > count:
                self._waiting.appendleft(pcm[count:])
            count -= len(parts[-1])
            self._left -= len(parts[-1])
        return np.concatenate(parts) if len(parts) > 1 else parts[0]


class RemotePlayout(Playout):
    """A playout whose samples are sent ahead: `played` is what the peer has really played.

    Without `report` that is what a player does that plays whatever it has; `paused()` says that it was asked to hold.
    A player that is sent a track cannot fade what it plays, so `fade_ms` is done here.
    """

    def __init__(
        self,
        rate: int,
        notify: Callable[[PlayoutEvent], None],
        now: Callable[[], float],
        paused: Callable[[], bool],
        fade_ms: float = 0,
    ) -> None:
        super().__init__(rate, notify, fade_ms)
        self._now, self._held_there = now, paused
        self._heard, self._moved, self._reports, self._dropped = 0.0, now(), False, False
        self._unheard: deque[Pcm] = deque()
        self._followed = 0

    def begin(self, reply: int, *, held: bool = False) -> None:
        super().begin(reply, held=held)
        self._heard, self._moved, self._dropped = 0.0, self._now(), False
        self._unheard.clear()
        self._followed = 0

    def drop(self) -> None:
        _ = self.played  # so much, and nothing more: the peer drops it, too
        self._dropped = True
        super().drop()
        self._unheard.clear()

    @property
    def sent(self) -> int:
        """Samples of the latest reply given to the peer."""
        return super().played

    @property
    def played(self) -> int:
        now, sent = self._now(), self.sent
        if not (self._dropped or (self._reports and self._held_there())):
            self._heard = min(float(sent), self._heard + (now - self._moved) * self.rate)
        self._moved = now
        return min(round(self._heard), sent)

    @property
    def ahead_s(self) -> float:
        """Seconds sent and not yet played."""
        return (self.sent - self.played) / self.rate

    def may_begin(self, waited_s: float) -> bool:
        """Whether the latest reply has begun, or has enough to begin with `waited_s` after its first sound was made."""
        made_s = self.buffered_s
        return self.sent > 0 or self.complete or made_s >= START_S or (made_s > 0.0 and waited_s >= PATIENCE_S)

    def pull(self, count: int, at: float) -> Pcm:
        _ = self.played  # audio sent from now on could not have been played before
        before = self.sent
        pcm = super().pull(count, at)
        if self.sent > before:
            self._unheard.append(pcm[: self.sent - before])
        return pcm

    def follow(self) -> tuple[Pcm, float]:
        """The samples that the peer has played since this was last asked, and when it began to."""
        count = self.played - self._followed
        parts: list[Pcm] = []
        while count > 0 and self._unheard:
            pcm = self._unheard.popleft()
            parts.append(pcm[:count])
            if len(pcm) > count:
                self._unheard.appendleft(pcm[count:])
            count -= len(parts[-1])
        played = np.concatenate(parts) if parts else silence(0.0)
        self._followed += len(played)
        return played, self._moved - len(played) / self.rate

    def report(self, samples: int) -> None:
        """Record how much of the latest reply the peer has played."""
        self._reports = True
        self._heard, self._moved = float(min(max(0, samples), self.sent)), self._now()


class NetworkSink:
    """Sends a playout's audio `LEAD_S` ahead of its playing, in chunks of at most `CHUNK_S`.

    `room()` says whether the peer reads what it is sent.
    """

    name = "network"

    def __init__(self, playout: RemotePlayout, send: Callable[[Pcm], None], room: Callable[[], bool]) -> None:
        self.rate = playout.rate
        self._playout, self._send, self._room = playout, send, room
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """A reply may be played from now on."""
        self._wake.set()

    async def start(self) -> None:
        """Start to send."""
        self._task = asyncio.create_task(self._run(), name="send audio")

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            silent_since = loop.time()
            while self._playout.open:
                if self._playout.buffered_s == 0.0:
                    silent_since = loop.time()
                if self._playout.may_begin(loop.time() - silent_since):
                    self._send_ahead(loop.time())
                await asyncio.sleep(TICK_S)
            self._wake.clear()

    def _send_ahead(self, now: float) -> None:
        lead = self._playout.ahead_s
        while self._room() and lead < LEAD_S:
            pcm = self._playout.take(round(CHUNK_S * self.rate), now)
            if len(pcm) == 0:
                break
            self._send(pcm)
            lead += len(pcm) / self.rate

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})


class PacedSink:
    """Gives a playout's audio to a track, which pulls a piece of `PACE_S` when its time has come, as a device does.

    Nothing is sent ahead, so what is dropped is not heard. `send` is called with every piece of a reply.
    """

    name = "track"

    def __init__(self, playout: RemotePlayout, send: Callable[[Pcm], None]) -> None:
        self.rate = playout.rate
        self._playout, self._send = playout, send
        self._silent_since: float | None = None
        self._closed = False

    def wake(self) -> None:
        """A reply may be played from now on; the track pulls anyway."""

    async def start(self) -> None:
        """The track has begun to pull, or soon does."""

    def pull(self, now: float) -> Pcm:
        """The next piece, which is played from now on; silence while no reply is."""
        playout = self._playout
        if self._silent_since is None or not playout.open or playout.buffered_s == 0.0:
            self._silent_since = now
        if self._closed or (playout.open and not playout.may_begin(now - self._silent_since)):
            return silence(PACE_S, self.rate)
        before = playout.sent
        pcm = playout.pull(round(PACE_S * self.rate), now)
        if playout.sent > before:
            self._send(pcm)
        return pcm

    async def close(self) -> None:
        """Stop; the track is silent until it has another."""
        self._closed = True
