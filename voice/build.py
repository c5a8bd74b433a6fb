"""Settings to connected objects: the only file that names adapters."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from voice import folders
from voice.asr.recognizer import Recognizer
from voice.audio.earcons import bell, filler
from voice.audio.echo import EchoCanceller, EchoHandler, HalfDuplex
from voice.audio.playout import Playout, PlayoutEvent
from voice.audio.ports import Sink, Source
from voice.audio.silent import SilentSink
from voice.chat.engine import Engine
from voice.chat.held import HeldSession
from voice.chat.parts import EngineOptions
from voice.chat.session import Session
from voice.chat.stores.store import Store
from voice.chat.upstream.builtin import BuiltinUpstream, understands
from voice.chat.upstream.upstream import Upstream
from voice.choice import choose_recognizer, choose_synthesizer
from voice.errors import ConfigError, EngineError, MissingError
from voice.events import Note, Notice, Observer, TurnEnded
from voice.loop import Conversation, Parts
from voice.model_store import ModelStore, shipped_registry
from voice.settings import ChatSettings, Settings
from voice.text.backchannel import is_backchannel
from voice.text.completeness import completeness
from voice.text.echo_guard import is_echo
from voice.text.phrases import phrase
from voice.timers import Timers
from voice.trace import TurnTrace
from voice.tts.synthesizer import Synthesizer
from voice.turn.endpoint import Endpointer
from voice.turn.machine import TurnMachine
from voice.turn.model import TurnModel
from voice.turn.speech import SpeechGate
from voice.turn.turn import Overlap, Policy
from voice.vad.detector import Detector
from voice.worker import Worker

if TYPE_CHECKING:
    from voice.audio.keeper import DeviceKeeper

if TYPE_CHECKING:
    from voice.chat.remote import RemoteSession

PLAYOUT_RATE = 22_050
"""What embedded voices speak at, Hz; other voices and devices are resampled."""

WARM_S = 120.0
"""How long loading a model may take, seconds."""

ESPEAK_VOICES = {"en": "en-us", "zh": "cmn"}
"""espeak-ng's names where they differ from the language tag."""


def language(settings: Settings) -> str:
    """The language spoken by the assistant."""
    return settings.tts.language or settings.asr.language or "en"


def recognizer(settings: Settings) -> Recognizer:
    """The recognizer the settings name; `auto` takes Whisper where a model is present."""
    asr = settings.asr
    registry, store = shipped_registry(), ModelStore(settings.models.folder)
    chosen = choose_recognizer(asr.engine, asr.model, asr.language, store.present(registry), registry)
    if chosen.engine == "whisper":
        from voice.asr.whisper import WhisperRecognizer

        named = next((model for model in registry if model.name == chosen.model), None)
        folder = store.path(named) if named else Path(chosen.model).expanduser()
        return WhisperRecognizer(folder, language=asr.language, threads=asr.threads, window=asr.window)
    if chosen.engine == "scripted":
        from voice.asr.scripted import ScriptedRecognizer

        return ScriptedRecognizer([])
    from voice.asr.sphinx import SphinxRecognizer

    return SphinxRecognizer()


def synthesizer(settings: Settings) -> Synthesizer:
    """The synthesizer the settings name; `auto` takes Piper where a voice of the language is present."""
    tts, speaks = settings.tts, language(settings)
    registry, store = shipped_registry(), ModelStore(settings.models.folder)
    chosen = choose_synthesizer(tts.engine, tts.voice, speaks, store.present(registry), registry)
    if chosen.engine == "piper":
        from voice.tts.piper import PiperSynthesizer

        named = next((model for model in registry if model.name == chosen.model), None)
        voice = store.path(named) if named else Path(chosen.model).expanduser()
        return PiperSynthesizer(voice, speed=tts.speed, split="auto" if tts.split == "auto" else "off")
    if chosen.engine == "tone":
        from voice.tts.tone import ToneSynthesizer

        return ToneSynthesizer()
    return _espeak(settings, chosen.model)


