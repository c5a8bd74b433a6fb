"""The footprint bench weighs real processes; its arithmetic is checked on made-up ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks import footprint
from benchmarks.footprint import Watch
from voice.errors import UnavailableError


def test_growth_is_measured_after_the_warm_up_and_only_over_enough_time() -> None:
    grown = [(float(at), 150.0 + (40.0 if at >= 60 else at) + 6.0 * at / 3600) for at in range(0, 1200, 10)]
    assert Watch(grown).slope_mb_per_h(since_s=60) == pytest.approx(6.0)
    assert Watch(grown[:20]).slope_mb_per_h(since_s=60) is None


def test_a_quiet_room_is_weighed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footprint, "SETTLE_S", 3.0)
    monkeypatch.setattr(footprint, "IDLE_S", 1.0)
    row = footprint.idle(tmp_path, ["--asr", "pocketsphinx", "--tts", "tone"])
    assert 0 <= row["cpu_percent"] <= 100
    assert 30 < row["memory_mb"] < 400


def test_a_talk_that_ends_early_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footprint, "SETTLE_S", 60.0)
    monkeypatch.setattr(footprint, "POLL_S", 0.1)
    with pytest.raises(UnavailableError, match=r"ended early: .*no Whisper model"):
        footprint.idle(tmp_path, ["--asr", "whisper", "--set", f"models.folder={tmp_path}"])


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="needs Linux")
def test_everything_is_held_to_one_core_and_let_go() -> None:
    before = os.sched_getaffinity(0)
    core = min(before)
    with footprint._pinned(core):
        assert os.sched_getaffinity(0) == {core}
    assert os.sched_getaffinity(0) == before
    with pytest.raises(UnavailableError, match="no core 9999"), footprint._pinned(9999):
        pass
