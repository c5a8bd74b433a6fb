"""What is heard at the page's ends: put on the recording's clock, whenever each of them began."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from tests.support.speech import command
from voice.audio.frames import RATE, level_dbfs, silence
from voice.audio.wav import write_wav
from voice.bench import chromium
from voice.bench.realtime import serving
from voice.bench.realtime_page import Stretch, heard, offset, placed
from voice.errors import UnavailableError


@pytest.mark.parametrize("shift", [-3000, 0, 12_345])
def test_the_recording_is_found_in_what_was_heard(shift: int) -> None:
    spoken = command("times")
    noise = np.random.default_rng(3).normal(0, 300, 3 * len(spoken)).astype(np.int16)
    whole = noise.copy()
    whole[20_000 : 20_000 + len(spoken)] += spoken // 2
    assert offset(spoken, whole[20_000 - shift :]) == shift


@pytest.mark.parametrize(("began", "first"), [(100.0, 0), (99.5, 0), (100.5, RATE // 2)])
def test_sound_is_placed_where_it_was(began: float, first: int) -> None:
    sound = np.full(2 * RATE, 7, np.int16)
    out = placed(Stretch(began, sound), 100.0, 2 * RATE)
    assert len(out) == 2 * RATE
    assert np.flatnonzero(out)[0] == first
    assert np.count_nonzero(out) == min(2 * RATE - first, round((began + 2.0 - 100.0) * RATE))


def test_a_question_spoken_to_the_page_is_answered_after_it(tmp_path: Path) -> None:
    if chromium.PROGRAM is None:
        pytest.skip("Chromium is not installed: scripts/system chromium")

    async def play() -> None:
        question = command("private")
        spoken = np.concatenate((silence(1.0), question, silence(1.5)))
        write_wav(tmp_path / "spoken.wav", spoken, RATE)
        async with serving(tmp_path, "kiosk", "--no-browser", "--profile", "desktop") as server:
            sound = await heard(server.url + "/kiosk/", tmp_path / "spoken.wav", stay_s=1.0)
        asked = RATE + len(question)
        assert level_dbfs(sound[:asked]) < -60
        assert level_dbfs(sound[asked : asked + 2 * RATE]) > -40

    asyncio.run(play())


def test_without_chromium_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(chromium, "PROGRAM", None)
    with pytest.raises(UnavailableError, match="scripts/system chromium"):
        asyncio.run(heard("http://127.0.0.1:1/kiosk/", tmp_path / "none.wav"))