def _espeak(settings: Settings, voice: str = "") -> Synthesizer:
    from voice.tts.espeak import EspeakSynthesizer

    speaks = language(settings)
    return EspeakSynthesizer(voice or ESPEAK_VOICES.get(speaks.split("-")[0], speaks), speed=settings.tts.speed)


def detector(settings: Settings) -> Detector:
    """The voice activity detector the settings name."""
    if settings.vad.engine == "silero":
        from voice.vad.silero import SileroDetector

        return SileroDetector()
    from voice.vad.webrtc import WebrtcDetector

    return WebrtcDetector(settings.vad.aggressiveness)


def turn_model(settings: Settings) -> TurnModel:
    """The turn model in the file the settings name."""
    from voice.vad.smart_turn import SmartTurn

    return SmartTurn(Path(settings.turn.model).expanduser())


def judges(settings: Settings) -> bool:
    """Whether a turn model is asked: a fixed silence needs none."""
    return bool(settings.turn.model) and settings.turn.endpointing == "adaptive"


def upstream(settings: Settings, timers: Timers | None = None, now: Callable[[], float] | None = None) -> Upstream:
    """The model behind the sessions: the builtin responder, or a server by its URL."""
    chat = settings.chat
    if chat.llm != "builtin":
        from voice.chat.upstream.openai import OpenAIUpstream

        return OpenAIUpstream(chat.llm, chat.model, chat.api_key)
    knowledge = Path(chat.knowledge).expanduser() if chat.knowledge else folders.PACKAGE / "demo" / "knowledge"
    running = (lambda: timers.left(now())) if timers is not None and now is not None else None
    return BuiltinUpstream(knowledge, timers=running)


def store(settings: Settings) -> Store:
    """Where sessions are kept."""
    from voice.chat.stores.sqlite import SqliteStore

    where = settings.chat.store
    if where and not where.startswith("sqlite:///"):
        raise ConfigError(f"cannot keep sessions in {where!r}", where="chat.store", expected="sqlite:///FILE")
    path = Path(where.removeprefix("sqlite:///")).expanduser() if where else folders.user_data() / "sessions.sqlite"
    return SqliteStore(path)


def options(settings: Settings) -> EngineOptions:
    """How sessions run."""
    return EngineOptions(model=settings.chat.model, context_tokens=settings.chat.context_tokens)


@asynccontextmanager
async def engine(settings: Settings, model: Upstream) -> AsyncIterator[Engine]:
    """Sessions over the store of the settings and this model, which gets ready meanwhile; closed with all of it."""
    kept = store(settings)
    made = Engine(kept, model, options(settings))
    preparing = asyncio.create_task(model.prepare(), name="prepare the model")
    try:
        yield made
    finally:
        preparing.cancel()
        await made.close()
        await kept.close()
        await model.close()


async def served(chat: ChatSettings, url: str, stack: AsyncExitStack) -> RemoteSession:
    """A session on the server at `url`, left with the stack: the one of that name, or a new one."""
    from voice.chat.keyring import Keyring
    from voice.client import Sessions

    sessions = await stack.enter_async_context(Sessions(url, chat.server_key))
    if not chat.session:
        return await sessions.create(system=chat.system, model=chat.model)
    keyring = Keyring(folders.user_data() / "sessions.json")
    return await sessions.named(chat.session, keyring, system=chat.system, model=chat.model)


async def session(settings: Settings, stack: AsyncExitStack, timers: Timers) -> Session:
    """The session of the settings, closed with the stack: on a server, or in this process."""
    chat, loop = settings.chat, asyncio.get_running_loop()
    if chat.server:
        return await served(chat, chat.server, stack)
    from voice.chat.local import open_local

    running = await stack.enter_async_context(engine(settings, upstream(settings, timers, loop.time)))
    local = await open_local(running, name=chat.session or None, system=chat.system)
    stack.push_async_callback(local.close)
    return local


