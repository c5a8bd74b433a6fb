"""The room: what is mixed and what counts as sound."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.peers.stage import RATE, Job, Room, Speaker, Tape, added, sounding

LOUD = np.full(RATE // 10, 8000, dtype=np.int16)


def room(folder: Path, seconds: float = 0.2, **more: Any) -> Room:
    with wave.open(str(folder / "in.wav"), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes(np.full(round(seconds * RATE), 100, dtype=np.int16).tobytes())
    return Room(Job(str(folder / "in.wav"), "", "", "", "", **more))


def test_the_microphone_hears_what_was_played_later_and_softer(tmp_path: Path) -> None:
    hears = room(tmp_path, echo_db=-20.0, echo_delay_s=0.05)
    hears.tape.write(LOUD, 0.02)
    before, within = hears.heard(0, 1120), hears.heard(1120, RATE // 10)
    assert (before == 100).all()
    assert (within == 900).all()


def test_without_an_echo_it_hears_the_recording_alone(tmp_path: Path) -> None:
    hears = room(tmp_path)
    hears.tape.write(LOUD, 0.0)
    assert (hears.heard(0, 3200) == 100).all()


def test_the_tape_keeps_time_and_grows() -> None:
    tape = Tape()
    tape.write(LOUD, 100.0)
    tape.write(LOUD, -0.05)
    assert tape.sounding() == [(0.0, 0.05), (100.0, 100.1)]
    assert (tape.read(99.95, RATE // 10)[: RATE // 20] == 0).all()
    assert (tape.read(-0.05, RATE // 10)[: RATE // 20] == 0).all()


def test_gaps_between_clauses_are_no_silence() -> None:
    pcm = np.concatenate([LOUD, np.zeros(RATE // 5, dtype=np.int16), LOUD, np.zeros(RATE // 2, dtype=np.int16), LOUD])
    assert sounding(pcm, join_s=0.3) == [(0.0, 0.4), (0.9, 1.0)]
    assert len(sounding(pcm, join_s=0.1)) == 3


def test_sounds_add_up_and_clip() -> None:
    assert added(np.array([30000], dtype=np.int16), np.array([10000], dtype=np.int16)).tolist() == [32767]


def test_the_speaker_plays_in_real_time_onto_the_tape(tmp_path: Path) -> None:
    async def play() -> tuple[Room, Speaker]:
        hears = room(tmp_path, seconds=0.2)
        speaker = Speaker(hears)
        playing = asyncio.create_task(speaker.run())
        speaker.push(LOUD)
        async for _ in hears.frames():
            pass
        await speaker.until(lambda: speaker.played >= len(LOUD))
        playing.cancel()
        return hears, speaker

    hears, speaker = asyncio.run(play())
    assert speaker.played == len(LOUD)
    assert sum(end - start for start, end in hears.tape.sounding()) == pytest.approx(0.1, abs=0.06)
