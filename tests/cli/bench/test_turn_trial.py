"""One clip through the machine in audio time: false ends, late ends and missed ones, each by a clip that has it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cli.bench.test_turn_clips import tone
from tests.support.energy_vad import EnergyDetector
from voice.asr.interface import Transcript
from voice.audio.frames import RATE, Pcm, silence
from voice.cli.bench.turn_clips import LEAD_S, TAIL_S, Clip
from voice.cli.bench.turn_trial import Delays, Evidence, TrialResult, moments, run
from voice.turn.completeness import completeness
from voice.turn.endpointing import Endpointer
from voice.turn.machine import TurnMachine
from voice.turn.state import Policy

AT_ONCE = Delays()


def clip(pause_s: float) -> Clip:
    """A second of speech, a pause, and half a second of speech."""
    parts = [silence(LEAD_S), tone(1.0), silence(pause_s), tone(0.5), silence(TAIL_S)]
    pause = (LEAD_S + 1.0, LEAD_S + 1.0 + pause_s)
    return Clip("made", np.concatenate(parts), (pause,), pause[1] + 0.5)


class Reader:
    """Reads `half` of a clip before its pause is over, and then `whole`."""

    name = "reader"

    def __init__(self, half: str, whole: str) -> None:
        self.half, self.whole, self.reads, self.fed = half, whole, 0, 0

    def warm(self) -> None:
        """Nothing to load."""

    def open(self) -> Reader:
        self.fed = 0
        return self

    def add_audio(self, pcm: Pcm) -> None:
        self.fed += len(pcm)

    def result(self) -> Transcript:
        self.reads += 1
        return Transcript(self.half if self.fed < (LEAD_S + 1.2) * RATE else self.whole)

    def close(self) -> None:
        """Nothing to free."""


class Ear:
    """Takes a turn of this length for complete."""

    def __init__(self, over_s: float) -> None:
        self.over_s, self.asked = over_s, 0

    def warm(self) -> None:
        """Nothing to load."""

    def probability(self, pcm: Pcm) -> float:
        self.asked += 1
        return 0.9 if len(pcm) / RATE > self.over_s else 0.1


def trial(
    pause_s: float,
    *,
    reader: Reader | None = None,
    ear: Ear | None = None,
    silence_s: float = 0.5,
    max_s: float = 1.2,
    delays: Delays = AT_ONCE,
) -> TrialResult:
    made = clip(pause_s)
    person = Endpointer(silence_s=silence_s, min_s=0.25, max_s=max_s, adaptive=bool(reader or ear), judge=completeness)
    policy = Policy(speculate="asr" if reader else "off", judges=ear is not None)
    heard = moments(made, EnergyDetector(), 0.06)
    return run(made, heard, Evidence(made, reader, ear), TurnMachine(policy, person), delays)


@pytest.mark.parametrize(("pause_s", "cut"), [(0.4, False), (0.6, True)])
def test_silence_alone_ends_a_turn_in_a_pause_that_is_longer(pause_s: float, cut: bool) -> None:
    result = trial(pause_s)
    assert result.cut == [cut] and result.delay_s == pytest.approx(0.5, abs=0.021)
    assert result.rules == ["fixed"] * (1 + cut)


def test_words_keep_a_turn_open_and_end_it_soon() -> None:
    result = trial(0.9, reader=Reader("set a timer for", "what time is it"))
    assert result.cut == [False] and result.delay_s == pytest.approx(0.25, abs=0.021)
    assert result.rules == ["complete: question"]


def test_words_that_come_late_delay_the_end_but_not_beyond_the_usual_silence() -> None:
    reader = Reader("set a timer for", "what time is it")
    assert trial(0.3, reader=reader, delays=Delays(words_s=0.3)).delay_s == pytest.approx(0.36, abs=0.021)
    assert trial(0.3, reader=reader, delays=Delays(words_s=2.0)).delay_s == pytest.approx(0.5, abs=0.021)


def test_the_sound_keeps_a_turn_open_and_ends_it_soon() -> None:
    result = trial(0.9, ear=Ear(over_s=2.5))
    assert result.cut == [False] and result.delay_s == pytest.approx(0.25, abs=0.021)
    assert result.rules == ["complete: model 0.90"]


def test_an_end_that_does_not_come_in_time_is_missed() -> None:
    assert trial(0.4, ear=Ear(over_s=99.0), max_s=9.0).delay_s is None


def test_each_moment_is_heard_once_however_many_systems_ask() -> None:
    made, reader, ear = clip(0.5), Reader("what", "what time"), Ear(2.0)
    evidence = Evidence(made, reader, ear)
    for at_s in (1.5, 1.6, 1.5):
        assert evidence.words(at_s) == "what"
    assert [evidence.chance(1.5), evidence.chance(1.5), evidence.chance(2.4)] == [0.1, 0.1, 0.9]
    assert reader.reads == 1 and ear.asked == 2 and len(evidence.judge_ms) == 2
    assert evidence.words(0.1) == ""


def test_a_breath_that_is_no_hesitation_may_not_end_the_turn_either() -> None:
    made = clip(0.15)
    short = Clip(made.name, made.pcm, (), made.end_s)
    person = Endpointer(silence_s=0.1, min_s=0.1, max_s=0.1, adaptive=False)
    result = run(
        short,
        moments(short, EnergyDetector(), 0.06),
        Evidence(short, None, None),
        TurnMachine(Policy(), person),
        Delays(),
    )
    assert (result.cut, result.in_speech) == ([], 1) and result.delay_s == pytest.approx(0.1, abs=0.021)
