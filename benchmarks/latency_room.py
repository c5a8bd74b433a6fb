"""This assistant in the room of `peers/stage.py`: `python -m benchmarks.latency_room JOB`.

The real loop with the real engines. Settings of the job are settings of the product, laid over the desktop profile.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from tempfile import TemporaryDirectory

from benchmarks.peers.stage import BLOCK_S, LATE_S, RATE, Job, Meter, Result, Room, read_job, write_result
from voice.audio.frames import Frame
from voice.audio.playout import Playout
from voice.audio.resample import Resampler
from voice.conversation.observer import Note, TurnEnded
from voice.settings.layers import Given, load
from voice.settings.schema import Settings
from voice.wiring.conversation import Overrides, converse


class Ears:
    """The room's microphone."""

    name = "room"

    def __init__(self, room: Room, frame_ms: int, meter: list[Meter]) -> None:
        self.frame_ms = frame_ms
        self._room, self._meter = room, meter

    async def frames(self) -> AsyncIterator[Frame]:
        self._meter.append(Meter())
        async for pcm, end in self._room.frames(self.frame_ms / 1000):
            assert self._room.began is not None
            yield Frame(pcm, self._room.began + end)

    async def close(self) -> None:
        """Nothing to free."""


class Mouth:
    """The room's speaker."""

    name = "room"

    def __init__(self, room: Room, playout: Playout) -> None:
        self.rate = playout.rate
        self._room, self._playout = room, playout
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="play into the room")

    async def _run(self) -> None:
        loop, size = asyncio.get_running_loop(), round(self.rate * BLOCK_S)
        resampler = Resampler(self.rate, RATE)
        due = base = loop.time()
        made = 0
        while True:
            if loop.time() - due > LATE_S:
                base += loop.time() - due
                due = loop.time()
            pcm = resampler.convert(self._playout.pull(size, due))
            if self._room.began is not None:
                self._room.tape.write(pcm, base + made / RATE - self._room.began)
            made += len(pcm)
            due += size / self.rate
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})


def settings_of(job: Job, folder: str) -> Settings:
    """The desktop profile with the job's models, upstream and settings."""
    given: dict[str, object] = {
        "asr.engine": "whisper", "asr.model": job.whisper, "asr.language": "en", "tts.engine": "piper",
        "tts.voice": job.piper, "chat.llm": job.upstream, "chat.model": "scripted",
        "chat.store": f"sqlite:///{folder}/sessions.sqlite", **job.settings,
    }  # fmt: skip
    flags = [Given(key, str(value), "--set", text=True) for key, value in given.items()]
    return load(profile="desktop", config=None, environment={}, flags=flags).settings


def run(job: Job) -> None:
    """Hold the conversation and write down what happened."""
    room, result, meter = Room(job), Result(), list[Meter]()
    barge_in: list[object] = []
    rules: dict[str, int] = {}

    def observe(event: Note) -> None:
        if not isinstance(event, TurnEnded) or room.began is None:
            return
        trace = event.trace
        result.marks += [(at - room.began, name) for name, at in trace.moments.items()]
        if trace.outcome == "interrupted" and "audible" in trace.moments:
            result.marks.append((room.now(), "interrupted"))
        if trace.rule:
            rules[trace.rule] = rules.get(trace.rule, 0) + 1
        if "barge_in_ms" in trace.notes:
            barge_in.append(trace.notes["barge_in_ms"])
        result.notes.setdefault("turns", []).append(trace.to_json())

    with TemporaryDirectory() as folder:
        settings = settings_of(job, folder)
        stand = Overrides(audio=lambda playout: (Ears(room, settings.audio.frame_ms, meter), Mouth(room, playout)))
        asyncio.run(converse(settings, observer=observe, stand=stand))
    meter[0].read(result)
    result.notes |= {"barge_in_ms": barge_in, "rules": rules}
    write_result(job, room, result)


if __name__ == "__main__":
    sys.path += os.environ.get("VOICE_BENCH_APPEND", "").split(os.pathsep)
    run(read_job(sys.argv[1]))
