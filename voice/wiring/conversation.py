"""Builds a conversation from settings (engines, session, devices, turn machine) and runs it."""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from io import FileIO
from pathlib import Path

from voice.asr.interface import Recognizer
from voice.audio.earcons import earcons
from voice.audio.echo_canceller import EchoCanceller, EchoHandler, HalfDuplex, canceller_installed
from voice.audio.echo_detector import EchoDetector
from voice.audio.frames import Pcm
from voice.audio.interfaces import Sink, Source
from voice.audio.playout import Playout, PlayoutEvent
from voice.conversation.components import Components
from voice.conversation.conversation import Conversation
from voice.conversation.history import FarewellWatcher
from voice.conversation.observer import Level, Note, Notice, Observer, TurnEnded
from voice.conversation.recorder import Recorder
from voice.errors import EngineError, MissingError
from voice.llm.builtin import understands
from voice.llm.builtin.timer_list import Timers
from voice.safety.filters import Guard, NoGuard, screened_data
from voice.sessions.session_wrappers import CollectedSession, UnmaskedSession
from voice.settings.schema import Settings
from voice.system.malloc import give_back
from voice.system.systemd import ServiceManager
from voice.text.phrases import phrase
from voice.trace import TurnTrace
from voice.tts.interface import Synthesizer
from voice.turn.completeness import completeness
from voice.turn.endpointing import Endpointer
from voice.turn.machine import TurnMachine
from voice.turn.overlap import asks_for_silence, is_backchannel, is_echo
from voice.turn.state import Overlap, Policy
from voice.turn.turn_model import TurnModel
from voice.wiring.control import Control
from voice.wiring.devices import Devices
from voice.wiring.engine_choice import spoken_language
from voice.wiring.engines import detector, espeak, judges, recognizer, speech_gate, synthesizer, turn_model, wake_gate
from voice.wiring.safety import masked
from voice.wiring.sessions import session
from voice.wiring.tools import house
from voice.worker import Worker

PLAYOUT_RATE = 22_050
"""What embedded voices speak at, Hz; other voices and devices are resampled."""

KEPT_TURNS = 100
"""Traces kept of a conversation that may go on for months."""

WARM_S = 120.0
"""How long loading a model may take, seconds."""


def machine(
    settings: Settings,
    spoken: Callable[[], str],
    *,
    live: bool,
    commands: Callable[[str], bool] = lambda words: False,
) -> TurnMachine:
    """The turn machine; `spoken()` is what the reply has said so far, to tell its echo from a person.

    `commands(words)` says that they are a whole command, besides those that the responder understands.
    """
    turn, guard = settings.turn, live and settings.audio.echo != "off"
    by_name = settings.wake.mode != "always"

    def overlap(words: str) -> Overlap:
        if guard and is_echo(words, spoken()):
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


def echo(settings: Settings, *, live: bool) -> EchoHandler | None:
    """What keeps the microphone from hearing the speaker; `auto` cancels where the library is installed."""
    wanted = settings.audio.echo
    if wanted == "half":
        return HalfDuplex(PLAYOUT_RATE)
    if wanted == "aec" or (wanted == "auto" and live and canceller_installed()):
        return EchoCanceller(PLAYOUT_RATE)
    return None


def echo_detector(settings: Settings, *, live: bool) -> EchoDetector | None:
    """What tells the speaker's echo by its sound, where no canceller takes it out."""
    wanted = settings.audio.echo
    cancelled = wanted == "aec" or (wanted == "auto" and canceller_installed())
    return EchoDetector(PLAYOUT_RATE) if live and wanted != "off" and not cancelled else None


@dataclass(frozen=True, slots=True)
class Overrides:
    """Parts a caller brings in place of those the settings name: a simulated room with its ears and mouth, words."""

    audio: Callable[[Playout], tuple[Source, Sink]] | None = None
    recognizer: Callable[[], Recognizer] | None = None


