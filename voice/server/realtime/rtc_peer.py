"""One WebRTC peer: its offer answered, its audio in and out, and a data channel that is used as an ASGI WebSocket is.

Imports aiortc as a whole, and is itself imported with the first call.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import SessionDescription
from av import AudioFrame
from starlette.types import Message

from voice.audio.frames import RATE, Pcm, silence
from voice.audio.network import PACE_S, PacedSink
from voice.audio.resample import Resampler, mono
from voice.proxies import is_loopback
from voice.server.realtime.audio_codec import SPOKEN_RATE
from voice.server.realtime.client_events import Wrong
from voice.server.realtime.items import new_id
from voice.server.websocket_messages import TOO_MANY, Closing

log = logging.getLogger(__name__)

CONNECT_S = 15.0
"""A peer that has not connected so long after its offer was answered has gone."""

LATEST_S = 0.2
"""A track that is this late, because the machine slept or was busy, does not hurry to catch up."""

MOST_UNREAD = 256 * 1024
"""Bytes on their way to the peer, after which it is waited for."""

MOST_LINES, MOST_OFFER = 8, 64 * 1024
"""Lines of media, and characters, of an offer."""

MALFORMED = (
    *(ValueError, LookupError, AssertionError, AttributeError, TypeError),
    *(InternalError, InvalidAccessError, InvalidStateError, OperationError),
)
"""What aiortc raises where an offer is not what it expects."""


class OutputTrack(MediaStreamTrack):
    """Audio to the peer: pieces of `PACE_S`, each when its time has come, of the latest sink attached."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._sink: PacedSink | None = None
        self._due = 0.0
        self._sent = 0

    def attach(self, sink: PacedSink) -> None:
        self._sink = sink

    async def recv(self) -> AudioFrame:
        """The next piece. Raises MediaStreamError once the track has ended."""
        loop = asyncio.get_running_loop()
        self._due = max(self._due + PACE_S, loop.time() - LATEST_S)
        await asyncio.sleep(self._due - loop.time())
        if self.readyState != "live":
            raise MediaStreamError
        sink = self._sink
        pcm = silence(PACE_S, SPOKEN_RATE) if sink is None else sink.pull(loop.time())
        frame = AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = SPOKEN_RATE, Fraction(1, SPOKEN_RATE), self._sent
        self._sent += len(pcm)
        return frame


