"""One WebSocket: ops come in one after another, events go out as fast as the peer reads them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from starlette.types import Receive, Send

from voice.server.access import Right, token_expired
from voice.server.errors import told
from voice.server.service import Service
from voice.server.sessions import placed
from voice.server.websocket_messages import (
    BAD_ORDER,
    CREDIT,
    KEY_REFUSED,
    MOST_CREDIT,
    NOT_TEXT,
    TOKEN_EXPIRED,
    TOO_MANY,
    Closing,
    parse,
)
from voice.sessions.active_session import ActiveSession
from voice.sessions.log import Event, Refused
from voice.sessions.session_log import unknown_session
from voice.sessions.stores.interface import StoreError
from voice.sessions.tokens import participant_of

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""JSON as it is sent; `json.dumps` would make an encoder for every frame."""


class Channel:
    """A place in a session's log. Nothing is queued here: what was not sent yet stays in the log.

    `credit` is how many bytes may be sent beyond what the client has acknowledged; the frame that reaches it is sent
    whole. `wake` is called when there may be something to send.
    """

    __slots__ = ("_bytes", "_freed", "_leave", "_marks", "allowance", "author", "credit", "expiry", "live", "number",
                 "refused", "rights", "sent", "session_id", "token")  # fmt: skip

    def __init__(self, number: int, session_id: str, token: str, credit: int) -> None:
        self.number, self.session_id, self.token, self.credit = number, session_id, token, credit
        self.live: ActiveSession | None = None
        self.rights: set[Right] = set()
        """What its token was seen to allow besides reading."""
        self.author = participant_of(token)
        self.refused: Refused | None = None
        self.sent = 0
        self.allowance = 0
        """Bytes of its present turn among the connection's channels; below 0 it has taken some of its next one."""
        self._bytes = self._freed = 0
        self._marks: deque[tuple[int, int]] = deque()
        self._leave: Callable[[], None] | None = None
        self.expiry: asyncio.TimerHandle | None = None
        """Rings when the token ends, where it does."""

    def begin(self, live: ActiveSession, after: int, wake: Callable[[], None]) -> None:
        """Send what comes after `after`, up to the credit."""
        self.end()
        self.live, self.sent = live, after
        self.allowance = self._bytes = self._freed = 0
        self._marks.clear()
        self._leave = live.listen(wake)

    def end(self, refused: Refused | None = None) -> None:
        """Stop sending; `refused` is the answer to further ops on this channel."""
        if self._leave is not None:
            self._leave()
        if self.expiry is not None:
            self.expiry.cancel()
        self._leave, self.expiry, self.live, self.refused = None, None, None, refused

    def ack(self, seq: int) -> None:
        """The client has seen everything up to `seq`: the window moves on."""
        while self._marks and self._marks[0][0] <= seq:
            self._freed = self._marks.popleft()[1]
        if seq >= self.sent:
            self._freed = self._bytes
            self._marks.clear()

    def took(self, size: int) -> None:
        """The next event was sent, as a frame of `size` bytes."""
        self.sent += 1
        self._bytes += size
        self.allowance -= size
        # A sixteenth of the credit is exact enough, and keeps the list short however small the events are.
        if not self._marks or self._bytes - self._marks[-1][1] >= self.credit // 16:
            self._marks.append((self.sent, self._bytes))

    @property
    def open(self) -> bool:
        """Whether the client has room for another event."""
        return self._bytes - self._freed < self.credit

    def room(self) -> int:
        """How many events there are to be sent now; 0 while the client has no room."""
        return self.live.logged - self.sent if self.live is not None and self.open else 0

    def frame(self, op: str, fields: dict[str, Any]) -> str:
        """An op on this channel, as text."""
        line: dict[str, Any] = {"op": op, **fields}
        if self.number:
            line["ch"] = self.number
        return encode(line)

    def events(self, batch: Sequence[Event]) -> Iterator[str]:
        """Events as frames. Deltas are written by hand: there are thousands of them a second."""
        tail = f',"ch":{self.number}}}' if self.number else "}"
        for event in batch:
            if event.t == "delta":
                d = encode(event.d)
                yield f'{{"op":"ev","seq":{event.seq},"turn":{event.turn},"t":"delta","o":{event.o},"d":{d}{tail}'
            else:
                yield self.frame("ev", event.to_json())


QUANTUM = 16 * 1024
"""Bytes of one channel sent before the next channel has its turn. What a long frame takes beyond it is made up for in
the channel's next turns (surplus round robin, Adiseshu, Parulkar and Varghese 1996)."""
BATCH = 64
MOST_CHANNELS = 1024
RIGHTS: dict[str, Right] = {"say": "speak", "stop": "speak", "cancel": "moderate"}
"""What those ops need that participants may send; all others need the right to write."""