async def converse(
    settings: Settings,
    *,
    source: Path | None = None,
    sink: Path | None = None,
    fast: bool = False,
    observer: Observer,
    trace: Path | None = None,
    text: AsyncIterator[str] | None = None,
    stand: Overrides | None = None,
    record: Path | None = None,
) -> list[TurnTrace]:
    """Hold a conversation and return the traces of its last turns.

    `source` and `sink` are WAV files in place of the devices, `text` typed lines in place of a source; `fast` says that
    the running loop is a `VirtualLoop`. What is said is kept in the folder `record`, if one is given, and that is said.
    Raises MissingError for a device or file that is not there.
    """
    stand = stand or Overrides()
    loop = asyncio.get_running_loop()
    began = loop.time()
    if settings.models.lean:
        give_back()
    manager = ServiceManager(os.environ)
    control = Control(settings, observer, lambda: conversation)
    observer = pulse = LifeSigns(_both(observer, control), manager)
    async with AsyncExitStack() as stack:
        traces: deque[TurnTrace] = deque(maxlen=KEPT_TURNS)
        talk: UnmaskedSession | None = None

        def guard() -> Guard:
            return (talk and talk.guard) or NoGuard()

        if settings.safety.redact == "everywhere":
            observer = masked(observer, guard)
        watch = _watcher(observer, traces, stack.enter_context(_opened(trace)) if trace else None, guard)
        conversation: Conversation | None = None
        recorder = Recorder(record, watch) if record is not None else None
        if recorder is not None:
            stack.callback(recorder.close)
            watch = _both(recorder.observe, watch)

        def played(event: PlayoutEvent) -> None:
            if conversation is not None:
                loop.call_soon_threadsafe(conversation.played, event)

        def microphone_lost() -> None:
            if conversation is not None:
                conversation.microphone_lost()

        def ready() -> None:
            watch(Notice(f"ready in {loop.time() - began:.1f} s"))
            manager.ready()
            if conversation is not None and record is not None:
                watch(Notice(f"this conversation is recorded in {record}", "warning"))
                conversation.say(phrase("recording", spoken_language(settings)))

        def progress() -> object:
            """What changes while frames come, or while it is known that none can."""
            return loop.time() if ears is None or devices.waiting else pulse.levels

        playout = Playout(PLAYOUT_RATE, played)
        devices = Devices(settings, playout, watch, microphone_lost)
        stack.push_async_callback(devices.close)
        ears: Source | None
        mouth: Sink
        if stand.audio is not None:
            ears, mouth = stand.audio(playout)
        else:
            ears = None if text is not None else devices.source(source)
            mouth = devices.sink(sink, quiet=fast or text is not None or source is not None)
        if ears is not None:
            stack.push_async_callback(ears.close)
        live = source is None and text is None
        handler, by_sound = echo(settings, live=live), echo_detector(settings, live=live)
        taps = [part.far for part in (handler, by_sound) if part is not None]
        if taps:
            playout.tap = partial(_all_hear, taps)
            playout.taps_chimes = not isinstance(handler, HalfDuplex)
        hearer = stand.recognizer or partial(recognizer, settings)
        if recorder is not None:
            hearer = recorder.recognizer(hearer)
        words = Worker("recognizer", hearer, patience_s=settings.turn.patience_s)
        voices = [Worker("voice", partial(synthesizer, settings), patience_s=settings.turn.patience_s)]
        if settings.tts.engine not in ("espeak", "tone"):
            voices.append(Worker("spare voice", partial(espeak, settings), patience_s=settings.turn.patience_s))
        stack.callback(words.close)
        ends: Worker[TurnModel] | None = None
        if judges(settings) and text is None:
            ends = Worker("turn model", partial(turn_model, settings), patience_s=settings.turn.patience_s)
            stack.callback(ends.close)
        for voice in voices:
            stack.callback(voice.close)
        warming = asyncio.create_task(_warm(words, voices[0], ends, typing=text is not None), name="load the engines")
        stack.push_async_callback(_left, warming)
        timers = Timers()

        def late(sid: str, text: str) -> None:
            if conversation is not None:
                conversation.say(text)

        home = house(settings)
        talk = await session(settings, stack, timers, spoken_language(settings), late, home)
        if not settings.chat.session:
            leaving = FarewellWatcher(talk, watch)
            stack.push_async_callback(leaving.close)
            watch = _both(watch, leaving.observe)
        hears = detector(settings)
        parts = Components(
            machine=machine(
                settings,
                lambda: conversation.spoken if conversation else "",
                live=live,
                commands=home.understands if home is not None else lambda words: False,
            ),
            sink=mouth,
            playout=playout,
            session=CollectedSession(talk) if fast else talk,
            detector=hears,
            gate=speech_gate(settings, hears),
            recognizer=words,
            voices=voices,
            turn_model=ends,
            timers=timers,
            observer=watch,
            source=ears,
            typed=text,
            ear=handler.near if handler is not None else lambda frame: frame,
            others=by_sound.near if by_sound is not None else lambda frame: True,
            language=spoken_language(settings),
            preroll_s=settings.audio.preroll_ms / 1000,
            wake=wake_gate(settings, spoken=text is None),
            earcons=earcons(PLAYOUT_RATE, settings.earcons.play.split(","), settings.earcons.volume),
            ready=ready,
        )
        await warming
        await stack.enter_async_context(manager.watched(progress))
        conversation = Conversation(parts)
        if not fast:
            await control.open(stack, live=live)
        await conversation.run()
        return list(traces)


