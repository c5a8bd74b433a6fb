"""A person's soft words are theirs; a voice that was there before and goes on is a television's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.vad.near_speaker import ALONE_S, BRIEF_S, HELD_S, LONGEST_S, QUIET_S, REMEMBERED_S, SETTLED_S, TRAILS_S
from voice.vad.speech_gate import Edge, SpeechGate

FRAME_S = 0.02
LOUD = -20.0
SILENCE = -100.0


class Heard:
    """A gate, the frames that it was given so far, and their edges."""

    def __init__(self, *, afar: bool = False) -> None:
        self.gate = SpeechGate(start_s=0.06, hangover_s=0.0, background_db=15.0, afar=afar)
        self.at = 0.0
        self.edges: list[tuple[float, Edge]] = []
        self.mistaken: list[float] = []

    def voice(self, dbfs: float, duration_s: float) -> Heard:
        """A voice so loud; one below −90 dBFS is none."""
        for _ in range(round(duration_s / FRAME_S)):
            self.at = round(self.at + FRAME_S, 6)
            edge = self.gate.update(float(dbfs > -90), self.at, FRAME_S, dbfs)
            if edge is not None:
                self.edges.append((self.at, edge))
            if self.gate.mistaken_since is not None:
                self.mistaken.append(self.gate.mistaken_since)
        return self

    @property
    def spoken(self) -> list[tuple[float, float]]:
        """When the speech that was noticed began and ended."""
        times = [round(edge.at, 6) for _, edge in self.edges]
        return list(zip(times[::2], times[1::2], strict=False))


@pytest.mark.parametrize("softer_db", [0.0, 3.0, 6.0, 9.0, 12.0, 14.0])
def test_soft_words_after_a_loud_turn_begin_as_soon_as_loud_ones(softer_db: float) -> None:
    heard = Heard().voice(LOUD, 1.5).voice(SILENCE, 4.0).voice(LOUD - softer_db, 1.5).voice(SILENCE, 1.5)
    assert heard.spoken == [(0.0, 1.5), (5.5, 7.0)]
    noticed, _ = heard.edges[2]
    assert noticed == pytest.approx(5.56)


@pytest.mark.parametrize("softer_db", [6.0, 10.0, 14.0, 17.0])
def test_the_last_words_of_a_person_who_turns_away_are_theirs(softer_db: float) -> None:
    heard = Heard().voice(LOUD, 1.0).voice(LOUD - softer_db, 1.5).voice(SILENCE, 0.3)
    assert heard.spoken == [(0.0, 2.5)]


@pytest.mark.parametrize("first", [-28.0, -32.0, -34.0, -38.0, -60.0])
def test_words_that_grow_louder_are_heard_from_their_first_sample(first: float) -> None:
    heard = Heard().voice(LOUD, 1.0).voice(SILENCE, 3.0)
    heard.voice(first, 0.4).voice(LOUD, 0.6).voice(SILENCE, 0.3)
    assert heard.spoken[1] == (4.0, 5.0)


@pytest.mark.parametrize("dbfs", [-26.0, -35.0, -50.0])
def test_the_first_words_of_a_session_may_be_soft(dbfs: float) -> None:
    heard = Heard().voice(SILENCE, 1.0).voice(dbfs, 2.5).voice(SILENCE, 0.3).voice(dbfs, 0.5).voice(SILENCE, 1.2)
    assert heard.spoken == [(1.0, 4.3)]


@pytest.mark.parametrize("dbfs", [-26.0, -35.0, -50.0])
def test_soft_words_into_a_quiet_room_cost_no_time_and_may_be_followed_by_softer_ones(dbfs: float) -> None:
    heard = Heard().voice(SILENCE, QUIET_S).voice(dbfs, 1.0).voice(SILENCE, 0.1)
    (noticed, start), (_, end) = heard.edges
    assert noticed == pytest.approx(QUIET_S + 0.06) and (start.at, end.at) == (QUIET_S, QUIET_S + 1.0)
    assert heard.gate.quiet, "the turn may end as any other"
    heard.voice(SILENCE, 1.5).voice(dbfs - 9.0, 1.0).voice(SILENCE, 0.1)
    assert len(heard.spoken) == 2


def test_a_person_who_comes_back_softly_into_a_quiet_room_is_heard_at_once() -> None:
    heard = Heard().voice(LOUD, 1.0).voice(SILENCE, REMEMBERED_S + 1.0).voice(LOUD - 20.0, 1.0).voice(SILENCE, 0.1)
    noticed, _ = heard.edges[2]
    assert noticed == pytest.approx(REMEMBERED_S + 2.06) and len(heard.spoken) == 2


def test_a_television_that_is_switched_on_in_a_quiet_room_is_known_for_one_after_a_while() -> None:
    heard = Heard().voice(SILENCE, QUIET_S).voice(-35.0, LONGEST_S + 2.0)
    assert heard.mistaken == [QUIET_S]
    assert heard.voice(SILENCE, 0.4).voice(-35.0, 4.0).voice(SILENCE, 2.0).spoken[1:] == []


def test_a_voice_after_a_short_silence_may_still_be_a_television() -> None:
    heard = Heard().voice(SILENCE, QUIET_S - 0.1).voice(-35.0, 1.0).voice(SILENCE, 0.3)
    assert heard.edges == []


def test_soft_words_are_answered_after_a_longer_silence() -> None:
    heard = Heard().voice(LOUD, 1.5).voice(SILENCE, 0.1)
    assert heard.gate.quiet
    heard.voice(SILENCE, 4.0).voice(LOUD - 10.0, 1.0).voice(SILENCE, HELD_S - FRAME_S)
    assert not heard.gate.quiet
    heard.voice(SILENCE, FRAME_S)
    assert heard.gate.quiet


def test_who_speaks_softly_now_and_again_may_become_softer_still() -> None:
    heard = Heard().voice(LOUD, 1.5).voice(SILENCE, 2.0)
    for softer_db in (8.0, 12.0, 16.0):
        heard.voice(LOUD - softer_db, 1.0).voice(SILENCE, 2.0)
    assert [round(end - begin, 6) for begin, end in heard.spoken] == [1.5, 1.0, 1.0, 1.0]


def test_a_soft_voice_that_goes_on_was_a_television_and_is_one_from_then_on() -> None:
    heard = Heard().voice(LOUD, 1.5).voice(SILENCE, 4.0)
    for _ in range(5):
        heard.voice(LOUD - 12.0, 1.6).voice(SILENCE, 0.4)
    assert heard.mistaken == [5.5] and not heard.gate.stirring
    before = len(heard.edges)
    heard.voice(LOUD - 11.0, 4.0).voice(SILENCE, 5.0).voice(LOUD - 12.0, 4.0)
    assert len(heard.edges) == before
    heard.voice(LOUD, 1.5).voice(LOUD - 12.0, 2.0)
    start, stop = heard.edges[before:]
    assert start[1].at == pytest.approx(heard.at - 3.5) and stop[1].at == pytest.approx(heard.at - 2.0, abs=0.2)


def test_a_television_that_comes_on_during_a_turn_does_not_keep_it_open() -> None:
    heard = Heard().voice(LOUD, 1.5).voice(LOUD - 12.0, TRAILS_S + 0.4)
    assert not heard.gate.speaking and heard.mistaken == []


@pytest.mark.parametrize("softer_db", [18.0, 30.0])
def test_what_a_far_voice_said_for_long_is_not_the_beginning_of_the_words(softer_db: float) -> None:
    heard = Heard().voice(LOUD, 1.5).voice(SILENCE, 3.0)
    heard.voice(LOUD - softer_db, SETTLED_S + 1.0).voice(LOUD, 1.0).voice(SILENCE, 0.3)
    assert heard.spoken[1] == (7.5, 8.5)


@pytest.mark.parametrize("softer_db", [8.0, 12.0, 20.0])
@pytest.mark.parametrize("before_s", [BRIEF_S + 0.5, SETTLED_S + 0.5, LONGEST_S + 2.0])
def test_the_first_to_speak_beside_a_television_is_told_from_it(softer_db: float, before_s: float) -> None:
    heard = Heard().voice(LOUD - softer_db, before_s).voice(LOUD, 1.5).voice(LOUD - softer_db, 2.0)
    ((begin, end),) = heard.spoken
    assert begin == pytest.approx(before_s) and end == pytest.approx(before_s + 1.5, abs=0.21)


def test_a_person_is_heard_beside_a_television_that_is_almost_as_loud() -> None:
    heard = Heard().voice(LOUD, 1.5).voice(SILENCE, 3.0).voice(LOUD - 16.0, 3.0)
    for louder_db in range(1, 13):
        heard.voice(LOUD - 16.0 + louder_db, 1.0)
    heard.voice(SILENCE, 0.2)
    before = len(heard.edges)
    assert heard.voice(LOUD, 1.0).edges[before:], "never more than LEAST_DB below their own level"


@given(st.lists(st.tuples(st.floats(-12.0, 0.0), st.integers(10, 120), st.integers(5, 300)), max_size=12))
def test_no_word_is_lost_in_a_quiet_room(words: list[tuple[float, int, int]]) -> None:
    """Words of any loudness down to −12 dB, each 0.2 to 2.4 s long, after pauses of 0.1 to 6 s, and one loud one."""
    heard, said, alone_s = Heard().voice(LOUD, 1.0), [(0.0, 1.0)], 0.0
    for softer, frames, pause in words:
        heard.voice(SILENCE, pause * FRAME_S)
        alone_s = frames * FRAME_S + (alone_s + pause * FRAME_S if pause * FRAME_S <= ALONE_S else 0.0)
        if alone_s > TRAILS_S:  # a voice that goes on for longer without a pause is taken for a television's
            return
        said.append((heard.at, heard.at + frames * FRAME_S))
        heard.voice(LOUD + softer, frames * FRAME_S)
    heard.voice(SILENCE, 0.2)
    for begin, end in said:
        assert any(start <= begin + 1e-6 and end <= stop + 1e-6 for start, stop in heard.spoken)


@given(
    st.lists(st.tuples(st.sampled_from([-100.0, -45.0, -32.0, -20.0, -8.0]), st.integers(1, 150)), max_size=20),
    st.booleans(),
)
def test_speech_is_never_noticed_later_than_what_is_kept(parts: list[tuple[float, int]], afar: bool) -> None:
    heard = Heard(afar=afar)
    for dbfs, frames in parts:
        heard.voice(dbfs, frames * FRAME_S)
    for at, edge in heard.edges:
        assert not edge.speech or at - edge.at <= heard.gate.holds_s + 1e-6