def machine(settings: Settings, spoken: Callable[[], str], *, live: bool) -> TurnMachine:
    """The turn machine; `spoken()` is what the reply has said so far, to tell its echo from a person."""
    turn, guard = settings.turn, live and settings.audio.echo != "off"

    def overlap(words: str) -> Overlap:
        if guard and is_echo(words, spoken()):
            return Overlap.ECHO
        return Overlap.BACKCHANNEL if is_backchannel(words) else Overlap.WORDS

    endpointer = Endpointer(
        silence_s=turn.silence_ms / 1000,
        min_s=turn.min_silence_ms / 1000,
        max_s=turn.max_silence_ms / 1000,
        adaptive=turn.endpointing == "adaptive",
        judge=lambda words: completeness(words, understands),
    )
    policy = Policy(
        speculate=turn.speculate,
        judges=judges(settings),
        barge_in=turn.barge_in,
        filler_s=turn.filler_s,
        max_turn_s=turn.max_turn_s,
        overlap=overlap,
        no_answer=phrase("no_answer", language(settings)),
    )
    return TurnMachine(policy, endpointer)


def echo(settings: Settings, *, live: bool) -> EchoHandler | None:
    """What keeps the microphone from hearing the speaker; `auto` cancels where the library is installed."""
    wanted = settings.audio.echo
    if wanted == "half":
        return HalfDuplex(PLAYOUT_RATE)
    if wanted == "aec" or (wanted == "auto" and live and importlib.util.find_spec("livekit") is not None):
        return EchoCanceller(PLAYOUT_RATE)
    return None


@dataclass(frozen=True, slots=True)
class Stand:
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
    stand: Stand | None = None,
) -> list[TurnTrace]:
    """Hold a conversation and return the traces of its turns.

    `source` and `sink` are WAV files in place of the devices, `text` typed lines in place of a source; `fast` says that
    the running loop is a `VirtualLoop`. Raises MissingError for a device or file that is not there.
    """
    stand = stand or Stand()
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with AsyncExitStack() as stack:
        traces: list[TurnTrace] = []
        watch = _watcher(observer, traces, stack.enter_context(_opened(trace)) if trace else None)
        conversation: Conversation | None = None

        def played(event: PlayoutEvent) -> None:
            if conversation is not None:
                loop.call_soon_threadsafe(conversation.played, event)

        def microphone_lost() -> None:
            if conversation is not None:
                conversation.microphone_lost()

        playout = Playout(PLAYOUT_RATE, played)
        devices = _Devices(settings, playout, watch, microphone_lost)
        stack.push_async_callback(devices.close)
        ears: Source | None
        mouth: Sink
        if stand.audio is not None:
            ears, mouth = stand.audio(playout)
        else:
            ears = None if text is not None else devices.source(source)
            mouth = devices.sink(sink, quiet=fast or text is not None or source is not None)
        live = source is None and text is None
        handler = echo(settings, live=live)
        if handler is not None:
            playout.tap = handler.far
        timers = Timers()
        talk = await session(settings, stack, timers)
        hearer = stand.recognizer or partial(recognizer, settings)
        words = Worker("recognizer", hearer, patience_s=settings.turn.patience_s)
        voices = [Worker("voice", partial(synthesizer, settings), patience_s=settings.turn.patience_s)]
        if settings.tts.engine not in ("espeak", "tone"):
            voices.append(Worker("spare voice", partial(_espeak, settings), patience_s=settings.turn.patience_s))
        stack.callback(words.close)
        ends: Worker[TurnModel] | None = None
        if judges(settings) and text is None:
            ends = Worker("turn model", partial(turn_model, settings), patience_s=settings.turn.patience_s)
            stack.callback(ends.close)
        for voice in voices:
            stack.callback(voice.close)
        hears = detector(settings)
        parts = Parts(
            machine=machine(settings, lambda: conversation.spoken if conversation else "", live=live),
            sink=mouth,
            playout=playout,
            session=HeldSession(talk) if fast else talk,
            detector=hears,
            gate=SpeechGate(start_s=settings.vad.start_ms / 1000, hangover_s=hears.hangover_s),
            recognizer=words,
            voices=voices,
            turn_model=ends,
            timers=timers,
            observer=watch,
            source=ears,
            typed=text,
            ear=handler.near if handler is not None else lambda frame: frame,
            language=language(settings),
            preroll_s=settings.audio.preroll_ms / 1000,
            filler=filler(PLAYOUT_RATE),
            bell=bell(PLAYOUT_RATE),
            ready=lambda: watch(Notice(f"ready in {loop.time() - began:.1f} s")),
        )
        await _warm(words, voices[0], ends, typing=text is not None)
        conversation = Conversation(parts)
        await conversation.run()
        return traces


