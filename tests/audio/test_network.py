"""A peer's audio: heard frame by frame as it comes, and a reply sent so that a late piece makes no gap."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from voice.audio.frames import RATE, Pcm, silence
from voice.audio.network import (
    FADE_MS,
    PACE_S,
    PATIENCE_S,
    START_S,
    TICK_S,
    NetworkSink,
    NetworkSource,
    PacedSink,
    RemotePlayout,
)
from voice.clock import run_virtual

WIRE = 24_000


def tone(seconds: float) -> Pcm:
    return np.full(round(seconds * WIRE), 1000, np.int16)


def sent(made: list[tuple[float, float]], until: float | None = None) -> list[tuple[float, float]]:
    """When what was sent of a reply of which so many seconds are made at these times, complete at the time `until`."""

    async def run() -> list[tuple[float, float]]:
        loop = asyncio.get_running_loop()
        found: list[tuple[float, float]] = []
        playout = RemotePlayout(WIRE, lambda event: None, loop.time, lambda: False)
        sink = NetworkSink(playout, lambda pcm: found.append((loop.time() - began, len(pcm) / WIRE)), lambda: True)
        await sink.start()
        began = loop.time()
        playout.begin(1)
        sink.wake()
        for at, seconds in made:
            loop.call_at(began + at, playout.push, tone(seconds))
        if until is not None:
            loop.call_at(began + until, playout.finish)
        await asyncio.sleep(5.0)
        await sink.close()
        return found

    return run_virtual(run())


def test_a_reply_begins_with_enough_of_it() -> None:
    found = sent([(0.0, 0.1), (0.02, 0.15), (0.4, 1.0)])
    assert found[0][0] == pytest.approx(0.02, abs=TICK_S + 1e-6)
    assert sum(seconds for at, seconds in found if at < 0.1) == pytest.approx(0.25)
    assert sum(seconds for _, seconds in found) == pytest.approx(1.25)


def test_a_slow_voice_begins_with_what_there_is() -> None:
    found = sent([(1.0, 0.1), (1.3, 0.1)])
    assert found[0][1] < START_S
    assert found[0][0] == pytest.approx(1.0 + PATIENCE_S, abs=2 * TICK_S)


def test_a_short_reply_that_is_complete_is_sent_at_once() -> None:
    ((at, seconds),) = sent([(0.5, 0.1)], until=0.5)
    assert at == pytest.approx(0.5, abs=TICK_S + 1e-6)
    assert seconds == 0.1


def test_what_was_heard_of_a_dropped_reply_grows_no_more() -> None:
    """Whoever asks later gets the same answer; a report of the peer may still correct it."""
    now = 0.0
    playout = RemotePlayout(WIRE, lambda event: None, lambda: now, lambda: False)
    playout.begin(1)
    playout.push(tone(2.0))
    playout.take(2 * WIRE, 0.0)
    now = 0.5
    playout.drop()
    now = 1.5
    assert playout.played == 0.5 * WIRE
    playout.report(WIRE // 4)
    now = 2.0
    assert playout.played == 0.25 * WIRE
    playout.begin(2)
    playout.push(tone(2.0))
    playout.take(2 * WIRE, now)
    now = 2.75
    assert playout.played == 0.75 * WIRE


def test_a_piece_is_a_frame_when_it_comes() -> None:
    async def run() -> list[float]:
        loop = asyncio.get_running_loop()
        source = NetworkSource(20, lambda: False)
        began, late = loop.time(), []

        async def speak() -> None:
            for number in range(10):
                await asyncio.sleep(began + 0.02 * (number + 1) - loop.time())
                source.put(silence(0.02))
            await asyncio.sleep(0.01)
            await source.close()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(speak())
            async for frame in source.frames():
                assert len(frame.pcm) == RATE // 50
                late.append(loop.time() - frame.at)
        return late

    assert run_virtual(run()) == pytest.approx([0.0] * 10, abs=1e-6)


class Track:
    """A track that pulls from a sink in virtual time; `now` is the time of its next piece."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sent: list[Pcm] = []
        self.playout = RemotePlayout(WIRE, lambda event: None, lambda: self.now, lambda: False, FADE_MS)
        self.sink = PacedSink(self.playout, self.sent.append)

    def pull(self, pieces: int) -> Pcm:
        parts = []
        for _ in range(pieces):
            parts.append(self.sink.pull(self.now))
            self.now += PACE_S
        return np.concatenate(parts)


def test_a_track_is_silent_until_there_is_enough_of_a_reply_and_then_plays_it_as_it_comes() -> None:
    track = Track()
    track.playout.begin(1)
    track.playout.push(tone(0.03))
    assert not track.pull(2).any(), "the second piece of a reply may come late"
    assert not track.sent
    track.playout.push(tone(0.2))
    assert np.count_nonzero(track.pull(10)) == pytest.approx(0.2 * WIRE, abs=5)
    assert len(track.sent) == 10
    assert track.playout.played == round(0.2 * WIRE), "what was sent was heard when its time was over"


def test_a_track_fades_and_is_silent_at_once_when_the_reply_is_dropped() -> None:
    track = Track()
    track.playout.begin(1)
    track.playout.push(tone(2.0))
    track.pull(25)
    track.playout.drop()
    heard = track.playout.played
    rest = track.pull(10)
    fade = round(WIRE * FADE_MS / 1000)
    assert 0 < rest[fade // 2] < 1000
    assert not rest[fade:].any()
    assert track.playout.played == heard == round(0.5 * WIRE)


def test_a_track_continues_a_paused_reply_from_the_same_sample() -> None:
    track = Track()
    track.playout.begin(1)
    track.playout.push(tone(1.0))
    track.pull(10)
    track.playout.pause()
    track.pull(50)
    assert track.playout.sent == round(0.2 * WIRE)
    track.playout.resume()
    track.pull(40)
    assert track.playout.sent == WIRE
    assert sum(map(len, track.sent)) == WIRE


def test_a_closed_sink_is_silent() -> None:
    track = Track()
    track.playout.begin(1)
    track.playout.push(tone(1.0))
    asyncio.run(track.sink.close())
    assert not track.pull(10).any()
