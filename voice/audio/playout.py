"""The buffer between synthesis and output: it fades, pauses, resumes, and tracks what was played."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voice.audio.frames import Pcm

MAX_BUFFERED_S = 120.0
"""Seconds a reply may be ahead of the listener before `push` refuses more."""

MAX_OVERLAYS = 8
"""Chimes and fading tails that may sound at once; the oldest gives way."""

ROOM_S = 0.15
"""How long a room answers after a short sound, seconds."""


@dataclass(frozen=True, slots=True)
class PlayoutAudible:
    """The first sample of `reply` becomes audible at `at`, seconds on the loop's clock."""

    reply: int
    at: float


@dataclass(frozen=True, slots=True)
class PlayoutDrained:
    """All of `reply` was pushed and has been played by `at`."""

    reply: int
    at: float


@dataclass(frozen=True, slots=True)
class Silenced:
    """The fade after a pause or drop of `reply` ended at `at`."""

    reply: int
    at: float


PlayoutEvent = PlayoutAudible | PlayoutDrained | Silenced


@dataclass(slots=True)
class _Overlay:
    pcm: Pcm
    position: int = 0


class Playout:
    """Plays one reply at a time, mixed with short sounds, to the device that pulls from it.

    A producer fills it from one thread, a sink pulls from another. `notify` is called in the pulling thread,
    outside the lock. `tap(pcm, at)`, where set, is given everything pulled: the far end for echo cancelling; without
    `taps_chimes` only the reply. `volume` 1 plays samples as they are; a change takes one pull.
    """

    def __init__(self, rate: int, notify: Callable[[PlayoutEvent], None], fade_ms: float = 10) -> None:
        self.rate = rate
        self.tap: Callable[[Pcm, float], None] | None = None
        self.taps_chimes = True
        self.volume = 1.0
        self.refused = 0
        self._gain = 1.0
        self._chime_began = self._chime_ends = float("-inf")
        self._notify = notify
        self._fade = round(rate * fade_ms / 1000)
        self._lock = threading.Lock()
        self._overlays: list[_Overlay] = []
        self._tail: _Overlay | None = None
        self._silencing: int | None = None
        self._reply = 0
        self._live = self._held = self._paused = self._finished = False
        self._chunks: deque[Pcm] = deque()
        self._offset = self._left = self._played = self._faded_in = 0

    @property
    def played(self) -> int:
        """Samples of the latest reply that were played; a tail faded out by pause or drop is not counted."""
        with self._lock:
            return self._played

    @property
    def buffered_s(self) -> float:
        """Seconds pushed and not yet played."""
        with self._lock:
            return self._left / self.rate

    @property
    def complete(self) -> bool:
        """Whether the latest reply is complete."""
        with self._lock:
            return self._finished

    def begin(self, reply: int, *, held: bool = False) -> None:
        """Start a new reply, dropping the previous one; a held one stays silent until `release`."""
        with self._lock:
            self._drop()
            self._reply, self._live, self._held = reply, True, held
            self._paused = self._finished = False
            self._offset = self._left = self._played = 0
            self._faded_in = self._fade

    def release(self) -> None:
        """Start playing a held reply."""
        with self._lock:
            self._held = False

    def push(self, pcm: Pcm, reply: int | None = None) -> bool:
        """Append audio of the current reply; audio of a former `reply`, made by a thread that is late, is refused.

        Returns False, and counts the samples in `refused`, also when there is no room or the reply is over.
        """
        with self._lock:
            late = reply is not None and reply != self._reply
            if late or not self._live or self._finished or self._left >= MAX_BUFFERED_S * self.rate:
                self.refused += len(pcm)
                return False
            if len(pcm):
                self._chunks.append(pcm)
                self._left += len(pcm)
            return True

    def finish(self, reply: int | None = None) -> None:
        """Mark this reply as complete; `PlayoutDrained` follows when all of it is played."""
        with self._lock:
            if reply is None or reply == self._reply:
                self._finished = True

    def pause(self) -> None:
        """Fade out and wait; `Silenced` follows. Does nothing once the reply is over."""
        with self._lock:
            if self._live and not self._paused:
                self._fade_out()
                self._paused = True

    def resume(self) -> None:
        """Continue from the sample where the pause began, fading in."""
        with self._lock:
            if self._live and self._paused:
                self._paused = False
                self._faded_in = 0
                self._silencing = None

    def drop(self) -> None:
        """Fade out and discard the rest; `Silenced` follows. Does nothing once the reply is over."""
        with self._lock:
            self._drop()

    def chime(self, pcm: Pcm) -> None:
        """Play a short sound at once, over whatever is playing; it is not part of the reply."""
        with self._lock:
            self._overlay(_Overlay(pcm))

    def chimes(self, since: float, until: float) -> bool:
        """Whether a short sound, or its echo in the room, is audible between these times on the loop's clock."""
        return self._chime_began < until and since < self._chime_ends + ROOM_S

    def pull(self, count: int, at: float) -> Pcm:
        """The next `count` samples; `at` is when the first of them becomes audible, on the loop's clock."""
        events: list[PlayoutEvent] = []
        with self._lock:
            out = np.zeros(count, dtype=np.int16)
            if self._live and not self._held and not self._paused:
                self._pull_reply(out, at, events)
            tapped = out if self.taps_chimes or not self._overlays else out.copy()
            if any(overlay is not self._tail for overlay in self._overlays):
                self._chime_began = self._chime_began if at - self._chime_ends < ROOM_S else at
                self._chime_ends = at + count / self.rate
            silent_after = self._mix_overlays(out)
            if self._silencing is not None and silent_after is not None:
                events.append(Silenced(self._silencing, at + silent_after / self.rate))
                self._silencing = None
        if self.volume != 1.0 or self._gain != 1.0:
            self._turn_volume(out)
        if self.tap is not None:
            self.tap(tapped, at)
        for event in events:
            self._notify(event)
        return out

    def _turn_volume(self, out: Pcm) -> None:
        """Scale what is pulled, gliding from the last volume to the one wanted now."""
        before, self._gain = self._gain, self.volume
        out[:] = np.clip(np.rint(out * np.linspace(before, self._gain, len(out))), -32768, 32767)

    def take(self, most: int, at: float) -> Pcm:
        """Like `pull`, but at most what there is of the reply: nothing while it is held, paused or not made yet."""
        with self._lock:
            count = min(most, self._left) if self._live and not self._held and not self._paused else 0
        return self.pull(count, at)

    @property
    def open(self) -> bool:
        """Whether a reply may be heard and has not ended."""
        with self._lock:
            return self._live and not self._held

    def _drop(self) -> None:
        if self._live:
            if self._paused:
                self._silencing = self._reply
            else:
                self._fade_out()
            self._live = False
            self._chunks.clear()
            self._left = 0

    def _fade_out(self) -> None:
        """Let the next samples of the reply sound on over the coming silence, falling to nothing."""
        self._silencing = self._reply
        if self._held or self._fade == 0:
            return
        tail = self._peek(self._fade)
        if len(tail) == 0:
            return
        start = self._faded_in / self._fade
        ramp = np.linspace(start, 0.0, len(tail) + 1, dtype=np.float32)[1:]
        self._tail = _Overlay(np.rint(tail * ramp).astype(np.int16))
        self._overlay(self._tail)

    def _overlay(self, overlay: _Overlay) -> None:
        self._overlays.append(overlay)
        if len(self._overlays) > MAX_OVERLAYS:
            del self._overlays[0]

    def _peek(self, count: int) -> Pcm:
        parts: list[Pcm] = []
        offset = self._offset
        for chunk in self._chunks:
            parts.append(chunk[offset : offset + count])
            count -= len(parts[-1])
            offset = 0
            if count == 0:
                break
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int16)

    def _pull_reply(self, out: Pcm, at: float, events: list[PlayoutEvent]) -> None:
        taken = 0
        while taken < len(out) and self._chunks:
            chunk = self._chunks[0]
            part = chunk[self._offset : self._offset + len(out) - taken]
            out[taken : taken + len(part)] = part
            taken += len(part)
            self._offset += len(part)
            if self._offset == len(chunk):
                self._chunks.popleft()
                self._offset = 0
        if taken and self._faded_in < self._fade:
            length = min(taken, self._fade - self._faded_in)
            ramp = np.arange(self._faded_in + 1, self._faded_in + length + 1, dtype=np.float32) / self._fade
            out[:length] = np.rint(out[:length] * ramp).astype(np.int16)
            self._faded_in += length
        if taken and not self._played:
            events.append(PlayoutAudible(self._reply, at))
        self._played += taken
        self._left -= taken
        if self._finished and not self._left:
            self._live = False
            events.append(PlayoutDrained(self._reply, at + taken / self.rate))

    def _mix_overlays(self, out: Pcm) -> int | None:
        """Add chimes and tails to `out`; returns how many samples the tail took, None while it continues."""
        ended: int | None = 0
        if self._overlays:
            mixed: NDArray[np.int32] = out.astype(np.int32)
            for overlay in self._overlays:
                part = overlay.pcm[overlay.position : overlay.position + len(out)]
                mixed[: len(part)] += part
                overlay.position += len(part)
                if overlay is self._tail:
                    ended = len(part) if overlay.position == len(overlay.pcm) else None
            out[:] = np.clip(mixed, -32768, 32767)
            self._overlays = [overlay for overlay in self._overlays if overlay.position < len(overlay.pcm)]
        return ended
