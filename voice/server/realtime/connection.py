"""One Realtime connection: the client's events in, one after the other; the conversation's events out."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.types import Receive, Send

from voice.audio.frames import Pcm
from voice.audio.network import MOST_WAITING_S, PACE_S, PacedSink
from voice.errors import VoiceError
from voice.server.realtime.audio_codec import Incoming
from voice.server.realtime.client_events import Wrong, checked, event_id, parse
from voice.server.realtime.engine_pool import EnginePool
from voice.server.realtime.events import EventWriter, user_item
from voice.server.realtime.items import Item, Items, new_id
from voice.server.realtime.out_of_band import Asides
from voice.server.realtime.response import spoken_turn
from voice.server.realtime.session import RealtimeSession
from voice.server.realtime.session_config import Config, updated
from voice.server.realtime.voice_session import TimerPlace, VoiceSession
from voice.server.websocket_messages import NOT_TEXT, Closing
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine import Engine

UNREAD_S = 20.0
MOST_UNREAD = 8 * 1024 * 1024
SOME_UNREAD = 256 * 1024
"""Bytes waiting for the client after which no more audio is made ready for it."""
MOST_ERRORS = 100
MOST_EARLY = round(MOST_WAITING_S / PACE_S)
"""Pieces of audio that wait for the conversation to begin; of more, the latest."""

BROKEN, TOO_WRONG, GONE_ELSEWHERE, UNREAD = 1011, 1008, 4009, 4008

EVERYTHING = 2**53
"""Characters heard of a reply that was played to its end."""


FULL = ("buffer_full", "60 s of audio are waiting; this audio was dropped", "audio")
"""The refusal of audio that there is no room for."""

EventHandler = Callable[["RealtimeConnection", dict[str, Any]], Awaitable[None]]


class RealtimeConnection:
    """Runs one accepted WebSocket over one session; `handlers` do what each kind of event asks.

    `heard` is what its client knows of the last reply, if it said. A call over WebRTC has a data channel in place of
    the WebSocket, and audio beside it: `hear` takes the client's, and `attach` the sink that a reply is pulled from.
    """

    def __init__(
        self,
        engine: Engine,
        live: ActiveSession,
        engines: EnginePool,
        receive: Receive,
        send: Send,
        config: Config,
        handlers: Mapping[str, EventHandler],
        timers: TimerPlace,
        attach: Callable[[PacedSink], None] | None = None,
    ) -> None:
        self.config, self.live = config, live
        self.items = Items()
        self.session = RealtimeSession(engine, live, self.items, lambda: self.config)
        self.session.told_of = lambda told: self.say("x.tool", **told)
        self.narrator = EventWriter(self.say, self.items, lambda: self.config, self.session)
        self.narrator.on_track = attach is not None
        self.timers = timers.running
        self.talk = VoiceSession(engines, self.session, self.narrator, timers, self._room, self._broke, attach)
        self.narrator.rests = self._rest
        self._idle: asyncio.TimerHandle | None = None
        self._idle_at = 0.0
        self._alone = False
        self.asides = Asides(engine.parts, live, self.items, self.say)
        self.incoming = Incoming(config.audio["input"]["format"]["type"])
        self.gone = asyncio.Event()
        self._receive, self._send, self._handlers = receive, send, handlers
        self._outbox: deque[str] = deque()
        self._unread = 0
        self._news = asyncio.Event()
        self._closing: Closing | None = None
        self._errors = 0
        self._deaf = False
        self._early: deque[Pcm] = deque(maxlen=MOST_EARLY)

    async def run(self, token: str, heard: tuple[int, int] | None) -> tuple[int, int]:
        """Until the client goes; returns how much of which reply it heard. Without a `token` it has come back."""
        unwatch = self.timers.watch(lambda rung: self._tell_timers())
        reading = asyncio.create_task(self._read(token, heard), name="realtime in")
        writing = asyncio.create_task(self._write(), name="realtime out")
        try:
            await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            reading.cancel()
            unwatch()
            known = self._heard()
            self.session.keeping = True
            self._rest(False)
            await self.asides.close()
            await self.talk.stop()
            await self.session.close()
            self._finish(reading)
            self._news.set()
            await asyncio.wait({reading, writing}, timeout=1.0)
            writing.cancel()
            self.narrator.response = self.narrator.stage = None
            self.gone.set()
        return known

    def close(self, code: int, reason: str) -> None:
        """Send what waits, say why, and close."""
        if self._closing is None:
            self._closing = Closing(code, reason)
            self._news.set()

    def say(self, kind: str, **fields: Any) -> None:
        """Send an event."""
        text = json.dumps({"type": kind, "event_id": new_id("event"), **fields}, ensure_ascii=False)
        self._outbox.append(text)
        self._unread += len(text)
        self._news.set()
        if self._unread > MOST_UNREAD:
            self._outbox.clear()
            self.close(UNREAD, "client too slow; reconnect")

    # In

    def hear(self, pcm: Pcm) -> None:
        """Take the client's audio from its track, at 16 kHz; while engines are made ready, it waits."""
        if self.narrator.stage is None:
            self._early.append(pcm)
            return
        self.live.alive()
        room = self.talk.add_audio(pcm, manual=self.config.detection is None)
        if self._deaf == room:
            self._deaf = not room
            if self._deaf:
                self.say("error", error=Wrong(*FULL).told(None))

    async def _read(self, token: str, heard: tuple[int, int] | None) -> None:
        known = {"id": self.live.card.sid, "resumed": not token} | ({"token": token} if token else {})
        rest = None if token else self.session.unheard(heard)
        if rest is not None:
            known |= {"turn": rest[0], "heard": rest[1]}
        self.say("session.created", session=self.config.told(self.live.card.sid) | {"x_session": known})
        await self.talk.begin(self.config)
        while self._early:
            self.hear(self._early.popleft())
        if not token:
            self._tell_history(rest)
        if self.timers.all:
            self._tell_timers()
        self._go_on(rest)
        while (message := await self._receive())["type"] == "websocket.receive":
            self.live.alive()
            text = message.get("text")
            if text is None:
                raise Closing(NOT_TEXT, "binary frame; expected JSON as text")
            await self._take(text)

    async def _take(self, text: str) -> None:
        name: str | None = None
        try:
            event = parse(text)
            name = event_id(event)
            await self._handlers[checked(event)["type"]](self, event)
            self._errors = 0
        except Wrong as wrong:
            self._refuse(wrong, name)
        except VoiceError as error:
            self._refuse(Wrong(getattr(error, "code", "failed"), str(error), kind="server_error"), name)

    def _refuse(self, wrong: Wrong, name: str | None) -> None:
        self.say("error", error=wrong.told(name))
        self._errors += 1
        if self._errors >= MOST_ERRORS:
            raise Closing(TOO_WRONG, f"{MOST_ERRORS} invalid events in a row")

    async def change(self, event: dict[str, Any]) -> None:
        """session.update: all of it, or nothing."""
        new = updated(self.config, event["session"])
        stage, heard = self.talk.stage, self._heard()
        self.session.keeping = True
        try:
            await self.talk.begin(new)
        except VoiceError as error:
            where = "session.audio"
            raise Wrong("unknown_voice" if new.language == self.config.language else "unsupported_language",
                        str(error), where) from error  # fmt: skip
        finally:
            self.session.keeping = False
        if new.audio["input"]["format"] != self.config.audio["input"]["format"]:
            self.incoming = Incoming(new.audio["input"]["format"]["type"])
        self.config = new
        self.say("session.updated", session=new.told(self.live.card.sid))
        if self.talk.stage is not stage:
            self._go_on(self.session.unheard(heard))  # in the other voice

    def _rest(self, idle: bool) -> None:
        """The conversation rests, or goes on. A person who stays silent is spoken to once (`idle_timeout_ms`)."""
        if self._idle is not None:
            self._idle.cancel()
        wait_ms = (self.config.detection or {}).get("idle_timeout_ms")
        self._idle = None
        if idle and wait_ms is not None and not self._alone:
            loop = asyncio.get_running_loop()
            self._idle_at = loop.time()
            self._idle = loop.call_later(wait_ms / 1000, self._time_out)
        self._alone = self._alone and not idle

    def _time_out(self) -> None:
        source, item = self.talk.stage.source, user_item("")
        now = asyncio.get_running_loop().time()
        span = {"audio_start_ms": source.position_ms(self._idle_at), "audio_end_ms": source.position_ms(now)}
        self.say("input_audio_buffer.timeout_triggered", **span, item_id=item.id)
        self.narrator.committed(item)
        self.narrator.transcribed(item, "", now - self._idle_at)
        self._alone, self.session.once = True, {}
        self.talk.stage.conversation.type("")

    def _go_on(self, rest: tuple[int, int] | None) -> None:
        """Say the rest of a reply."""
        if rest is not None:
            self.session.rest = rest
            self.talk.stage.conversation.type("")

    def _tell_history(self, rest: tuple[int, int] | None) -> None:
        for turn, message in self.session.live.talk.messages():
            cut = rest is not None and (turn, message.role) == (rest[0], "assistant")
            text = self.session.shown(message.text)
            text = text[: rest[1]] if rest is not None and cut else text
            if message.role == "tool" or (message.role == "assistant" and not text):
                continue
            kind = "output_text" if message.role == "assistant" else "input_text"
            told = {"id": new_id("item"), "object": "realtime.item", "type": "message", "status": "completed"}
            item = Item(told | {"role": message.role, "content": [{"type": kind, "text": text}]})
            before = self.items.last
            self.items.add(item)
            for what in ("added", "done"):
                self.say(f"conversation.item.{what}", item=dict(item.told), previous_item_id=before)
            if message.role == "user":
                for done in self.session.tools_of(turn):
                    self.say("x.tool", **done)

    def _tell_timers(self) -> None:
        told = [
            {"number": timer.number, "kind": timer.kind, "label": timer.label, "left_s": round(timer.left, 1)}
            for timer in self.timers.running(asyncio.get_running_loop().time())
        ]
        self.say("x.timers", timers=told)

    def _heard(self) -> tuple[int, int]:
        """The last turn and how much of its reply was heard."""
        stage = self.narrator.stage
        reply = stage.conversation.reply if stage is not None else None
        turn = spoken_turn(reply)
        if reply is None or turn is None:
            return self.session.rest or (self.session.live.talk.last, EVERYTHING)
        return turn[0], len(turn[1]) + reply.heard()

    # Out

    def _room(self) -> bool:
        return self._unread < SOME_UNREAD

    async def _write(self) -> None:
        """Send what there is, in order; ends with the close frame."""
        while True:
            while self._outbox:
                text = self._outbox.popleft()
                try:
                    async with asyncio.timeout(UNREAD_S):
                        await self._send({"type": "websocket.send", "text": text})
                except TimeoutError:
                    self._outbox.clear()
                    self._closing = Closing(UNREAD, "client has not read for 20 s; reconnect")
                self._unread -= len(text)
            if self._closing is not None:
                reason = self._closing.reason
                await self._send({"type": "websocket.close", "code": self._closing.code, "reason": reason})
                return
            self._news.clear()
            await self._news.wait()

    def _finish(self, reading: asyncio.Task[None]) -> None:
        """Find out why reading ended, for the close frame."""
        if not reading.done() or reading.cancelled():
            return
        error = reading.exception()
        if isinstance(error, Closing):
            self.close(error.code, error.reason)
        elif error is not None:
            self._broke(error)
        else:
            self._closing = self._closing or Closing(1000, "")  # the client has gone; nothing is sent

    def _broke(self, error: BaseException) -> None:
        told = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error
        wrong = Wrong("server_error", f"{type(told).__name__}: {told}", kind="server_error")
        self.say("error", error=wrong.told(None))
        self.close(BROKEN, "the conversation failed; reconnect")
