"""One conversation: tells the turn machine what happens, does what it asks for, and owns every task of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

from voice.audio.playout import PlayoutAudible, PlayoutDrained, PlayoutEvent
from voice.clock import Alarms
from voice.conversation import observer as note
from voice.conversation.actions import Actions
from voice.conversation.audio_input import TIMER_PATIENCE_S, AudioInput
from voice.conversation.reply import SpokenReply
from voice.conversation.timers import TimerRinger
from voice.conversation.transcriber import Transcriber
from voice.llm.builtin.timer_answers import missed
from voice.llm.interface import Effect
from voice.text.phrases import phrase
from voice.turn import events as ev
from voice.turn.state import State
from voice.turn.turn_model import HEARD_S

ECHO_S = 3.0
"""How long after a reply its echo may still become words: the room, the endpoint and the recognizer take their time."""

CLOSING_S = 0.7
"""How long a conversation that is left may take to write down what was heard."""


class Conversation(Actions):
    """Runs until its source and its typed lines have ended, or until it is cancelled.

    While it is `running` it takes orders.
    """

    async def run(self) -> None:
        """Converse. Ends every open turn on the way out, so that the history holds what was heard."""
        parts = self._parts
        self._loop = asyncio.get_running_loop()
        self._alarms = Alarms(self._loop)
        self._ringing = TimerRinger(parts.timers, self._alarms, parts.observer, self._rings, parts.kept, parts.wall)
        async with asyncio.TaskGroup() as self._tasks:
            self._listener = Transcriber(
                parts.recognizer,
                self.tell,
                self._heard_words,
                self._tasks,
                preroll_s=parts.preroll_s,
                failure=phrase("recognizer", parts.language),
                asked_early=self._machine.policy.speculate != "off",
                keeps_s=max(HEARD_S if parts.turn_model is not None else 0.0, parts.gate.holds_s + parts.preroll_s),
                phrases=parts.wake.phrases,
            )
            self._hearing = AudioInput(parts, self._listener, self.tell, self._show)
            self.running = True
            memory = self._tasks.create_task(self._remembering.run(), name="memory")
            try:
                await parts.sink.start()
                parts.session.announce_to(self.say)
                self._tell_missed()
                async with asyncio.TaskGroup() as inputs:
                    if parts.source is not None:
                        inputs.create_task(self._hearing.run(parts.source), name="listen")
                    if parts.typed is not None:
                        inputs.create_task(self._type(parts.typed), name="type")
            finally:
                await self._close(memory)

    def _tell_missed(self) -> None:
        """Let the timers ring, and say which came due while the assistant was off."""
        if rung := self._ringing.begin(self._loop.time()):
            text = missed(rung, datetime.now(), self._parts.language)
            self._parts.observer(note.Notice(text))
            self.say(text)

    def cancel_timer(self, number: int) -> None:
        """Stop the timer of this number, if it runs."""
        self._ringing.act(Effect("timer.cancel", {"number": number}), self._loop.time())

    async def _close(self, memory: asyncio.Task[None]) -> None:
        parts = self._parts
        self.running = False
        parts.session.announce_to(lambda text: None)
        self.tell(ev.Closed())
        self._ringing.close()
        self._alarms.cancel()
        if parts.source is not None:
            await parts.source.close()
        await self._remembering.settled(CLOSING_S)
        memory.cancel()
        await parts.sink.close()

    def tell(self, event: ev.Event, now: float | None = None) -> None:
        """Give the machine an event and do what it asks for; on the event loop, also from within an action."""
        self._events.append((event, self._loop.time() if now is None else now))
        if self._telling:
            return
        self._telling = True
        before = self._machine.state
        try:
            while self._events:
                next_event, at = self._events.popleft()
                self._parts.watch(next_event, at)
                self._perform(self._machine.receive(next_event, at), at)
        finally:
            self._telling = False
        if self._machine.state is not before:
            self._parts.observer(note.StateChanged(self._machine.state))
            self._changed.set()
        self._alarms.set("machine", self._machine.due(), self._tick)

    def _tick(self, now: float) -> None:
        self._perform(self._machine.tick(now), now)
        self._alarms.set("machine", self._machine.due(), self._tick)

    # What comes in: audio, typed lines, what the sink played.

    async def _type(self, lines: AsyncIterator[str]) -> None:
        self._parts.ready()
        async for line in lines:
            if line.strip():
                self.tell(ev.Typed(line.strip()))
                await self._until_idle()
        until = self._loop.time() + TIMER_PATIENCE_S
        while (rings := self._parts.timers.due()) is not None and rings <= until:
            await asyncio.sleep(max(0.0, rings - self._loop.time()))
            await self._until_idle()
        if rings is not None:
            later = "will not ring" if self._parts.kept is None else "rings when the assistant runs again"
            self._parts.observer(note.Notice(f"a timer is still running and {later}", "warning"))

    async def _until_idle(self) -> None:
        while self._machine.state is not State.IDLE:
            self._changed.clear()
            await self._changed.wait()

    @property
    def spoken(self) -> str:
        """What may be heard of replies in the room: the end of the last one, and this one to the end of its clause."""
        text, at = self._said
        before = text if self._loop.time() - at < ECHO_S else ""
        return before if self._reply is None else f"{before} {self._reply.sounding()}"

    @property
    def reply(self) -> SpokenReply | None:
        """The reply on its way, if there is one."""
        return self._reply

    def type(self, text: str) -> None:
        """Take words as a turn of their own, after what is going on."""
        self.tell(ev.Typed(text))

    def stop(self) -> None:
        """Stop the reply; harmless where there is none."""
        self.tell(ev.Stopped())

    def hush(self) -> None:
        """Stop the reply; its text was read, so all of it counts as heard."""
        if self._reply is not None:
            self._reply.silent = True
        self.stop()

    def talk(self) -> None:
        """Push to talk: what is said from now on is for us; where someone speaks already, their turn ends here."""
        if self._machine.state in (State.LISTENING, State.ENDING):
            self._hearing.lost()
        else:
            self.start_turn()

    def microphone_lost(self) -> None:
        """No more audio for now: what was heard is the turn."""
        self._hearing.lost()

    # What others may order, on the event loop.

    def drop(self) -> None:
        """Be quiet, and do not answer what is being said."""
        self.tell(ev.Dropped())

    def start_turn(self) -> None:
        """What is said from now on is for us; a reply gives way."""
        self._hearing.call()

    def say(self, text: str) -> None:
        """Say this once no one is speaking. It is not part of the history."""
        self.tell(ev.Announce(text, rings=False))

    def played(self, event: PlayoutEvent) -> None:
        """Take what the sink reports, on the event loop."""
        reply = self._reply
        if reply is None or event.reply != reply.number:
            return
        trace = self._trace(reply.turn)
        if isinstance(event, PlayoutAudible):
            trace.mark("audible", event.at)
            self.tell(ev.Audible(reply.turn, reply.revision))
        elif isinstance(event, PlayoutDrained):
            self._show()
            self.tell(ev.Drained(reply.turn, reply.revision, reply.mute))
        elif self._machine.over is not None:
            trace.notes["barge_in_ms"] = round((event.at - self._machine.over.started) * 1000, 1)
