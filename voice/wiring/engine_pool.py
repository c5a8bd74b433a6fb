"""Engines for a server's spoken conversations: lent to connections, kept ready, and shared if possible."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from voice.asr.interface import Recognizer
from voice.server.realtime.engine_pool import EngineSet
from voice.settings.schema import Settings
from voice.tts.interface import Synthesizer
from voice.turn.machine import TurnMachine
from voice.turn.turn_model import TurnModel
from voice.vad.interface import Detector
from voice.vad.speech_gate import SpeechGate
from voice.wiring.conversation import WARM_S, machine
from voice.wiring.engine_choice import spoken_language
from voice.wiring.engines import detector, espeak, judges, recognizer, speech_gate, synthesizer, turn_model
from voice.worker import Worker

SPARE = 4
"""Idle engines of each kind that are kept ready for the next conversation."""

ONLY_ENGLISH = "only English speech is recognized: no Whisper model is downloaded (`voice models`); typing works"


class SharedEnginePool:
    """See `voice.server.realtime.engine_pool.EnginePool`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = replace(settings, turn=replace(settings.turn, filler_s=0.0))
        self._lent = 0
        self._idle: dict[object, list[Worker[Any]]] = {}
        self._shared: dict[object, Worker[Any]] = {}
        """A Whisper model serves all: its utterances are independent, and it is large."""

    @property
    def full(self) -> bool:
        return self._lent >= self.settings.serve.talks

    async def lend(self, settings: Settings) -> EngineSet:
        patience_s = settings.turn.patience_s
        took: list[tuple[object, Worker[Any]]] = []

        def take(kind: object, make: Callable[[], Any], name: str) -> Worker[Any]:
            kept = self._idle.get(kind)
            worker = kept.pop() if kept else Worker(name, make, patience_s=patience_s)
            took.append((kind, worker))
            return worker

        def give_back() -> None:
            self._lent -= 1
            for kind, worker in took:
                kept = self._idle.setdefault(kind, [])
                if len(kept) < SPARE and worker.engine is not None:
                    kept.append(worker)
                else:
                    worker.close()

        self._lent += 1
        try:
            words = self._shared.get(settings.asr)
            if words is None:
                words = take(("asr", settings.asr), partial(recognizer, settings), "recognizer")
            voices: list[Worker[Synthesizer]] = [take(("tts", settings.tts), partial(synthesizer, settings), "voice")]
            if settings.tts.engine not in ("espeak", "tone"):
                voices.append(take(("espeak", settings.tts), partial(espeak, settings), "spare voice"))
            ends: Worker[TurnModel] | None = None
            if judges(settings):
                ends = take(("turn", settings.turn.model), partial(turn_model, settings), "turn model")
            await self._warm(words, voices[0], ends)
        except BaseException:
            give_back()
            raise
        name = words.engine.name if words.engine is not None else ""
        if name == "whisper" and settings.asr not in self._shared:
            self._shared[settings.asr] = words
            took = [one for one in took if one[1] is not words]
        deaf = name == "pocketsphinx" and not (settings.asr.language or "en").lower().startswith("en")
        return EngineSet(words, voices, ends, spoken_language(settings), give_back, ONLY_ENGLISH if deaf else "")

    def machine(self, settings: Settings, spoken: Callable[[], str]) -> TurnMachine:
        return machine(settings, spoken, live=True)

    def hearing(self, settings: Settings) -> tuple[Detector, SpeechGate]:
        hears = detector(settings)
        return hears, speech_gate(settings, hears)

    async def _warm(
        self, words: Worker[Recognizer], voice: Worker[Synthesizer], ends: Worker[TurnModel] | None
    ) -> None:
        """Load what is not loaded yet and let it run once; the recognizer forgets whom it heard before."""
        loads = [worker.call(_ready, patience_s=WARM_S) for worker in (words, voice, ends) if worker is not None]
        for failure in await asyncio.gather(*loads, return_exceptions=True):
            if isinstance(failure, BaseException):
                raise failure


def _ready(engine: Any) -> None:
    engine.warm()
    if hasattr(engine, "forget"):
        engine.forget()
