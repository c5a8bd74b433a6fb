"""Builds a conversation from settings (engines, session, devices, turn machine) and runs it."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

from voice.asr.interface import Recognizer
from voice.audio.earcons import earcons
from voice.audio.echo_canceller import EchoCanceller, EchoHandler, HalfDuplex, canceller_installed
from voice.audio.echo_detector import EchoDetector
from voice.audio.frames import Pcm
from voice.audio.interfaces import Sink, Source
from voice.audio.playout import Playout, PlayoutEvent
from voice.conversation.conversation import Conversation
from voice.conversation.history import FarewellWatcher
from voice.conversation.observer import Level, Note, Notice, Observer, TurnEnded
from voice.conversation.recorder import Recorder
from voice.conversation.timers import KeptTimers
from voice.errors import EngineError, MissingError, VoiceError
from voice.llm.builtin.timer_list import Timers
from voice.safety.filters import Guard, NoGuard, screened_data
from voice.server.realtime.engine_pool import EngineSet
from voice.sessions.session_wrappers import CollectedSession, UnmaskedSession
from voice.settings.schema import Settings
from voice.system.malloc import give_back
from voice.system.systemd import ServiceManager
from voice.text.phrases import phrase
from voice.trace import TurnTrace
from voice.wiring.assembly import components, engine_set, machine, warm
from voice.wiring.control import Control
from voice.wiring.conversation_controls import ConversationControls
from voice.wiring.devices import Devices
from voice.wiring.engine_choice import spoken_language
from voice.wiring.engines import recognizer, wake_gate
from voice.wiring.safety import masked
from voice.wiring.sessions import model_warning, session
from voice.wiring.speakers import speaker_watch
from voice.wiring.tools import house, kept_timers
from voice.worker import Worker

PLAYOUT_RATE = 22_050
"""What embedded voices speak at, Hz; other voices and devices are resampled."""

KEPT_TURNS = 100
"""Traces kept of a conversation that may go on for months."""


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
    begun: Callable[[ConversationControls], None] = lambda controls: None,
) -> list[TurnTrace]:
    """Hold a conversation and return the traces of its last turns.

    `source` and `sink` are WAV files in place of the devices, `text` typed lines in place of a source; `fast` says that
    the running loop is a `VirtualLoop`. What is said is kept in the folder `record`, if one is given, and that is said.
    `begun` is given what controls the conversation, once that is possible.
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

        def take(kind: object, make: Callable[[], Any], name: str) -> Worker[Any]:
            worker: Worker[Any] = Worker(name, make, patience_s=settings.turn.patience_s)
            stack.callback(worker.close)
            return worker

        engines = engine_set(settings, take, hearer=hearer, typed=text is not None)
        warming = asyncio.create_task(_warm(engines, typed=text is not None), name="load the engines")
        stack.push_async_callback(_left, warming)
        timers = Timers()

        home = house(settings)
        speaker = speaker_watch(settings, take, watch)
        stack.push_async_callback(speaker.close)
        talk = await session(settings, stack, timers, spoken_language(settings), home, speaker)
        if not settings.chat.session:
            leaving = FarewellWatcher(talk, watch)
            stack.push_async_callback(leaving.close)
            watch = _both(watch, leaving.observe)
        parts = components(
            settings,
            engines,
            machine=machine(
                settings,
                lambda: conversation.spoken if conversation else "",
                live=live,
                no_echo=lambda: (handler is not None and handler.settled) or (by_sound is not None and by_sound.absent),
                commands=home.understands if home is not None else lambda words: False,
            ),
            sink=mouth,
            playout=playout,
            session=CollectedSession(talk) if fast else talk,
            timers=timers,
            observer=watch,
        )
        parts.source, parts.typed, parts.ready, parts.speaker = ears, text, ready, speaker
        if not fast and source is None and stand.audio is None:
            parts.kept, parts.wall = _kept(settings, stack, watch), time.time
        parts.wake = wake_gate(settings, spoken=text is None)
        parts.earcons = earcons(PLAYOUT_RATE, settings.earcons.play.split(","), settings.earcons.volume)
        if handler is not None:
            parts.ear = handler.near
        if by_sound is not None:
            parts.others = by_sound.near
        checking = asyncio.create_task(_check_model(settings, watch), name="ask the model server")
        stack.push_async_callback(_left, checking)
        await warming
        await stack.enter_async_context(manager.watched(progress))
        conversation = Conversation(parts)
        begun(ConversationControls(settings, conversation, talk, parts.voices, take, listens=ears is not None))
        if not fast:
            await control.open(stack, live=live)
        await conversation.run()
        return list(traces)


def _kept(settings: Settings, stack: AsyncExitStack, observer: Observer) -> KeptTimers | None:
    """The owner's timers of earlier runs; without them the conversation goes on, and that is said."""
    try:
        found = kept_timers(settings)
    except VoiceError as error:
        observer(Notice(f"timers end with this run: {error}", "warning"))
        return None
    if found is None:
        return None
    stack.callback(found.close)
    if not found.mine:
        observer(Notice("another process keeps your timers; those of this run end with it"))
        return None
    return found


async def _warm(engines: EngineSet, *, typed: bool) -> None:
    """Load the engines and run each once, so that failures appear now and not in the first turn."""
    for failure in await warm(engines, lambda engine: engine.warm(), typed=typed):
        if isinstance(failure, EngineError):
            raise MissingError(str(failure), remedy="check this machine: voice doctor") from failure
        raise failure


async def _check_model(settings: Settings, observer: Observer) -> None:
    if warning := await model_warning(settings.chat):
        observer(Notice(warning, "warning"))


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
