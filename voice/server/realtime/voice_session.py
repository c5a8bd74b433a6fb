"""The conversation of one Realtime connection: started with its settings, changed, stopped; and manual dictation."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from voice.asr.interface import Recognizer, Utterance
from voice.audio.echo_remote import RemoteEcho
from voice.audio.frames import RATE, Pcm
from voice.audio.network import FADE_MS, MOST_WAITING_S, NetworkSink, NetworkSource, PacedSink, RemotePlayout
from voice.audio.playout import PlayoutDrained, PlayoutEvent
from voice.conversation.conversation import Conversation
from voice.conversation.observer import Notice
from voice.conversation.timers import KeptTimers
from voice.llm.builtin.timer_list import Timers
from voice.server.realtime.audio_codec import SPOKEN_RATE
from voice.server.realtime.engine_pool import EnginePool, EngineSet
from voice.server.realtime.events import EventWriter, RunningConversation
from voice.server.realtime.session import RealtimeSession
from voice.server.realtime.session_config import Config
from voice.settings.schema import Settings
from voice.turn.machine import TurnMachine
from voice.turn.overlap import SURELY, is_brief, is_echo, is_stop
from voice.turn.state import Overlap, State
from voice.worker import Worker

PIECE_S = 0.2
LONGEST_S = 600.0

MID_TURN = (State.LISTENING, State.ENDING, State.PAUSED)
"""Someone speaks, or has for all that is known only drawn breath."""

CEASES_S = 0.9
"""An echo ends soon after the reply was held for it; a person goes on, maybe after a breath."""


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
            await self._recognizer.call(lambda _, utterance=utterance, pcm=pcm: utterance.add_audio(pcm))  # type: ignore[misc]

    async def _close(self) -> None:
        utterance, self._utterance = self._utterance, None
        if utterance is not None:
            await self._recognizer.call(lambda _: utterance.close())


@dataclass(frozen=True, slots=True, eq=False)
class TimerPlace:
    """Timers that outlast a connection; `kept` has those that outlast the server, `wall` gives seconds since 1970."""

    running: Timers = field(default_factory=Timers)
    kept: KeptTimers | None = None
    wall: Callable[[], float] | None = None


log = logging.getLogger(__name__)


class VoiceSession:
    """One loop at a time over one session. `room()` says whether the client reads, `broke(error)` that it failed.

    `attach`, where given, receives the sink of each loop: the client is sent a track of audio, not events with audio.
    """

    def __init__(
        self,
        engines: EnginePool,
        session: RealtimeSession,
        narrator: EventWriter,
        timers: TimerPlace,
        room: Callable[[], bool],
        broke: Callable[[BaseException], None],
        attach: Callable[[PacedSink], None] | None = None,
    ) -> None:
        self._engines, self._session, self._narrator, self._timers = engines, session, narrator, timers
        self._room, self._broke, self._attach = room, broke, attach
        self._kit: EngineSet | None = None
        self._wished: Settings | None = None
        self._running: asyncio.Task[None] | None = None
        self._echo: RemoteEcho | None = None
        self.dictation: Dictation | None = None

    @property
    def stage(self) -> RunningConversation:
        """The running loop's parts."""
        assert self._narrator.stage is not None, "the loop was begun"
        return self._narrator.stage

    @property
    def recognizer(self) -> Worker[Recognizer]:
        """The recognizer of the running loop."""
        assert self._kit is not None, "the loop was begun"
        return self._kit.recognizer

    @property
    def idle(self) -> bool:
        return self.stage.machine.state is State.IDLE

    async def begin(self, config: Config) -> None:
        """Begin, or change what runs. Raises VoiceError for a voice or language that is not here."""
        wished = config.settings(self._engines.settings)
        if self._wished is not None and _engines_of(wished) == _engines_of(self._wished):
            if wished != self._wished:
                self._change(wished)
        else:
            kit = await self._engines.lend(wished)
            await self.stop()
            self._kit = kit
            self._start(kit, wished)
            await asyncio.sleep(0)  # it has begun now, and can be told things
            if kit.notice:
                self._narrator.note(Notice(kit.notice, "warning"))
        self._wished = wished
        self.stage.conversation.speaks = config.output_modalities == ["audio"]

    async def stop(self) -> None:
        """End the loop; what it did to the session is done when this returns."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.wait({running})
        if self.dictation is not None:
            await self.dictation.close()
        if self._kit is not None:
            self._kit.give_back()
            self._kit = None

    def stop_reply(self, *, by_client: bool = True) -> None:
        """Stop sending the reply."""
        self._narrator.stopped_by_client = by_client
        try:
            self.stage.conversation.stop()
        finally:
            self._narrator.stopped_by_client = False

    def _change(self, wished: Settings) -> None:
        """Other rules of turns for the same engines; a turn that is going on is kept."""
        stage = self.stage
        new = self._rules(wished, lambda: stage.conversation.spoken)
        stage.machine.policy, stage.machine.endpointer = new.policy, new.endpointer

    def _rules(self, wished: Settings, spoken: Callable[[], str]) -> TurnMachine:
        """The rules of turns. Where there is no echo, no words are one; until that is known, it takes more to tell."""

        def said() -> str:
            return "" if self._echo is None or self._echo.absent else spoken()

        def cautious(words: str) -> Overlap:
            kind = overlap(words)
            if self._echo is None or not self._echo.unknown or kind not in (Overlap.WORDS, Overlap.ECHO):
                return kind
            over = machine.over
            until = clock() if over is None or over.stopped is None else over.stopped
            soon = over is not None and until - over.started < CEASES_S
            if not self._echo.unlike and (is_brief(words) or (soon and not is_stop(words))):
                return Overlap.BACKCHANNEL
            return kind if kind is Overlap.WORDS or is_echo(words, said(), least=SURELY) else Overlap.WORDS

        clock = asyncio.get_running_loop().time
        machine = self._engines.machine(wished, said)
        overlap = machine.policy.overlap
        machine.policy = replace(machine.policy, overlap=cautious)
        return machine

    def _start(self, kit: EngineSet, wished: Settings) -> None:
        loop = asyncio.get_running_loop()
        conversation: Conversation | None = None
        machine = self._rules(wished, lambda: conversation.spoken if conversation else "")

        def played(event: PlayoutEvent) -> None:
            assert conversation is not None
            reply = conversation.reply
            if not isinstance(event, PlayoutDrained) or reply is None or event.reply != reply.number or reply.mute:
                conversation.played(event)
                return
            loop.call_soon(sent_all, event)  # the last piece is sent first

        def sent_all(event: PlayoutDrained) -> None:
            self._narrator.sent_all()
            heard_out(event)

        def heard_out(event: PlayoutDrained) -> None:
            """Tell the loop once the peer has played it all."""
            assert conversation is not None
            left_s = playout.ahead_s
            reply = conversation.reply
            if left_s > 0.0 and reply is not None and reply.number == event.reply:
                loop.call_later(max(0.01, left_s), heard_out, event)
            else:
                conversation.played(replace(event, at=loop.time()))

        attach = self._attach
        fade_ms = 0 if attach is None else FADE_MS
        playout = RemotePlayout(SPOKEN_RATE, played, loop.time, lambda: machine.state is State.PAUSED, fade_ms)
        frame_ms = wished.audio.frame_ms
        source = NetworkSource(frame_ms, lambda: machine.state is not State.IDLE, lambda: machine.state in MID_TURN)
        sink: NetworkSink | PacedSink
        if attach is None:
            sink = NetworkSink(playout, self._narrator.sound, self._room)
        else:
            attach(sink := PacedSink(playout, self._narrator.sound))
        handling = wished.audio.echo
        self._echo = RemoteEcho(playout, expected=handling == "guard") if handling != "off" else None
        parts = self._engines.components(
            wished,
            kit,
            machine=machine,
            sink=sink,
            playout=playout,
            session=self._session,
            timers=self._timers.running,
            observer=self._narrator.note,
        )
        parts.kept, parts.wall = self._timers.kept, self._timers.wall
        parts.source, parts.watch, parts.acts = source, self._narrator.watch, self._narrator.acts
        if self._echo is not None:
            parts.others = self._echo.near
        conversation = Conversation(parts)
        self._narrator.stage = RunningConversation(conversation, machine, playout, source)
        self._narrator.wake = sink.wake
        self.dictation = Dictation(kit.recognizer)
        self._running = asyncio.create_task(self._run(conversation), name="realtime conversation")

    async def _run(self, conversation: Conversation) -> None:
        try:
            await conversation.run()
        except Exception as error:  # the client gets an error, and the connection ends
            log.exception("a realtime conversation failed")
            self._broke(error)

    def add_audio(self, pcm: Pcm, *, manual: bool) -> bool:
        """Take the client's audio; False where too much of it waits."""
        if manual:
            assert self.dictation is not None
            return self.dictation.add(pcm)
        return self.stage.source.put(pcm)


def _engines_of(settings: Settings) -> tuple[object, ...]:
    """What of the settings makes other engines necessary."""
    return settings.asr, settings.tts, settings.audio.preroll_ms
