"""A WebRTC client that calls the server as a browser does, and checks every event as tests/support/realtime.py does."""

from __future__ import annotations

import asyncio
import json
from fractions import Fraction
from typing import Any, Self

import httpx
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from tests.support.patience import PATIENCE_S
from tests.support.realtime import EventClient, spoken
from tests.support.serving import Serving
from voice.audio.frames import RATE, Pcm, level_dbfs
from voice.audio.resample import resample

WIRE = 48_000
PIECE = WIRE // 50
SDP = {"content-type": "application/sdp"}


class Voice(MediaStreamTrack):
    """A microphone: what is said into it, in real time, else silence."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._said = np.zeros(0, np.int16)
        self._sent = 0
        self._began = 0.0

    def say(self, name: str) -> None:
        """Say a command; it begins with the next piece."""
        self._said = np.concatenate((self._said, spoken(name, 0.0, WIRE)))

    async def recv(self) -> AudioFrame:
        loop = asyncio.get_running_loop()
        self._began = self._began or loop.time()
        await asyncio.sleep(self._began + self._sent / WIRE - loop.time())
        pcm, self._said = self._said[:PIECE], self._said[PIECE:]
        pcm = np.pad(pcm, (0, PIECE - len(pcm)))
        frame = AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = WIRE, self._sent, Fraction(1, WIRE)
        self._sent += PIECE
        return frame


async def offered() -> str:
    """The offer of a client that does not call with it."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        connection.addTrack(Voice())
        connection.createDataChannel("oai-events")
        await connection.setLocalDescription(await connection.createOffer())
        return str(connection.localDescription.sdp)
    finally:
        await connection.close()


class Caller(EventClient):
    """One call. `heard` are the pieces of sound that came, each with its time on the loop's clock.

    With `only`, the server is tried at that address and at no other.
    """

    def __init__(
        self,
        here: Serving,
        *,
        events: bool = True,
        headers: dict[str, str] | None = None,
        session: dict[str, Any] | None = None,
        only: str = "",
    ):
        super().__init__()
        self._here, self._session, self._only = here, session, only
        self._headers = headers or {}
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.voice = Voice()
        self.connection.addTrack(self.voice)
        self.connection.on("track", self._tracked)
        self.channel = self.connection.createDataChannel("oai-events") if events else None
        self.heard: list[tuple[float, Pcm]] = []
        self.gone = asyncio.Event()
        self._news = asyncio.Event()
        self._inbox: asyncio.Queue[str] = asyncio.Queue()
        self._listening: asyncio.Task[None] | None = None
        if self.channel is not None:
            self.channel.on("message", self._inbox.put_nowait)
            self.channel.on("close", self.gone.set)

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return str(self.connection.localDescription.sdp)

    async def post(self, offer: str) -> httpx.Response:
        """The server's answer, as HTTP."""
        if self._session is None:
            return await self._here.http.post("/v1/realtime/calls", content=offer, headers=self._headers | SDP)
        form = {"sdp": (None, offer), "session": (None, json.dumps(self._session))}
        return await self._here.http.post("/v1/realtime/calls", files=form, headers=self._headers)

    async def __aenter__(self) -> Self:
        made = await self.post(await self.offer())
        assert made.status_code == 201, made.text
        assert made.headers["content-type"].partition(";")[0] == "application/sdp"
        self.place = made.headers["location"]
        lines = [line for line in made.text.splitlines() if self._only in line or "candidate" not in line]
        await self.connection.setRemoteDescription(RTCSessionDescription("\r\n".join([*lines, ""]), "answer"))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.connection.close()
        if self._listening is not None:
            await self._listening

    async def _send(self, text: str) -> None:
        assert self.channel is not None
        self.channel.send(text)

    async def _receive(self) -> str:
        return await self._inbox.get()

    def vanish(self) -> None:
        """Be gone as a machine is that loses its power."""
        assert self.connection.sctp is not None
        for protocol in self.connection.sctp.transport.transport._connection._protocols:
            protocol.transport.abort()

    async def until_heard(self, seconds: float, *, since: float = 0.0, least_dbfs: float = -200.0) -> None:
        """Wait until so much audio has come since a time, the latest of it at least so loud."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                self._news.clear()
                pieces = [pcm for at, pcm in self.heard if at >= since]
                if sum(map(len, pieces)) >= seconds * WIRE and level_dbfs(pieces[-1]) >= least_dbfs:
                    return
                await self._news.wait()

    def sound(self, since: float = 0.0) -> Pcm:
        """What was heard since a time, at 16 kHz."""
        pieces = [pcm for at, pcm in self.heard if at >= since]
        return resample(np.concatenate([np.zeros(0, np.int16), *pieces]), WIRE, RATE)

    def _tracked(self, track: MediaStreamTrack) -> None:
        self._listening = asyncio.create_task(self._listen(track))

    async def _listen(self, track: MediaStreamTrack) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                frame: Any = await track.recv()
            except MediaStreamError:
                return
            pcm = frame.to_ndarray().reshape(frame.samples, -1)[:, 0]
            self.heard.append((loop.time(), pcm))
            self._news.set()
