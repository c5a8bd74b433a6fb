"""Manual turns: audio goes straight to the recognizer, and its words are asked for when the client says so."""

from __future__ import annotations

import asyncio
from collections import deque

import numpy as np

from voice.asr.interface import Recognizer, Utterance
from voice.audio.frames import RATE, Pcm
from voice.audio.network import MOST_WAITING_S
from voice.worker import Worker

PIECE_S = 0.2
LONGEST_S = 600.0


class Dictation:
    """One recognizer and the audio since the last commit. Used while no turn detection is."""

    def __init__(self, recognizer: Worker[Recognizer]) -> None:
        self._recognizer = recognizer
        self._waiting: deque[Pcm] = deque()
        self._left = self._taken = 0
        self._utterance: Utterance | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def seconds(self) -> float:
        """Audio since the last commit or clear."""
        return self._taken / RATE

    def add(self, pcm: Pcm) -> bool:
        """Take audio at 16 kHz; False where too much of it waits, or it is longer than any turn."""
        if self._left + len(pcm) > MOST_WAITING_S * RATE or self._taken > LONGEST_S * RATE:
            return False
        self._waiting.append(pcm)
        self._left += len(pcm)
        self._taken += len(pcm)
        if self._left >= PIECE_S * RATE and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._feed(), name="dictation")
        return True

    async def clear(self) -> None:
        """Forget it."""
        self._waiting.clear()
        self._left = self._taken = 0
        await self._settled()
        await self._close()

    async def commit(self) -> str:
        """The words of the audio so far, which is forgotten. Raises VoiceError where the recognizer fails."""
        self._taken = 0
        await self._settled()
        await self._feed()
        utterance = self._utterance
        try:
            if utterance is None:
                return ""
            found = await self._recognizer.call(lambda _: utterance.result())
            return found.text.strip()
        finally:
            await self._close()

    async def close(self) -> None:
        """Forget it; nothing more comes."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _settled(self) -> None:
        if self._task is not None:
            task, self._task = self._task, None
            await task

    async def _feed(self) -> None:
        while self._waiting:
            pcm = np.concatenate(self._waiting)
            self._waiting.clear()
            self._left = 0
            if self._utterance is None:
                self._utterance = await self._recognizer.call(lambda engine: engine.open())
            utterance = self._utterance
            await self._recognizer.call(lambda _, utterance=utterance, pcm=pcm: utterance.feed(pcm))  # type: ignore[misc]

    async def _close(self) -> None:
        utterance, self._utterance = self._utterance, None
        if utterance is not None:
            await self._recognizer.call(lambda _: utterance.close())