class WebSocketConnection:
    """Runs one accepted WebSocket until it closes. `owner` is None until an API key was shown, where one is needed."""

    __slots__ = ("_channels", "_closed", "_owner", "_pump", "_ready", "_receive", "_send", "_service", "heard")

    def __init__(self, service: Service, owner: str | None, receive: Receive, send: Send) -> None:
        self._service, self._owner = service, owner
        self._receive, self._send = receive, send
        self._channels: dict[int, Channel] = {}
        self._ready: dict[Channel, None] = {}
        self._pump: asyncio.Task[None] | None = None
        self._closed = False
        self.heard = service.engine.parts.clock()

    @property
    def sending(self) -> bool:
        """Whether there are events that the peer may be sent now."""
        return bool(self._ready) or (self._pump is not None and not self._pump.done())

    async def run(self) -> None:
        """Take ops until the peer leaves or breaks the protocol; the close frame says why."""
        try:
            while (message := await self._receive())["type"] == "websocket.receive":
                self.heard = self._service.engine.parts.clock()
                text = message.get("text")
                if text is None:
                    raise Closing(NOT_TEXT, "binary frame; expected JSON as text")
                await self._take(parse(text))
        except Closing as closing:
            await self.close(closing.code, closing.reason)
        finally:
            self._closed = True
            if self._pump is not None:
                self._pump.cancel()
            for channel in self._channels.values():
                channel.end()

    def at_once(self, text: str) -> str | None:
        """The answer to a ping, sent without waking a task because there are many; None for everything else."""
        if '"ping"' not in text:
            return None
        try:
            op = parse(text)
        except Closing:
            return None  # `run` closes for it
        if op["op"] != "ping":
            return None
        self.heard = self._service.engine.parts.clock()
        return _pong(op)

    async def close(self, code: int, reason: str) -> None:
        """Say why and close."""
        if not self._closed:
            self._closed = True
            await self._send({"type": "websocket.close", "code": code, "reason": reason})

    # Ops

    async def _take(self, op: dict[str, Any]) -> None:
        kind = op["op"]
        if kind == "ping":
            await self._send({"type": "websocket.send", "text": _pong(op)})
            return
        if kind == "auth":
            self._auth(op["key"])
            return
        if self._owner is None:
            raise Closing(KEY_REFUSED, "no API key; send the op auth first")
        channel = self._channels.get(op["ch"])
        if kind == "attach":
            await self._attach(op)
        elif channel is None:
            raise Closing(BAD_ORDER, f"{kind} before attach on channel {op['ch']}")
        elif kind == "detach":
            channel.end()
            del self._channels[op["ch"]]
        elif kind == "ack":
            channel.ack(op["seq"])
            self._wake(channel)
        else:
            await self._change(channel, op)

    def _auth(self, key: str) -> None:
        try:
            self._owner = self._service.access.owner(key)
        except Refused as refused:
            raise Closing(TOO_MANY if refused.temporary else KEY_REFUSED, str(refused)) from refused

    async def _attach(self, op: dict[str, Any]) -> None:
        before = self._channels.pop(op["ch"], None)
        if before is not None:
            before.end()
        credit = min(op.get("credit", CREDIT), MOST_CREDIT)
        channel = Channel(op["ch"], op["session_id"], op["session_token"], credit)
        try:
            if len(self._channels) >= MOST_CHANNELS:
                raise Refused("session_limit", f"{MOST_CHANNELS} sessions on one connection", temporary=True)
            await self._begin(channel, op.get("after"), op.get("epoch", ""))
        except (Refused, StoreError) as error:
            channel.end(_refusal(error))
            await self._say_error(channel, op, _refusal(error))
        self._channels[op["ch"]] = channel

    async def _begin(self, channel: Channel, after: int | None, epoch: str) -> None:
        access, owner = self._service.access, self._owner or ""
        access.take(owner)
        live = await access.session(channel.session_id, channel.token, owner, "read")
        head, start = await placed(live, after, epoch)
        await self._send({"type": "websocket.send", "text": channel.frame("attached", head)})
        channel.begin(live, start, lambda: self._wake(channel))
        left_s = access.left_s(channel.token)
        if left_s < math.inf:
            channel.expiry = asyncio.get_running_loop().call_later(left_s, self._expire, channel)
        self._wake(channel)

    async def _change(self, channel: Channel, op: dict[str, Any]) -> None:
        kind, access, owner = op["op"], self._service.access, self._owner or ""
        try:
            if channel.refused is not None:
                raise channel.refused
            if kind in ("send", "say"):
                access.take(owner)
            right = RIGHTS.get(kind, "write")
            if right not in channel.rights:
                await access.session(channel.session_id, channel.token, owner, right)
                channel.rights.add(right)
            assert channel.live is not None
            live = channel.live
            if kind == "say":
                item = await live.group.say(channel.author, op["n"], op["input"], op.get("msg_id", ""))
                await self._send({"type": "websocket.send", "text": channel.frame("said", live.group.place(item))})
                return
            if kind == "stop":
                await live.group.stop(channel.author, op["turn"], op["heard"])
                return
            if kind != "send" or not live.knows(op["sequence"]):
                await live.own()
            if kind == "send":
                more = {name: op[name] for name in ("draft", "msg_id", "options") if name in op}
                await live.ask(op["sequence"], op["input"], **more)
            elif kind == "truncate":
                live.truncate(op["turn"], op["heard"])
            else:
                getattr(live, kind)(op["turn"])
        except (Refused, StoreError) as error:
            await self._say_error(channel, op, _refusal(error))

    async def _say_error(self, channel: Channel, op: dict[str, Any], refused: Refused) -> None:
        error = {**told(refused), "re": op["op"]}
        number = op.get("sequence", op.get("turn"))
        if number is not None:
            error["turn"] = number
        if "n" in op:
            error["n"] = op["n"]
        if op.get("msg_id"):
            error["msg_id"] = op["msg_id"]
        await self._send({"type": "websocket.send", "text": channel.frame("err", error)})

    # Events

    def _wake(self, channel: Channel) -> None:
        """Have a channel's events sent; one task for all channels, and none while nothing is to be sent."""
        live = channel.live
        if self._closed or live is None or channel in self._ready or (channel.room() <= 0 and live.lost is None):
            return
        self._ready[channel] = None
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._send_ready())

    async def _send_ready(self) -> None:
        while self._ready and not self._closed:
            channel = next(iter(self._ready))
            del self._ready[channel]
            try:
                await self._send_some(channel)
            except (Refused, StoreError) as error:
                await self._replace(channel, _refusal(error))
            except OSError:
                return  # the peer is gone, which `run` is about to learn
            self._wake(channel)

    async def _send_some(self, channel: Channel) -> None:
        """Send what one turn allows. Raises the session's loss once everything before it was sent."""
        live = channel.live
        channel.allowance += QUANTUM
        while live is not None and channel.allowance > 0:
            if not live.talk.group.takes_part(channel.author):
                raise unknown_session()
            room = channel.room()
            if room <= 0:
                channel.allowance = 0
                if live.lost is not None:
                    raise live.lost
                return
            for frame in channel.events(await live.read(channel.sent, min(BATCH, room))):
                if channel.live is not live:
                    return  # detached or attached again meanwhile
                await self._send({"type": "websocket.send", "text": frame})
                channel.took(len(frame) if frame.isascii() else len(frame.encode()))
                if channel.allowance <= 0 or not channel.open:
                    break

    def _expire(self, channel: Channel) -> None:
        """A channel's token has ended: nothing more is sent on it, nor taken."""
        channel.end(token_expired())
        self._service.engine.parts.spawn(self._say_expired(channel))

    async def _say_expired(self, channel: Channel) -> None:
        with contextlib.suppress(OSError):  # the peer is gone
            await self._say_ended(channel, token_expired())
            if not any(one.live for one in self._channels.values()):
                await self.close(TOKEN_EXPIRED, "the token has expired; attach with a new one")

    async def _say_ended(self, channel: Channel, refused: Refused) -> None:
        await self._send({"type": "websocket.send", "text": channel.frame("err", {**told(refused), "re": "attach"})})

    async def _replace(self, channel: Channel, refused: Refused) -> None:
        """Events were trimmed before they were sent: go on from a snapshot. Else the channel has ended."""
        if refused.code == "turn_gone" and channel.live is not None:
            try:
                await self._begin(channel, None, "")
                return
            except (Refused, StoreError) as error:
                refused = _refusal(error)
        channel.end(refused)
        await self._say_ended(channel, refused)


def _pong(ping: dict[str, Any]) -> str:
    return encode({"op": "pong", "n": ping["n"]} if "n" in ping else {"op": "pong"})


def _refusal(error: Refused | StoreError) -> Refused:
    if isinstance(error, Refused):
        return error
    return Refused("store_failed", f"the conversation cannot be stored: {error}", temporary=True)
