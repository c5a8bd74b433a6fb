"""What is heard at the page's ends: put on the recording's clock, whenever each of them began."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import numpy as np
import pytest

from benchmarks import chromium
from benchmarks.peers.stage import Said
from benchmarks.realtime import serving
from benchmarks.realtime_page import MESSAGE, Stretch, asked, heard, offset, placed, stretches
from tests.support.speech import command
from voice.audio.frames import RATE, level_dbfs, silence
from voice.audio.wav import write_wav
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
    out = placed([Stretch(began, sound)], 100.0, 2 * RATE)
    assert len(out) == 2 * RATE
    assert np.flatnonzero(out)[0] == first
    assert np.count_nonzero(out) == min(2 * RATE - first, round((began + 2.0 - 100.0) * RATE))


def test_where_a_context_rendered_nothing_there_is_a_hole() -> None:
    random, count, skipped_s = np.random.default_rng(5), 200, 0.25
    sound = np.repeat(np.arange(1, count + 1, dtype=np.int16) * 50, MESSAGE)
    late = random.exponential(0.02, count)
    late[9::10] = 0.0
    zeros = 7.0 + late + np.where(np.arange(count) >= 120, skipped_s, 0.0)
    found = stretches(48_000, list(zeros), 4_800, base64.b64encode(sound.tobytes()).decode())
    assert [part.began for part in found] == pytest.approx([7.1, 7.1 + skipped_s + 120 * MESSAGE / 48_000], abs=0.001)
    assert sum(len(part.pcm) for part in found) == pytest.approx(count * MESSAGE / 3, abs=2)


def test_each_stretch_is_found_where_the_microphone_gave_it() -> None:
    one, other = command("times"), command("moon")
    spoken = np.concatenate((silence(1.0), one, silence(2.0), other, silence(2.0)))
    ends = [1.0 + len(one) / RATE, 3.0 + (len(one) + len(other)) / RATE]
    said = [
        Said(1.0, ends[0], "question", 1, "times"),
        Said(ends[1] - len(other) / RATE, ends[1], "question", 2, "moon"),
    ]
    lost = round((ends[0] + 0.5) * RATE)
    given = np.concatenate((silence(0.3), spoken[:lost], spoken[lost + RATE // 5 :])) // 2
    found = asked(said, spoken, given)
    assert [one.end for one in found] == pytest.approx([ends[0] + 0.3, ends[1] + 0.1], abs=0.001)
    assert [one.end - one.start for one in found] == pytest.approx([one.end - one.start for one in said])


def test_a_question_spoken_to_the_page_is_answered_after_it(tmp_path: Path) -> None:
    if chromium.PROGRAM is None:
        pytest.skip("Chromium is not installed: scripts/system chromium")

    async def play() -> None:
        question = command("private")
        spoken = np.concatenate((silence(1.0), question, silence(1.5)))
        write_wav(tmp_path / "spoken.wav", spoken, RATE)
        async with serving(tmp_path, "kiosk", "--no-browser", "--profile", "desktop") as server:
            microphone, sound = await heard(server.url + "/kiosk/", tmp_path / "spoken.wav", stay_s=1.0)
        said = Said(1.0, 1.0 + len(question) / RATE, "question", 1, "")
        end = round(asked([said], spoken, microphone)[0].end * RATE)
        assert level_dbfs(sound[:end]) < -60
        assert level_dbfs(sound[end : end + 2 * RATE]) > -40

    asyncio.run(play())


def test_without_chromium_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(chromium, "PROGRAM", None)
    with pytest.raises(UnavailableError, match="scripts/system chromium"):
        asyncio.run(heard("http://127.0.0.1:1/kiosk/", tmp_path / "none.wav"))