class RtcPeer:
    """Answers one offer. `hear`, once it is set, receives the peer's audio at 16 kHz; `track` is the audio to it.

    `receive` and `send` take the place of those of a WebSocket. `websocket.disconnect` is received once the peer has
    gone, or has not connected in time. No more than `most_waiting` bytes of events may wait to be received.
    Only addresses of this machine are offered, and no other machine is asked for them but `stun`, where given.
    """

    def __init__(self, most_waiting: int, stun: str = "") -> None:
        servers = [RTCIceServer(stun)] if stun else []  # aiortc would ask Google's by default
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self.track = OutputTrack()
        self.hear: Callable[[Pcm], None] = lambda pcm: None
        self._most_waiting = most_waiting
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._waiting = 0
        self._channel: RTCDataChannel | None = None
        self._has_events = False
        self._moved = asyncio.Event()
        self._gone = False
        self._listening: asyncio.Task[None] | None = None

    async def answer(self, offer: str, caller: str) -> str:
        """The SDP answer to an offer from the address `caller`. Raises Wrong."""
        connection = self._connection
        connection.on("track", self._tracked)
        connection.on("datachannel", self._opened)
        connection.on("connectionstatechange", self._changed)
        try:
            media = _checked(offer)
            self._has_events = "application" in media
            await connection.setRemoteDescription(RTCSessionDescription(without_strangers(offer, caller), "offer"))
            lines = connection.getTransceivers()
            audio = next(line for line in lines if line.kind == "audio")
            for line in lines:
                line.direction = "sendrecv" if line is audio else "inactive"
            audio.sender.replaceTrack(self.track)
            if is_loopback(caller):
                _gather_loopback(lines)
            await connection.setLocalDescription(await connection.createAnswer())
        except MALFORMED as error:
            what = "the SDP offer is malformed or incomplete, or has no codec that this server has"
            raise Wrong("invalid_offer", what, "sdp") from error
        asyncio.get_running_loop().call_later(CONNECT_S, self._expire)
        return str(connection.localDescription.sdp)

    async def receive(self) -> Message:
        """What the peer sent next, or that it has gone. Raises Closing where it sends faster than it is served."""
        message = await self._inbox.get()
        if self._waiting > self._most_waiting:
            raise Closing(TOO_MANY, f"more than {self._most_waiting} bytes of events are waiting")
        self._waiting -= _size(message)
        return message

    async def send(self, message: Message) -> None:
        """Send an event, once there is room for it. A close goes as an `error` event: channels have no reasons."""
        closes = message["type"] == "websocket.close"
        text = _goodbye(message) if closes else message["text"]
        while self._has_events and not self._gone and (self._channel is None or self._unread() > MOST_UNREAD):
            await self._until_moved()
        if text and self._channel is not None and self._channel.readyState == "open":
            self._channel.send(text)
        while closes and not self._gone and self._unread():
            await self._until_moved()

    async def close(self) -> None:
        """Hang up."""
        self._end()
        self.track.stop()
        try:
            await self._connection.close()
        except MALFORMED:
            log.debug("an offer that was refused half-way cannot be closed", exc_info=True)  # it has no sockets yet
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait({self._listening})

    def _unread(self) -> int:
        return 0 if self._channel is None else self._channel.bufferedAmount

    async def _until_moved(self) -> None:
        self._moved.clear()
        await self._moved.wait()

    def _end(self) -> None:
        if not self._gone:
            self._gone = True
            self._moved.set()
            self._inbox.put_nowait({"type": "websocket.disconnect"})

    def _expire(self) -> None:
        if self._connection.connectionState != "connected":
            self._end()

    def _changed(self) -> None:
        if self._connection.connectionState in ("closed", "failed"):
            self._end()

    def _opened(self, channel: RTCDataChannel) -> None:
        if self._channel is None:
            self._channel = channel
            channel.on("message", self._told)
            channel.on("close", self._end)
            channel.on("bufferedamountlow", self._moved.set)
            self._moved.set()

    def _told(self, data: str | bytes) -> None:
        message = {"type": "websocket.receive", "text" if isinstance(data, str) else "bytes": data}
        if self._waiting <= self._most_waiting:
            self._waiting += _size(message)
            self._inbox.put_nowait(message)

    def _tracked(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio" and self._listening is None:
            self._listening = asyncio.create_task(self._listen(track), name="hear a call")

    async def _listen(self, track: MediaStreamTrack) -> None:
        resampler: Resampler | None = None
        while True:
            try:
                frame: Any = await track.recv()
            except MediaStreamError:
                return  # the peer sends no more; that it has gone is known from its connection
            if resampler is None:
                resampler = Resampler(frame.sample_rate, RATE, at_once=True)
            self.hear(resampler.convert(mono(frame.to_ndarray().reshape(frame.samples, -1))))


def _checked(offer: str) -> list[str]:
    """The kinds of media offered. Raises Wrong, and whatever of `MALFORMED` the parser does."""
    if len(offer) > MOST_OFFER:
        raise Wrong("invalid_offer", f"the SDP offer is longer than {MOST_OFFER} characters", "sdp")
    description = SessionDescription.parse(offer)
    lines = [media for media in description.media if media.port]
    if not any(media.kind == "audio" and media.direction in ("sendrecv", "recvonly") for media in lines):
        what = "the SDP offer has no audio line on which the reply can be sent"
        raise Wrong("invalid_offer", what, "sdp")
    if len(lines) > MOST_LINES:
        raise Wrong("invalid_offer", f"the SDP offer has more than {MOST_LINES} lines of media", "sdp")
    return [media.kind for media in lines]


def without_strangers(offer: str, caller: str) -> str:
    """The offer without addresses outside this network, except the caller's own: nothing is sent to the others.

    It is open-ended: a peer whose addresses are not known yet is answered where its first packet comes from.
    """
    lines = [line for line in offer.splitlines() if line != "a=end-of-candidates"]
    kept = [line for line in lines if not line.startswith("a=candidate:") or _is_near(line.split(" ")[4], caller)]
    return "\r\n".join([*kept, ""])


def _is_near(host: str, caller: str) -> bool:
    try:
        return host == caller or ipaddress.ip_address(host).is_private
    except ValueError:
        return False  # a name, which would have to be asked for


def _gather_loopback(lines: list[RTCRtpTransceiver]) -> None:
    """Offer 127.0.0.1, too, to a caller on this machine, which may have no network; aiortc leaves it out."""
    for agent in {line.receiver.transport.transport.iceGatherer._connection for line in lines}:
        gather = partial(_gathered, agent.get_component_candidates)
        agent.get_component_candidates = gather  # type: ignore[method-assign]


async def _gathered(gather: Callable[[int, list[str]], Any], component: int, addresses: list[str]) -> list[Any]:
    return [*await gather(component, ["127.0.0.1", *addresses])]


def _size(message: Message) -> int:
    """Bytes of a message that waits, with what keeping it costs."""
    return 100 + len(message.get("text") or message.get("bytes") or "")


def _goodbye(message: Message) -> str:
    """The event that takes the place of a close frame; none for a peer that has gone or has hung up."""
    if message["code"] == 1000:
        return ""
    error = {"type": "server_error", "code": f"closed_{message['code']}", "message": message["reason"], "param": None}
    return json.dumps({"type": "error", "event_id": new_id("event"), "error": error | {"event_id": None}})
