"""How a conversation is put together from settings, the same for the loop, the Realtime server and the kiosk page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from voice.asr.interface import Recognizer
from voice.audio.interfaces import Sink
from voice.audio.playout import Playout
from voice.conversation.components import Components
from voice.conversation.observer import Observer
from voice.llm.builtin import understands
from voice.llm.builtin.timer_list import Timers
from voice.server.realtime.engine_pool import EngineSet
from voice.sessions.interface import Session
from voice.settings.schema import Settings
from voice.text.patterns import compile_all
from voice.text.phrases import phrase
from voice.turn.completeness import completeness
from voice.turn.endpointing import Endpointer
from voice.turn.machine import TurnMachine
from voice.turn.overlap import LIKELY, SURELY, asks_for_silence, is_backchannel, is_echo
from voice.turn.state import Overlap, Policy
from voice.wiring.engine_choice import spoken_language
from voice.wiring.engines import detector, espeak, judges, recognizer, speech_gate, synthesizer, turn_model
from voice.worker import Worker

WARM_S = 120.0
"""How long loading a model may take, seconds."""


class Take(Protocol):
    """Gives a worker for an engine: a new one, or a kept one of the same kind. `make()` runs on its thread."""

    def __call__(self, kind: object, make: Callable[[], Any], name: str) -> Worker[Any]: ...


def engine_set(
    settings: Settings, take: Take, *, hearer: Callable[[], Recognizer] | None = None, typed: bool = False
) -> EngineSet:
    """The workers of one conversation; `hearer` makes another recognizer than the configured one.

    Where words are `typed`, no turn model is needed.
    """
    words = take(("asr", settings.asr), hearer or partial(recognizer, settings), "recognizer")
    voices = [take(("tts", settings.tts), partial(synthesizer, settings), "voice")]
    if settings.tts.engine not in ("espeak", "tone"):
        voices.append(take(("espeak", settings.tts), partial(espeak, settings), "spare voice"))
    ends = None
    if judges(settings) and not typed:
        ends = take(("turn", settings.turn.model), partial(turn_model, settings), "turn model")
    return EngineSet(words, voices, ends, spoken_language(settings), lambda: None)


async def warm(engines: EngineSet, ready: Callable[[Any], object], *, typed: bool = False) -> list[BaseException]:
    """Load what is not loaded yet and run each engine once by `ready(engine)`; returns what failed.

    The patterns that the first turn needs are compiled on the voice's thread, while the recognizer loads.
    """

    def speaks(voice: Any) -> None:
        ready(voice)
        compile_all()

    needed = [None if typed else engines.recognizer, engines.turn_model]
    loads = [worker.call(ready, patience_s=WARM_S) for worker in needed if worker is not None]
    loads.append(engines.voices[0].call(speaks, patience_s=WARM_S))
    found = await asyncio.gather(*loads, return_exceptions=True)
    return [failure for failure in found if isinstance(failure, BaseException)]


def machine(
    settings: Settings,
    spoken: Callable[[], str],
    *,
    live: bool,
    no_echo: Callable[[], bool] = lambda: False,
    commands: Callable[[str], bool] = lambda words: False,
) -> TurnMachine:
    """The turn machine; `spoken()` is what the reply has said so far, to tell its echo from a person.

    `no_echo()` says that hardly any of it is left in the sound. `commands(words)` says that they are a whole command,
    besides those that the responder understands.
    """
    turn, guard = settings.turn, live and settings.audio.echo != "off"
    by_name = settings.wake.mode != "always"

    def overlap(words: str) -> Overlap:
        if guard and is_echo(words, spoken(), least=SURELY if no_echo() else LIKELY):
            return Overlap.ECHO
        if by_name:
            return Overlap.STOP if asks_for_silence(words) else Overlap.BACKCHANNEL
        return Overlap.BACKCHANNEL if is_backchannel(words) else Overlap.WORDS

    endpointer = Endpointer(
        silence_s=turn.silence_ms / 1000,
        min_s=turn.min_silence_ms / 1000,
        max_s=turn.max_silence_ms / 1000,
        adaptive=turn.endpointing == "adaptive",
        judge=lambda words: completeness(words, lambda said: understands(said) or commands(said)),
    )
    policy = Policy(
        speculate=turn.speculate,
        judges=judges(settings),
        barge_in=turn.barge_in,
        by_name=by_name,
        filler_s=turn.filler_s,
        max_turn_s=turn.max_turn_s,
        overlap=overlap,
        no_answer=phrase("no_answer", spoken_language(settings)),
    )
    return TurnMachine(policy, endpointer)


def components(
    settings: Settings,
    engines: EngineSet,
    *,
    machine: TurnMachine,
    sink: Sink,
    playout: Playout,
    session: Session,
    timers: Timers,
    observer: Observer,
) -> Components:
    """What every conversation is made of; the caller adds what only its own kind has, such as typed lines."""
    hears = detector(settings)
    return Components(
        machine=machine,
        sink=sink,
        playout=playout,
        session=session,
        detector=hears,
        gate=speech_gate(settings, hears),
        recognizer=engines.recognizer,
        voices=engines.voices,
        turn_model=engines.turn_model,
        timers=timers,
        observer=observer,
        language=engines.language,
        preroll_s=settings.audio.preroll_ms / 1000,
    )