async def _warm(
    words: Worker[Recognizer], voice: Worker[Synthesizer], ends: Worker[TurnModel] | None, *, typing: bool
) -> None:
    """Load the engines at once and let each run once. What cannot be loaded is refused now, not in the first turn."""
    loads = [voice.call(lambda engine: engine.warm(), patience_s=WARM_S)]
    if not typing:
        loads.append(words.call(lambda engine: engine.warm(), patience_s=WARM_S))
    if ends is not None:
        loads.append(ends.call(lambda model: model.warm(), patience_s=WARM_S))
    for failure in await asyncio.gather(*loads, return_exceptions=True):
        if isinstance(failure, EngineError):
            raise MissingError(str(failure), remedy="see what works here: voice doctor") from failure
        if isinstance(failure, BaseException):
            raise failure


class _Devices:
    """The source and the sink of one conversation; PortAudio is touched only where a device is wanted."""

    def __init__(self, settings: Settings, playout: Playout, observer: Observer, lost: Callable[[], None]) -> None:
        self._settings, self._playout, self._observer, self._lost = settings, playout, observer, lost
        self._kept: DeviceKeeper | None = None

    def _keeper(self) -> DeviceKeeper:
        if self._kept is None:
            from voice.audio.keeper import DeviceKeeper

            self._kept = DeviceKeeper()
        return self._kept

    def source(self, path: Path | None) -> Source:
        """The recording, or the microphone."""
        frame_ms = self._settings.audio.frame_ms
        if path is not None:
            from voice.audio.wav import WavSource

            return WavSource(path, frame_ms, self._observer)
        from voice.audio.device import Microphone

        return Microphone(self._keeper(), self._settings.audio.input, frame_ms, self._notify)

    def sink(self, path: Path | None, *, quiet: bool) -> Sink:
        """The file, the speaker, or nothing where nobody listens."""
        if path is not None:
            from voice.audio.wav import WavSink

            return WavSink(path, self._playout, self._observer)
        if quiet:
            return SilentSink(self._playout)
        from voice.audio.device import Speaker

        return Speaker(self._keeper(), self._settings.audio.output, self._playout, self._notify)

    def _notify(self, event: object) -> None:
        from voice.audio.keeper import DeviceLost

        lost = isinstance(event, DeviceLost)
        self._observer(Notice(str(event), "warning" if lost else "info"))
        if isinstance(event, DeviceLost) and event.direction == "microphone":
            self._lost()

    async def close(self) -> None:
        """Free PortAudio."""
        if self._kept is not None:
            await self._kept.close()


def _opened(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise MissingError(f"cannot be written: {error.strerror}", where=str(path)) from error


def _watcher(observer: Observer, traces: list[TurnTrace], file: TextIO | None) -> Observer:
    """The observer, besides which every turn that ends is collected and written down as one JSON line."""

    def watch(event: Note) -> None:
        if isinstance(event, TurnEnded):
            traces.append(event.trace)
            if file is not None:
                print(json.dumps(event.trace.to_json(), ensure_ascii=False), file=file, flush=True)
        observer(event)

    return watch
