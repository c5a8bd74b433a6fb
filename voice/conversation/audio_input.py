"""The microphone's side of a conversation: echo removed, speech detected, the turn machine informed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from voice.audio.frames import SILENT_DBFS, Frame, level_dbfs, silence
from voice.audio.interfaces import Source
from voice.conversation import observer as note
from voice.conversation.components import Components
from voice.conversation.transcriber import Transcriber
from voice.turn import events as ev
from voice.turn.state import State
from voice.vad.speech_gate import Edge
from voice.wake.wake_gate import Called

LEVEL_EVERY_S = 0.1

BREATH_S = 0.3
"""Speech that continues this soon after the wake word is not interrupted by the confirmation sound."""

NEARER_S = 0.1
"""A much nearer speaker began at most this long before being noticed."""

TIMER_PATIENCE_S = 30.0
"""Input that has ended waits this long for a timer that is still to ring."""


class AudioInput:
    """Feeds the machine from frames through `tell`; `shown` is called about ten times a second of audio."""

    def __init__(
        self, parts: Components, listener: Transcriber, tell: Callable[..., None], shown: Callable[[], None]
    ) -> None:
        self._parts, self._listener, self._tell, self._shown = parts, listener, tell, shown
        self._loop = asyncio.get_running_loop()
        self._level_due = 0.0
        self._chime_due: float | None = None
        self._hidden: float | None = None
        self.muted = False

    async def run(self, source: Source) -> None:
        """Hear until the source ends, and after it until nothing is left to say."""
        frame_s = source.frame_ms / 1000
        listening = False
        async for frame in source.frames():
            if not listening:
                listening = True
                self._parts.ready()
            self.take_frame(frame)
        until = self._loop.time() + TIMER_PATIENCE_S
        while not self._over(until):
            await asyncio.sleep(frame_s)
            self.take_frame(Frame(silence(frame_s), self._loop.time()))

    def take_frame(self, heard: Frame) -> None:
        """Take one frame. While muted nothing is done with it but taking the echo out."""
        parts = self._parts
        frame = parts.ear(heard)
        if self.muted:
            self._level(None, frame.at)
            return
        probability = parts.detector.probability(frame.pcm)
        if not parts.others(heard):
            probability = 0.0
        if not parts.gate.speaking:
            probability = self._but_for_beeps(probability, frame)
        heard_edge = parts.gate.update(probability, frame.at, frame.duration_s, level_dbfs(frame.pcm))
        self._listener.add_frame(frame, voiced=probability >= 0.5, background=parts.gate.background)
        parts.speaker.hear(frame, voiced=probability >= 0.5 and not parts.gate.background)
        if parts.gate.mistaken_since is not None:
            self._drop_since(parts.gate.mistaken_since, frame.at)
        called = parts.wake.update(frame, stirring=parts.gate.stirring)
        if called is not None:
            self._called(called, frame.at)
        for edge in parts.wake.edges(heard_edge, frame.at, idle=self._idle):
            self._edge(edge, frame.at)
        if not self._idle:
            self._tell(ev.FrameHeard(quiet=parts.gate.quiet), frame.at)
        elif self._chime_due is not None and frame.at >= self._chime_due and not parts.gate.stirring:
            self._chime_due = None
            parts.playout.chime(parts.earcons.wake)
        self._level(frame, frame.at)

    def _level(self, frame: Frame | None, now: float) -> None:
        """Report the level about ten times a second, which also shows that frames still arrive."""
        if now >= self._level_due:
            self._level_due = now + LEVEL_EVERY_S
            self._parts.observer(note.Level(SILENT_DBFS if frame is None else level_dbfs(frame.pcm)))
            self._shown()

    def call(self) -> None:
        """Somebody wants to talk: a reply gives way, and what is said from now on is for us."""
        now = self._loop.time()
        self._tell(ev.Dropped())
        self._parts.wake.call(now, now, speaking=self._parts.gate.speaking)
        self._chime_due = now

    def mute(self, muted: bool) -> None:
        """Hear nothing at all, or hear again. What was heard until then is the turn."""
        if muted and not self.muted:
            self.lost()
            self._parts.wake.close()
        self.muted = muted

    def lost(self) -> None:
        """No more audio for now: what was heard is the turn."""
        self._parts.gate.reset()
        self._parts.detector.reset()
        self._tell(ev.MicrophoneLost())

    def _but_for_beeps(self, probability: float, frame: Frame) -> float:
        """Ignore our own beep; speech that starts during it is detected after it and recognized from its start."""
        began = frame.at - frame.duration_s
        if self._parts.playout.chimes(began, frame.at):
            if probability >= 0.5 and self._hidden is None:
                self._hidden = began
            return 0.0
        if probability < 0.5:
            self._hidden = None
        return probability

    def _edge(self, edge: Edge, now: float) -> None:
        if not edge.speech:
            self._tell(ev.SpeechStopped(edge.at), now)
            return
        if edge.nearer:
            if self._parts.machine.state not in (State.LISTENING, State.ENDING):
                return
            self._tell(ev.Dropped(), now)  # what was heard until now was background
            self._listener.forget(edge.at - NEARER_S)
        self._tell(ev.SpeechStarted(edge.at if self._hidden is None else min(edge.at, self._hidden)), now)
        self._chime_due = self._hidden = None

    def _drop_since(self, since: float, now: float) -> None:
        """What was heard since then was background: a turn that is nothing else is none."""
        turn = self._parts.machine.turn
        if turn is not None and turn.decided is None and turn.started >= since - NEARER_S:
            self._tell(ev.Dropped(), now)

    def _called(self, called: Called, now: float) -> None:
        """The wake word was said. In the middle of a turn of theirs it is just a word of it."""
        parts = self._parts
        parts.observer(note.Woken(called.phrase))
        if parts.machine.state in (State.LISTENING, State.ENDING):
            return
        self._tell(ev.Dropped(), now)
        self._listener.forget(called.ended)
        parts.wake.call(now, called.ended, speaking=parts.gate.speaking)
        self._chime_due = called.ended + BREATH_S

    @property
    def _idle(self) -> bool:
        return self._parts.machine.state is State.IDLE

    def _over(self, until: float) -> bool:
        rings = self._parts.timers.due()
        waits = rings is not None and rings <= until
        return self._idle and self._parts.gate.quiet and not waits
