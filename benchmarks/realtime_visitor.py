"""A visitor at a kiosk without the kiosk: streams speech in real time, and plays what comes as a page would."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from voice.audio.frames import RATE, Pcm
from voice.audio.resample import resample

WIRE_RATE = 24_000
CHUNK_S = 0.02
"""What the page's capture worklet sends at once."""

AHEAD_S = 0.06
"""A reply begins to play once so much of it is there, as in the page's playback worklet."""

LATE_S = 0.002
"""Audio that comes no later than this after the player ran dry is not counted: the clock is read after the socket."""


@dataclass(slots=True)
class Player:
    """Plays by the clock. `runs` are (when, samples) as they sounded; `gaps_s` silences in the middle of a reply."""

    runs: list[tuple[float, Pcm]] = field(default_factory=list)
    gaps_s: list[float] = field(default_factory=list)
    replies: int = 0
    _item: str = ""
    _until: float | None = None
    _dry: float | None = None
    _waiting: list[Pcm] = field(default_factory=list)

    def take(self, item: str, pcm: Pcm, now: float) -> None:
        """The next audio of an item, which came now."""
        dry = self._until is not None and now > self._until + LATE_S
        if item != self._item:
            self.end(now)
            self._item, self.replies = item, self.replies + 1
            if dry:
                self._until = None
        elif dry:
            self._dry, self._until = self._until, None
        self._waiting.append(pcm)
        if self._until is not None or sum(map(len, self._waiting)) >= AHEAD_S * WIRE_RATE:
            self._play(now)

    def end(self, now: float) -> None:
        """No more comes of this item."""
        if self._waiting:
            self._play(now)
        self._item = ""

    def _play(self, now: float) -> None:
        if self._dry is not None:
            self.gaps_s.append(now - self._dry)
            self._dry = None
        at = now if self._until is None else self._until
        for pcm in self._waiting:
            self.runs.append((at, pcm))
            at += len(pcm) / WIRE_RATE
        self._until, self._waiting = at, []

    def cut(self, now: float) -> None:
        """Someone speaks: audio that was not played yet is discarded."""
        self.runs = [
            (at, pcm[: max(0, round((now - at) * WIRE_RATE))]) if at + len(pcm) / WIRE_RATE > now else (at, pcm)
            for at, pcm in self.runs
            if at < now
        ]
        self._item, self._until, self._dry, self._waiting = "", None, None, []

    def heard(self, began: float, length_s: float) -> Pcm:
        """What sounded from `began` on, at `RATE`."""
        out = np.zeros(round(length_s * WIRE_RATE), np.int16)
        for at, pcm in self.runs:
            first = max(0, round((at - began) * WIRE_RATE))
            part = pcm[: max(0, len(out) - first)]
            out[first : first + len(part)] = part
        return resample(out, WIRE_RATE, RATE)


@dataclass(slots=True)
class Visit:
    """What one visitor got."""

    player: Player
    began: float
    transcripts: list[str] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


async def visit(url: str, speech: Pcm, *, wait_s: float = 0.0, stay_s: float = 6.0) -> Visit:
    """Speak (16 kHz) to the server at `url` after `wait_s`, and stay a while to hear the end. Raises OSError."""
    from websockets.asyncio.client import connect
    from websockets.typing import Subprotocol

    loop = asyncio.get_running_loop()
    address = url.replace("http", "ws", 1) + "/v1/realtime?model=voice"
    pcm = np.concatenate((resample(speech, RATE, WIRE_RATE), np.zeros(round(stay_s * WIRE_RATE), np.int16)))
    await asyncio.sleep(wait_s)
    async with connect(address, subprotocols=[Subprotocol("realtime")], proxy=None, max_size=None) as socket:
        found = Visit(Player(), loop.time())
        hearing = asyncio.create_task(_hear(socket, found))
        found.began = loop.time()
        size = round(CHUNK_S * WIRE_RATE)
        for first in range(0, len(pcm), size):
            await asyncio.sleep(max(0.0, found.began + (first + size) / WIRE_RATE - loop.time()))
            audio = base64.b64encode(pcm[first : first + size].tobytes()).decode()
            await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
        hearing.cancel()
    return found


async def _hear(socket: Any, found: Visit) -> None:
    loop = asyncio.get_running_loop()
    async for text in socket:
        now = loop.time()
        event = json.loads(text)
        kind = event["type"]
        if kind == "response.output_audio.delta":
            pcm = np.frombuffer(base64.b64decode(event["delta"]), np.int16)
            found.player.take(event["item_id"], pcm, now)
        elif kind == "response.output_audio.done":
            found.player.end(now)
        elif kind == "input_audio_buffer.speech_started":
            found.player.cut(now)
        elif kind == "conversation.item.input_audio_transcription.completed":
            found.transcripts.append(event["transcript"])
        elif kind == "x.latency" and event["response_ms"] is not None:
            found.latencies_ms.append(event["response_ms"])
        elif kind == "error":
            found.errors.append(event["error"]["message"])