async def _warm(
    words: Worker[Recognizer], voice: Worker[Synthesizer], ends: Worker[TurnModel] | None, *, typing: bool
) -> None:
    """Load the engines and run each once, so that failures appear now and not in the first turn."""
    loads = [voice.call(lambda engine: engine.warm(), patience_s=WARM_S)]
    if not typing:
        loads.append(words.call(lambda engine: engine.warm(), patience_s=WARM_S))
    if ends is not None:
        loads.append(ends.call(lambda model: model.warm(), patience_s=WARM_S))
    for failure in await asyncio.gather(*loads, return_exceptions=True):
        if isinstance(failure, EngineError):
            raise MissingError(str(failure), remedy="check this machine: voice doctor") from failure
        if isinstance(failure, BaseException):
            raise failure


async def _left(task: asyncio.Task[None]) -> None:
    """No task is awaited any longer."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class LifeSigns:
    """Counts the levels of frames, and reports problems to the service manager."""

    def __init__(self, observer: Observer, manager: ServiceManager) -> None:
        self._observer, self._manager = observer, manager
        self.levels = 0

    def __call__(self, event: Note) -> None:
        if isinstance(event, Level):
            self.levels += 1
        elif isinstance(event, Notice):
            self._manager.status(event.text)
        self._observer(event)


def _both(first: Observer, second: Observer) -> Observer:
    def observe(event: Note) -> None:
        first(event)
        second(event)

    return observe


def _all_hear(taps: Sequence[Callable[[Pcm, float], None]], pcm: Pcm, at: float) -> None:
    for tap in taps:
        tap(pcm, at)


def _opened(path: Path) -> FileIO:
    try:
        return FileIO(path, "w")  # unbuffered: a full disk fails while writing, not again while closing
    except OSError as error:
        raise MissingError(f"cannot be written: {error.strerror}", where=str(path)) from error


def _watcher(observer: Observer, traces: deque[TurnTrace], file: FileIO | None, guard: Callable[[], Guard]) -> Observer:
    """The observer, besides which every turn that ends is collected and written down as one JSON line, redacted."""
    failed = False

    def write(file: FileIO, trace: TurnTrace) -> None:
        nonlocal failed
        line = json.dumps(screened_data(guard(), trace.to_json()), ensure_ascii=False) + "\n"
        try:
            file.write(line.encode(errors="replace"))
        except OSError as error:
            failed = True
            observer(Notice(f"{file.name}: tracing stopped: {error.strerror}", "error"))

    def watch(event: Note) -> None:
        if isinstance(event, TurnEnded):
            traces.append(event.trace)
            if file is not None and not failed:
                write(file, event.trace)
        observer(event)

    return watch
