"""What is for us and what is not, by hand-made frames and a wake word that hears its own sample value."""

from __future__ import annotations

import numpy as np
import pytest

from voice.audio.frames import Frame, Pcm
from voice.vad.speech_gate import Edge
from voice.wake.wake_gate import AWAKE_S, ONE_BREATH_S, WakeGate

NAME = 77


class Keyword:
    """Says its phrase while `NAME` is the last sample it was given; counts what it heard."""

    phrases: tuple[str, ...] = ("name",)
    lead_s = 0.1
    lag_s = 0.02

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.resets = 0

    def detect(self, pcm: Pcm) -> str | None:
        self.heard.append(int(pcm[-1]))
        return "name" if pcm[-1] == NAME else None

    def reset(self) -> None:
        self.resets += 1


def frame(number: int, value: int = 0) -> Frame:
    """The 20 ms frame that ends at 20 ms × (number + 1)."""
    return Frame(np.full(320, value, np.int16), round((number + 1) * 0.02, 6))


def test_silence_costs_nothing_and_the_moment_before_speech_is_heard_too() -> None:
    word = Keyword()
    gate = WakeGate(word)
    for number in range(50):
        assert gate.update(frame(number, number), stirring=False) is None
    assert word.heard == []
    gate.update(frame(50, 50), stirring=True)
    assert word.heard == [44, 45, 46, 47, 48, 49, 50], "100 ms before, and the frame itself"


def test_it_listens_on_for_a_while_after_speech_and_then_starts_anew() -> None:
    word = Keyword()
    gate = WakeGate(word)
    gate.update(frame(0), stirring=True)
    after = round(AWAKE_S / 0.02)
    for number in range(1, after + 1):
        gate.update(frame(number), stirring=False)
    assert len(word.heard) == after + 1 and word.resets == 0
    gate.update(frame(after + 1), stirring=False)
    assert len(word.heard) == after + 1 and word.resets == 1


def test_the_wake_word_is_told_once_with_the_time_of_its_end() -> None:
    gate = WakeGate(Keyword(), refractory_s=1.0)
    told = [gate.update(frame(number, NAME), stirring=True) for number in range(60)]
    assert told[0] is not None and told[0].ended == pytest.approx(0.0)
    assert [number for number, called in enumerate(told) if called] == [0, 50], "again after the refractory time"


def test_speech_that_nobody_called_for_is_not_for_us() -> None:
    gate = WakeGate(Keyword())
    assert gate.edges(Edge(True, 1.0), 1.06, idle=True) == []
    assert gate.edges(Edge(False, 2.0), 2.06, idle=True) == [Edge(False, 2.0)]
    assert gate.edges(Edge(True, 3.0), 3.06, idle=False) == [Edge(True, 3.0)], "in a turn everything counts"


def test_whoever_called_is_listened_to_for_a_while() -> None:
    gate = WakeGate(Keyword(), window_s=8.0)
    gate.call(1.0, 0.96, speaking=False)
    assert gate.edges(Edge(True, 8.9), 8.96, idle=True) == [Edge(True, 8.9)]
    assert gate.edges(Edge(True, 9.0), 9.06, idle=True) == []


def test_in_one_breath_the_turn_begins_after_the_wake_word() -> None:
    gate = WakeGate(Keyword())
    gate.call(1.0, 0.96, speaking=True)
    assert gate.edges(None, 1.0 + ONE_BREATH_S - 0.02, idle=True) == []
    assert gate.edges(None, 1.0 + ONE_BREATH_S, idle=True) == [Edge(True, 0.96)]
    assert gate.edges(None, 1.0 + ONE_BREATH_S + 0.02, idle=True) == [], "once"


def test_the_end_of_the_wake_word_itself_is_no_turn() -> None:
    gate = WakeGate(Keyword())
    gate.call(1.0, 0.96, speaking=True)
    assert gate.edges(Edge(False, 1.05), 1.2, idle=True) == [Edge(False, 1.05)]
    assert gate.edges(None, 2.0, idle=True) == []
    assert gate.edges(Edge(True, 2.5), 2.56, idle=True) == [Edge(True, 2.5)], "but what follows is"


def test_one_short_word_after_the_wake_word_is_a_turn() -> None:
    gate = WakeGate(Keyword())
    gate.call(1.0, 0.96, speaking=True)
    assert gate.edges(Edge(False, 1.2), 1.3, idle=True) == [Edge(True, 0.96), Edge(False, 1.2)]


def test_after_a_reply_no_wake_word_is_needed_for_a_while() -> None:
    gate = WakeGate(Keyword(), follow_up_s=5.0)
    gate.answered(10.0)
    assert gate.open(14.9) and not gate.open(15.0)
    gate.call(20.0, 20.0, speaking=False)
    gate.answered(21.0)
    assert gate.open(27.9), "a shorter time does not end a longer one"
    gate.close()
    assert not gate.open(21.0)


def test_always_is_always() -> None:
    gate = WakeGate(always=True)
    assert gate.edges(Edge(True, 1.0), 1.06, idle=True) == [Edge(True, 1.0)]
    assert gate.update(frame(0, NAME), stirring=True) is None and gate.phrases == ()
