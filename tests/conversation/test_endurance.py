"""Eight hours of turns in virtual time leave nothing behind: no memory, no task, no file."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.scripted_asr import ScriptedRecognizer
from tests.support.speech import command
from voice.audio.frames import RATE, Frame
from voice.audio.playout import Playout
from voice.clock import VirtualLoop
from voice.conversation.observer import Note, TurnEnded
from voice.settings.schema import Settings
from voice.wiring.conversation import Overrides, converse

HOURS = 8
TURN_EVERY_S = 120.0
AWAKE_S = 8.0
"""Seconds of a turn's two minutes in which every frame is heard; in the rest one a second is, to save real time."""

FRAME_S = 0.03


class Ears:
    """A microphone with one question every two minutes."""

    name, frame_ms = "ears", round(FRAME_S * 1000)

    async def frames(self) -> AsyncIterator[Frame]:
        size = round(FRAME_S * RATE)
        asked = command("times")
        quiet = np.random.default_rng(1).integers(-20, 20, size).astype(np.int16)
        loop = asyncio.get_running_loop()
        for _ in range(round(HOURS * 3600 / TURN_EVERY_S)):
            begun = loop.time()
            for start in range(0, round(AWAKE_S * RATE), size):
                pcm = asked[start : start + size]
                await asyncio.sleep(FRAME_S)
                yield Frame(pcm if len(pcm) == size else quiet, loop.time())
            while loop.time() < begun + TURN_EVERY_S:
                await asyncio.sleep(1.0)
                yield Frame(quiet, loop.time())

    async def close(self) -> None:
        """Nothing to free."""


class Mouth:
    """A speaker that takes a fifth of a second at a time."""

    name = "mouth"

    def __init__(self, playout: Playout) -> None:
        self._playout, self.rate = playout, playout.rate
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._playout.pull(self.rate // 5, loop.time())
            await asyncio.sleep(0.2)

    async def close(self) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait({self._task})


def left_over() -> tuple[float, int, int]:
    """MiB of memory, tasks and open files of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return (
        pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        len(asyncio.all_tasks()),
        len(list(Path("/proc/self/fd").iterdir())),
    )


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_eight_hours_leave_nothing_behind(tmp_path: Path) -> None:
    plain, answered, seen = Settings(), 0, []
    settings = replace(
        plain,
        audio=replace(plain.audio, echo="off"),
        tts=replace(plain.tts, engine="tone"),
        chat=replace(plain.chat, store=f"sqlite:///{tmp_path}/sessions.sqlite", session="shelf"),
    )
    turns = round(HOURS * 3600 / TURN_EVERY_S)

    def observe(event: Note) -> None:
        if isinstance(event, TurnEnded) and event.trace.text:
            nonlocal answered
            answered += event.trace.outcome == "answered"
            if answered in (turns // 4, turns):
                seen.append(left_over())

    stand = Overrides(
        audio=lambda playout: (Ears(), Mouth(playout)),
        recognizer=lambda: ScriptedRecognizer(["what is twelve times seven"] * turns),
    )
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(converse(settings, fast=True, observer=observe, stand=stand))
    assert answered == turns
    warm, end = seen
    assert end[0] - warm[0] < 0.75 * HOURS, "less than 1 MB an hour"
    assert end[1] <= warm[1]
    assert end[2] <= warm[2]
