from __future__ import annotations

import numpy as np
import pytest

from tests.support.speech import command
from voice.audio.frames import RATE, Pcm, level_dbfs, to_float
from voice.cli.bench.acoustics import Condition, band, conditions, degraded, noises

CLIPS = [command(name) for name in ("moon", "help", "feet", "day")]


def condition(name: str) -> Condition:
    return next(condition for condition in conditions() if condition.name == name)


def test_every_run_makes_the_same_samples() -> None:
    for kind in conditions():
        for first, second in zip(degraded(CLIPS, kind), degraded(CLIPS, kind), strict=True):
            assert np.array_equal(first, second), kind.name
    assert all(np.array_equal(first, second) for (_, first), (_, second) in zip(noises(), noises(), strict=True))


def test_clean_is_as_recorded_and_every_clip_keeps_its_length() -> None:
    assert all(
        np.array_equal(made, clip) for made, clip in zip(degraded(CLIPS, condition("clean")), CLIPS, strict=True)
    )
    for kind in conditions():
        assert [len(made) for made in degraded(CLIPS, kind)] == [len(clip) for clip in CLIPS]


@pytest.mark.parametrize("kind", ["noise", "babble"])
@pytest.mark.parametrize("ratio", [20, 10, 5])
def test_what_is_beside_is_so_much_quieter_than_speech(kind: str, ratio: int) -> None:
    for made, clip in zip(degraded(CLIPS, condition(f"{kind} {ratio} dB")), CLIPS, strict=True):
        scale = float(np.dot(made.astype(float), clip) / np.dot(clip.astype(float), clip))
        beside: Pcm = np.rint(made / scale - clip).astype(np.int16)
        assert level_dbfs(clip) - level_dbfs(beside) == pytest.approx(ratio, abs=1.5)


def test_quiet_is_30_db_quieter_and_the_telephone_has_no_treble() -> None:
    (quiet,), (narrow,) = degraded(CLIPS[:1], condition("-30 dB")), degraded(CLIPS[:1], condition("telephone"))
    assert level_dbfs(CLIPS[0]) - level_dbfs(quiet) == pytest.approx(30, abs=0.5)
    treble = band(to_float(narrow).astype(np.float64), 4000.0, 8000.0)
    assert float(np.sum(treble**2)) < 1e-4 * float(np.sum(to_float(narrow).astype(np.float64) ** 2))


def test_a_room_rings_on_after_the_last_word() -> None:
    click = np.zeros(RATE, np.int16)
    click[0] = 20_000
    (made,) = degraded([click], condition("reverberation"))
    early, late = level_dbfs(made[1600:3200]), level_dbfs(made[8000:9600])
    assert early > -60.0
    assert 30.0 < early - late < 50.0, "60 dB in 0.6 s"


def test_thirty_noises_have_names_of_their_own_and_all_but_silence_can_be_heard() -> None:
    made = noises()
    assert len({name for name, _ in made}) == len(made) == 30
    for name, pcm in made:
        assert len(pcm) == 2 * RATE
        assert (level_dbfs(pcm) > -65.0) is (name != "silence"), name
