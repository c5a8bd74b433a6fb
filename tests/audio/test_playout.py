"""The playout buffer: order, fades, counts and events, whatever the order of calls."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voice.audio import playout as module
from voice.audio.frames import Pcm
from voice.audio.playout import Playout, PlayoutAudible, PlayoutDrained, PlayoutEvent, Silenced

RATE = 1000


def make(fade_ms: float = 10) -> tuple[Playout, list[PlayoutEvent]]:
    events: list[PlayoutEvent] = []
    return Playout(RATE, events.append, fade_ms), events


def ramp(count: int, start: int = 1) -> Pcm:
    """Samples that name themselves: start, start + 1, …"""
    return np.arange(start, start + count, dtype=np.int16)


def test_a_reply_is_played_whole_and_told() -> None:
    playout, events = make()
    playout.begin(7)
    assert playout.pull(5, 0.0).tolist() == [0] * 5
    playout.push(ramp(12))
    playout.finish()
    assert playout.buffered_s == 0.012
    assert playout.pull(10, 1.0).tolist() == ramp(10).tolist()
    assert playout.pull(10, 1.01).tolist() == [11, 12] + [0] * 8
    assert events == [PlayoutAudible(7, 1.0), PlayoutDrained(7, 1.012)]
    assert playout.played == 12


def test_an_empty_reply_is_drained_too() -> None:
    playout, events = make()
    playout.begin(1)
    playout.finish()
    playout.pull(10, 2.0)
    assert events == [PlayoutDrained(1, 2.0)]


def test_a_held_reply_waits_for_its_release() -> None:
    playout, events = make()
    playout.begin(1, held=True)
    playout.push(ramp(4))
    playout.finish()
    assert not playout.pull(10, 0.0).any()
    assert events == []
    playout.release()
    assert playout.pull(4, 0.5).tolist() == [1, 2, 3, 4]
    assert events == [PlayoutAudible(1, 0.5), PlayoutDrained(1, 0.504)]


def test_a_held_reply_can_be_dropped_unheard() -> None:
    playout, events = make()
    playout.begin(1, held=True)
    playout.push(ramp(40))
    playout.drop()
    assert not playout.pull(20, 0.0).any()
    assert events == [Silenced(1, 0.0)]
    assert playout.played == 0


def test_pause_fades_and_resume_goes_on_from_the_same_sample() -> None:
    playout, events = make(fade_ms=4)
    playout.begin(1)
    playout.push(np.full(20, 1000, dtype=np.int16))
    playout.pull(8, 0.0)
    playout.pause()
    assert playout.pull(6, 1.0).tolist() == [750, 500, 250, 0, 0, 0]
    assert playout.played == 8
    assert events[-1] == Silenced(1, 1.004)
    playout.resume()
    assert playout.pull(6, 2.0).tolist() == [250, 500, 750, 1000, 1000, 1000]
    assert playout.played == 14


def test_a_pause_taken_back_within_its_fade_crosses_over() -> None:
    playout, events = make(fade_ms=4)
    playout.begin(1)
    playout.push(np.full(20, 1000, dtype=np.int16))
    playout.pull(8, 0.0)
    playout.pause()
    playout.resume()
    assert playout.pull(6, 1.0).tolist() == [1000] * 6
    assert events == [PlayoutAudible(1, 0.0)]


def test_drop_fades_and_forgets() -> None:
    playout, events = make(fade_ms=4)
    playout.begin(3)
    playout.push(np.full(100, 1000, dtype=np.int16))
    playout.pull(10, 0.0)
    playout.drop()
    assert not playout.push(ramp(5))
    assert playout.refused == 5
    assert playout.pull(2, 1.0).tolist() == [750, 500]
    assert playout.pull(2, 1.002).tolist() == [250, 0]
    assert events[-1] == Silenced(3, 1.004)
    assert playout.played == 10
    assert playout.buffered_s == 0.0


def test_drop_while_paused_is_told_at_once() -> None:
    playout, events = make(fade_ms=4)
    playout.begin(3)
    playout.push(ramp(100))
    playout.pull(10, 0.0)
    playout.pause()
    playout.pull(10, 1.0)
    playout.drop()
    assert not playout.pull(10, 2.0).any()
    assert events[1:] == [Silenced(3, 1.004), Silenced(3, 2.0)]


def test_the_next_reply_begins_under_the_tail_of_the_former() -> None:
    playout, events = make(fade_ms=4)
    playout.begin(1)
    playout.push(np.full(100, 1000, dtype=np.int16))
    playout.pull(10, 0.0)
    playout.begin(2)
    playout.push(np.full(4, 1, dtype=np.int16))
    playout.finish()
    assert playout.pull(5, 1.0).tolist() == [751, 501, 251, 1, 0]
    assert events[1:] == [PlayoutAudible(2, 1.0), PlayoutDrained(2, 1.004), Silenced(1, 1.004)]


def test_pause_and_drop_after_the_end_are_silent() -> None:
    playout, events = make()
    playout.begin(1)
    playout.push(ramp(3))
    playout.finish()
    playout.pull(5, 0.0)
    playout.pause()
    playout.drop()
    playout.pull(5, 0.1)
    assert events == [PlayoutAudible(1, 0.0), PlayoutDrained(1, 0.003)]


def test_a_chime_is_mixed_clipped_and_not_counted() -> None:
    playout, events = make()
    playout.begin(1)
    playout.push(np.full(4, 30_000, dtype=np.int16))
    playout.chime(np.full(6, 10_000, dtype=np.int16))
    assert playout.pull(3, 0.0).tolist() == [32_767] * 3
    assert playout.pull(5, 0.0).tolist() == [32_767, 10_000, 10_000, 0, 0]
    assert playout.played == 4
    assert events == [PlayoutAudible(1, 0.0)]


def test_chimes_are_bounded() -> None:
    playout, _ = make()
    for _ in range(100):
        playout.chime(np.full(10, 1, dtype=np.int16))
    assert playout.pull(1, 0.0).tolist() == [module.MAX_OVERLAYS]


def test_a_full_buffer_refuses_and_says_so() -> None:
    playout, _ = make()
    playout.begin(1)
    long = np.ones(int(module.MAX_BUFFERED_S * RATE), dtype=np.int16)
    assert playout.push(long)
    assert not playout.push(ramp(10))
    assert playout.refused == 10
    playout.pull(500, 0.0)
    assert playout.push(ramp(10))


def test_late_audio_and_a_late_end_of_a_former_reply_are_refused() -> None:
    playout, events = make()
    playout.begin(1)
    playout.begin(2)
    assert not playout.push(ramp(5), reply=1)
    playout.finish(reply=1)
    assert playout.push(ramp(3), reply=2)
    assert playout.pull(5, 0.0).tolist() == [1, 2, 3, 0, 0]
    assert events == [PlayoutAudible(2, 0.0), Silenced(1, 0.0)]
    playout.finish(reply=2)
    playout.pull(1, 1.0)
    assert events[-1] == PlayoutDrained(2, 1.0)


def test_the_tap_hears_everything_pulled() -> None:
    playout, _ = make()
    heard: list[tuple[list[int], float]] = []
    playout.tap = lambda pcm, at: heard.append((pcm.tolist(), at))
    playout.begin(1)
    playout.push(ramp(2))
    playout.pull(3, 0.25)
    assert heard == [([1, 2, 0], 0.25)]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.integers(0, 40)),
        st.tuples(st.just("pull"), st.integers(1, 30)),
        st.tuples(st.sampled_from(["pause", "resume"]), st.just(0)),
    ),
    max_size=60,
)


@given(steps=STEPS, fade_ms=st.sampled_from([0, 7]), finish=st.booleans())
def test_nothing_is_lost_repeated_or_miscounted(steps: list[tuple[str, int]], fade_ms: float, finish: bool) -> None:
    """Whatever the order of calls, taking fades away leaves what was pushed, once and in order."""
    playout, events = make(fade_ms)
    playout.begin(1)
    pushed = 0
    out: list[Pcm] = []
    counted: list[Pcm] = []

    def pull(count: int) -> None:
        before = playout.played
        out.append(playout.pull(count, len(np.concatenate(out)) / RATE if out else 0.0))
        counted.append(ramp(playout.played - before, before + 1))

    for name, count in steps:
        if name == "push":
            assert playout.push(ramp(count, pushed + 1))
            pushed += count
        elif name == "pull":
            pull(count)
        elif name == "pause":
            playout.pause()
        else:
            playout.resume()
        assert playout.played + round(playout.buffered_s * RATE) == pushed
    playout.resume()
    if finish:
        playout.finish()
    pull(pushed + 20)
    assert playout.played == pushed
    assert np.concatenate(counted).tolist() == ramp(pushed).tolist()
    if fade_ms == 0:
        heard = np.concatenate(out)
        assert heard[heard != 0].tolist() == ramp(pushed).tolist()
    assert sum(isinstance(event, PlayoutDrained) for event in events) == finish
    assert sum(isinstance(event, PlayoutAudible) for event in events) == (pushed > 0)


@given(st.lists(st.integers(1, 25), min_size=1, max_size=8), st.integers(0, 60))
def test_a_drop_is_silent_within_its_fade(pulls: list[int], at: int) -> None:
    playout, events = make(fade_ms=10)
    playout.begin(1)
    playout.push(np.full(200, 1000, dtype=np.int16))
    if at:
        playout.pull(at, 0.0)
    playout.drop()
    rest = np.concatenate([playout.pull(count, 1.0) for count in [*pulls, 20]])
    assert not rest[9:].any()
    assert (np.diff(rest[:10]) <= 0).all()
    assert sum(isinstance(event, Silenced) for event in events) == 1
    assert playout.played == at
