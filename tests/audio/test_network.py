"""A peer's audio: heard frame by frame as it comes, and a reply sent so that a late piece makes no gap."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from tests.support.people import Person, Talk, converse, speaks
from tests.support.scripted_session import ScriptedSession, words
from voice.audio.frames import RATE, Frame, Pcm, silence
from voice.audio.network import (
    FADE_MS,
    HOLE_S,
    PACE_S,
    PATIENCE_S,
    STALL_S,
    START_S,
    TICK_S,
    NetworkSink,
    NetworkSource,
    PacedSink,
    RemotePlayout,
)
from voice.clock import run_virtual
from voice.conversation.components import Components
from voice.turn.state import State

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
        source = NetworkSource(20, lambda: False, lambda: False)
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


class DistantPerson(Person):
    """A person at a peer whose audio stops for `stall_s` when it has sent `after_s` of it.

    What they say meanwhile is sent `late`, all at once in pieces, or the peer has stopped to record as well.
    """

    def __init__(self, said: Person, *, begins_s: float, after_s: float, stall_s: float, late: bool) -> None:
        self.source = NetworkSource(20, lambda: False, lambda: False)
        self._said, self._begins_s, self._after_s, self._stall_s, self._late = said, begins_s, after_s, stall_s, late

    def listen(self, parts: Components) -> None:
        """Take the peer's audio in the place of a microphone's."""
        machine = parts.machine
        hearing = (State.LISTENING, State.ENDING)
        self.source = NetworkSource(20, lambda: machine.state is not State.IDLE, lambda: machine.state in hearing)
        parts.source = self

    async def frames(self) -> AsyncIterator[Frame]:
        sending = asyncio.create_task(self._send())
        async for frame in self.source.frames():
            yield frame
        await sending

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        async for frame in self._said.frames():
            at = frame.at - began
            if at < self._begins_s:
                continue
            if at > self._after_s:
                late_s = max(0.0, self._after_s + self._stall_s - at) if self._late else self._stall_s
                await asyncio.sleep(began + at + late_s - loop.time())
            self.source.put(frame.pcm)
        await asyncio.sleep(3 * HOLE_S)
        await self.source.close()


def over_the_network(*said: str | float, begins_s: float = 0.0, stall_s: float, late: bool = False) -> Talk:
    """What comes of a sentence, from 2 s on, of which the audio stops `stall_s` in its middle, at 2.8 s."""
    person = Person(6.0, speaks(2.0, *said))
    peer = DistantPerson(person, begins_s=begins_s, after_s=2.8, stall_s=stall_s, late=late)
    session = ScriptedSession(lambda text: words(f"you said {text}."))
    return run_virtual(converse(person, session, parts=peer.listen))


@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("said", [("what is twelve times seven",), ("what is", 0.3, "twelve times seven")])
def test_a_stall_in_the_audio_of_a_steady_peer_is_no_silence(said: tuple[str | float, ...], late: bool) -> None:
    talk = over_the_network(*said, stall_s=2.0, late=late)
    assert talk.outcomes == ["answered"]
    assert talk.session.asked == ["what is twelve times seven"]


def test_a_stall_that_lasts_ends_the_turn() -> None:
    talk = over_the_network("what is twelve times seven", stall_s=10.0)
    assert talk.session.asked[0] == "what is twelve"
    ended = next(at for at, state in talk.states() if state == "thinking")
    assert ended == pytest.approx(2.8 + STALL_S, abs=0.05)


def test_a_peer_that_sends_only_speech_is_silent_when_it_sends_nothing() -> None:
    talk = over_the_network("what is twelve times seven", begins_s=1.8, stall_s=2.0)
    assert talk.session.asked == ["what is twelve", "times seven"]
    ended = next(at for at, state in talk.states() if state == "thinking")
    assert ended == pytest.approx(2.8 + HOLE_S, abs=0.05)


def test_audio_that_was_late_is_heard_at_once() -> None:
    talk = over_the_network("what is twelve times seven", stall_s=1.0, late=True)
    ended = next(at for at, state in talk.states() if state == "thinking")
    assert ended == pytest.approx(2.0 + 5 * 0.3 + 0.5, abs=0.35)


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
