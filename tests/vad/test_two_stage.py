"""The good detector hears only what the cheap one lets through, and enough around it."""

from __future__ import annotations

import numpy as np

from tests.support.energy_vad import EnergyDetector
from voice.audio.frames import Pcm, silence
from voice.vad.two_stage import TwoStageDetector


class Counting:
    """A detector that believes everything, and counts what it is given."""

    name, hangover_s = "counting", 0.05

    def __init__(self) -> None:
        self.given = self.resets = 0

    def probability(self, pcm: Pcm) -> float:
        self.given += 1
        return 0.9

    def reset(self) -> None:
        self.resets += 1


LOUD: Pcm = np.full(320, 8000, dtype=np.int16)


def test_nothing_is_asked_while_nothing_sounds() -> None:
    good = Counting()
    both = TwoStageDetector(EnergyDetector(), good)
    assert {both.probability(silence(0.02)) for _ in range(500)} == {0.0}
    assert good.given == 0


def test_the_good_one_hears_what_was_before_and_for_a_while_after() -> None:
    good = Counting()
    both = TwoStageDetector(EnergyDetector(), good)
    for _ in range(100):
        both.probability(silence(0.02))
    assert both.probability(LOUD) == 0.9
    assert good.given == 16, "0.3 s before it, and the frame"
    after = [both.probability(silence(0.02)) for _ in range(20)]
    assert after == [0.9] * 14 + [0.0] * 6
    assert both.hangover_s == good.hangover_s


def test_reset_forgets() -> None:
    good = Counting()
    both = TwoStageDetector(EnergyDetector(), good)
    both.probability(LOUD)
    both.reset()
    assert both.probability(silence(0.02)) == 0.0
