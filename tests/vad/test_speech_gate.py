"""The edges of speech fall where a person would put them, whatever the detector's habits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.vad.speech_gate import STOP_S, Edge, SpeechGate

FRAME_S = 0.02


def edges(gate: SpeechGate, voiced: list[bool]) -> list[Edge]:
    heard = [gate.update(float(v), round((i + 1) * FRAME_S, 6), FRAME_S) for i, v in enumerate(voiced)]
    return [edge for edge in heard if edge is not None]


def pattern(text: str) -> list[bool]:
    return [sign == "#" for sign in text]


def test_speech_begins_at_its_first_sample_though_it_is_noticed_later() -> None:
    gate = SpeechGate(start_s=0.06, hangover_s=0.0)
    (edge,) = edges(gate, pattern("..#####"))
    assert edge.speech and round(edge.at, 6) == 0.04
    assert gate.speaking


def test_speech_stops_at_its_last_sample_without_the_hangover() -> None:
    gate = SpeechGate(start_s=0.06, hangover_s=0.04)
    start, stop = edges(gate, pattern("#" * 10 + "....."))
    assert (start.at, round(stop.at, 6)) == (0.0, 0.16)


def test_a_click_is_not_speech_and_a_short_dip_does_not_end_it() -> None:
    gate = SpeechGate(start_s=0.06, hangover_s=0.0)
    assert edges(gate, pattern("##......##....")) == []
    assert len(edges(SpeechGate(start_s=0.06, hangover_s=0.0), pattern("#####..#####..####"))) == 1


def test_voiced_frames_that_may_become_speech_stir_the_gate() -> None:
    gate = SpeechGate(start_s=0.06, hangover_s=0.0)
    assert not gate.stirring
    edges(gate, pattern("#"))
    assert gate.stirring and not gate.speaking


def spoken(gate: SpeechGate, levels: list[float], since: float = 0.0) -> list[Edge]:
    """The edges of frames that all hold a voice so loud; below −90 they hold none."""
    heard = [
        gate.update(float(level > -90), round(since + (i + 1) * FRAME_S, 6), FRAME_S, level)
        for i, level in enumerate(levels)
    ]
    return [edge for edge in heard if edge is not None]


def test_the_speech_of_a_person_ends_though_a_softer_voice_goes_on() -> None:
    gate = SpeechGate(start_s=0.06, hangover_s=0.0, background_db=12.0)
    start, stop = spoken(gate, [-20.0] * 100 + [-40.0] * 100)
    assert start.speech and not stop.speech
    assert abs(stop.at - 2.0) <= 0.32, "known after a syllable"


def test_a_softer_voice_alone_starts_nothing_until_the_person_is_long_gone() -> None:
    gate = SpeechGate(start_s=0.06, hangover_s=0.0, background_db=12.0)
    spoken(gate, [-20.0] * 100 + [-100.0] * 20)
    assert spoken(gate, [-35.0] * 200, since=10.0) == []
    assert spoken(gate, [-26.0] * 50, since=20.0)[0].speech, "a person does not always speak alike"
    spoken(gate, [-100.0] * 20, since=21.0)
    assert spoken(gate, [-35.0] * 50 + [-100.0] * 50, since=200.0)[0].speech


def test_somebody_much_nearer_makes_background_of_who_was_heard_before() -> None:
    gate = SpeechGate(start_s=0.06, hangover_s=0.0, background_db=12.0, afar=True)
    start, nearer = spoken(gate, [-45.0] * 100 + [-20.0] * 50)
    assert start.speech and nearer.nearer and abs(nearer.at - 2.0) < 0.03


def test_without_a_limit_all_are_heard_alike() -> None:
    gate = SpeechGate(start_s=0.06, hangover_s=0.0)
    assert len(spoken(gate, [-20.0] * 100 + [-60.0] * 100)) == 1


@given(st.lists(st.booleans(), max_size=300), st.sampled_from([0.02, 0.06, 0.1]), st.sampled_from([0.0, 0.05, 0.15]))
def test_edges_alternate_and_never_run_backwards(voiced: list[bool], start_s: float, hangover_s: float) -> None:
    seen = edges(SpeechGate(start_s=start_s, hangover_s=hangover_s), voiced)
    assert [edge.speech for edge in seen] == [index % 2 == 0 for index in range(len(seen))]
    for start, stop in zip(seen[::2], seen[1::2], strict=False):
        assert start.at <= stop.at
        assert stop.at <= len(voiced) * FRAME_S - STOP_S + 1e-6


def test_who_becomes_loud_by_and_by_is_the_same_person() -> None:
    gate = SpeechGate(start_s=0.06, hangover_s=0.0, background_db=12.0, afar=True)
    edges = spoken(gate, [-45.0] * 40 + [-37.0] * 8 + [-29.0] * 20 + [-21.0] * 30)
    assert [edge.nearer for edge in edges] == [False]


def test_a_soft_voice_before_anyone_has_spoken_is_speech_once_it_has_stood_alone() -> None:
    gate = SpeechGate(start_s=0.06, hangover_s=0.0, background_db=12.0)
    start, stop = spoken(gate, [-100.0] * 50 + [-50.0] * 100 + [-100.0] * 50)
    assert (start.speech, round(start.at, 6)) == (True, 1.0)
    assert (stop.speech, round(stop.at, 6)) == (False, 3.0)
    again = spoken(gate, [-50.0] * 10, since=5.0)
    assert again[0].speech, "how loud they speak is known now"


def test_a_soft_voice_that_goes_on_and_on_is_a_television() -> None:
    gate = SpeechGate(start_s=0.06, hangover_s=0.0, background_db=12.0)
    sentence = [-35.0] * 110 + [-100.0] * 25
    assert spoken(gate, sentence * 8 + [-100.0] * 100) == []
    assert gate.quiet
    assert spoken(gate, sentence, since=29.0) == [], "nor its next sentence"


def test_in_rooms_where_people_speak_from_afar_a_soft_voice_is_speech_at_once() -> None:
    gate = SpeechGate(start_s=0.06, hangover_s=0.0, background_db=12.0, afar=True)
    (start,) = spoken(gate, [-100.0] * 50 + [-50.0] * 4)
    assert start.speech


@pytest.mark.parametrize("tv", [-32.0, -40.0, -60.0])
def test_the_person_is_heard_over_a_television_that_was_there_before(tv: float) -> None:
    gate = SpeechGate(start_s=0.06, hangover_s=0.0, background_db=12.0)
    start, stop = spoken(gate, [tv] * 150 + [-20.0] * 75 + [tv] * 100)
    assert abs(start.at - 3.0) <= 0.04, "without what the television said"
    assert abs(stop.at - 4.5) <= 0.21


def test_a_click_is_not_taken_for_a_soft_voice() -> None:
    gate = SpeechGate(start_s=0.06, hangover_s=0.0, background_db=12.0)
    assert spoken(gate, [-40.0] * 2 + [-100.0] * 100) == []


@given(st.lists(st.sampled_from([-100.0, -60.0, -45.0, -32.0, -26.0, -20.0, -8.0]), max_size=600), st.booleans())
def test_edges_alternate_whoever_speaks(levels: list[float], afar: bool) -> None:
    gate = SpeechGate(start_s=0.06, hangover_s=0.05, background_db=12.0, afar=afar)
    seen = [edge for edge in spoken(gate, levels) if not edge.nearer]
    assert [edge.speech for edge in seen] == [index % 2 == 0 for index in range(len(seen))]
    assert all(stop.at >= start.at for start, stop in zip(seen[::2], seen[1::2], strict=False))
