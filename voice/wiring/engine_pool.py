"""Engines for a server's spoken conversations: lent to connections, kept ready, and shared if possible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from voice.conversation.components import Components
from voice.server.realtime.engine_pool import EngineSet
from voice.settings.schema import Settings
from voice.turn.machine import TurnMachine
from voice.wiring.assembly import components, engine_set, machine, warm
from voice.wiring.engine_choice import engine_choices
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
            if (shared := self._shared.get(kind)) is not None:
                return shared
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
            lent = engine_set(settings, take)
            for failure in await warm(lent, _ready):
                raise failure
        except BaseException:
            give_back()
            raise
        words = lent.recognizer
        if words.engine is not None and words.engine.name == "whisper":
            self._shared[("asr", settings.asr)] = words
            took = [one for one in took if one[1] is not words]
        notice = "" if engine_choices(settings).recognizer_hears else ONLY_ENGLISH
        return replace(lent, give_back=give_back, notice=notice)

    def machine(self, settings: Settings, spoken: Callable[[], str]) -> TurnMachine:
        return machine(settings, spoken, live=True)

    def components(self, settings: Settings, engines: EngineSet, **parts: Any) -> Components:
        return components(settings, engines, **parts)


def _ready(engine: Any) -> None:
    engine.warm()
    if hasattr(engine, "forget"):
        engine.forget()
