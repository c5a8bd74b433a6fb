"""The edges of speech fall where a person would put them, whatever the detector's habits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voice.vad.speech_gate import STOP_S, Edge, SpeechGate

FRAME_S = 0.02


def edges(gate: SpeechGate, voiced: list[bool]) -> list[Edge]:
    heard = [gate.hear(float(v), round((i + 1) * FRAME_S, 6), FRAME_S) for i, v in enumerate(voiced)]
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


@given(st.lists(st.booleans(), max_size=300), st.sampled_from([0.02, 0.06, 0.1]), st.sampled_from([0.0, 0.05, 0.15]))
def test_edges_alternate_and_never_run_backwards(voiced: list[bool], start_s: float, hangover_s: float) -> None:
    seen = edges(SpeechGate(start_s=start_s, hangover_s=hangover_s), voiced)
    assert [edge.speech for edge in seen] == [index % 2 == 0 for index in range(len(seen))]
    for start, stop in zip(seen[::2], seen[1::2], strict=False):
        assert start.at <= stop.at
        assert stop.at <= len(voiced) * FRAME_S - STOP_S + 1e-6
