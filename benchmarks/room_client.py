"""A Realtime client in the room of `room.py` that cancels no echo, and the server it talks to, without a socket.

It does what clients do: sends its microphone in pieces, plays what comes a little later, and drops what it has not
played when a person begins to speak. All in one event loop, in virtual time.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.room_simulation import Echo, Room
from voice.asr.interface import Recognizer
from voice.audio.frames import RATE, Pcm
from voice.audio.resample import Resampler
from voice.clock import VirtualLoop
from voice.server.app import create
from voice.server.realtime.audio_codec import SPOKEN_RATE
from voice.server.realtime.engine_pool import EngineSet
from voice.sessions.engine import Engine
from voice.sessions.stores.memory import MemoryStore
from voice.settings.schema import Settings
from voice.wiring.engine_pool import SharedEnginePool
from voice.wiring.sessions import upstream
from voice.worker import Worker

Event = MutableMapping[str, Any]

PIECE_S = 0.04
"""How much of the microphone is sent at once."""

LATE_S = 0.1
"""What a client waits for before it plays, and the network takes."""

SCOPE = {
    "type": "websocket", "path": "/v1/realtime", "query_string": b"model=voice", "subprotocols": ["realtime"],
    "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1),
}  # fmt: skip


@dataclass(slots=True)
class Visit:
    """The events of a client, each with its time in seconds from the first sample of the microphone."""

    events: list[tuple[float, Event]] = field(default_factory=list)

    def of(self, kind: str) -> list[tuple[float, Event]]:
        return [(at, event) for at, event in self.events if event["type"] == kind]

    @property
    def interrupted(self) -> int:
        """Replies that were cut because a person was heard over them."""
        return sum(event["response"]["status"] == "cancelled" for _, event in self.of("response.done"))

    @property
    def asked(self) -> list[str]:
        """What was taken for a question."""
        kind = "conversation.item.input_audio_transcription.completed"
        return [event["transcript"] for _, event in self.of(kind) if event["transcript"]]

    @property
    def replies(self) -> list[str]:
        """What was said, as far as it was heard."""
        items = [item for _, event in self.of("response.done") for item in event["response"]["output"]]
        return [item["content"][0].get("transcript") or "" for item in items if item["type"] == "message"]


class _Ears(SharedEnginePool):
    """Engines of the settings, the recognizer another one on the room's clock."""

    def __init__(self, settings: Settings, hearer: Callable[[], Recognizer]) -> None:
        super().__init__(settings)
        self._hearer = hearer

    async def lend(self, settings: Settings) -> EngineSet:
        kit = await super().lend(settings)
        kit.recognizer = Worker("recognizer in the room", self._hearer)
        return kit


def visit(
    settings: Settings,
    near: Pcm,
    echo: Echo | None = None,
    recognizer: Callable[[Callable[[], float]], Recognizer] | None = None,
) -> Visit:
    """Let the client stay in the room until `near` ends; `recognizer` is as in `room.stay`."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(frozen=True)) as runner:
        return runner.run(_Client(Room(near, echo)).run(settings, recognizer))


class _Client:
    def __init__(self, room: Room) -> None:
        self._room, self._seen = room, Visit()
        self._inbox: asyncio.Queue[Event] = asyncio.Queue()
        self._greeted = asyncio.Event()
        self._resampler = Resampler(SPOKEN_RATE, RATE)
        self._unplayed = np.zeros(0, dtype=np.int16)
        self._waits_until: float | None = None
        self._began = 0.0

    async def run(self, settings: Settings, recognizer: Callable[[Callable[[], float]], Recognizer] | None) -> Visit:
        loop = asyncio.get_running_loop()
        pool = SharedEnginePool(settings) if recognizer is None else _Ears(settings, lambda: recognizer(loop.time))
        engine = Engine(MemoryStore(), upstream(settings))
        app = create(engine, settings.serve, pool)
        await self._inbox.put({"type": "websocket.connect"})
        serving = asyncio.create_task(app(dict(SCOPE), self._inbox.get, self._told), name="serve the client")
        await self._greeted.wait()
        await asyncio.sleep(1.0)  # its engines are there
        self._began = loop.time()
        await self._stay()
        await self._inbox.put({"type": "websocket.disconnect"})
        await serving
        await engine.close()
        return self._seen

    async def _stay(self) -> None:
        """Speaker and microphone, piece after piece."""
        loop, size = asyncio.get_running_loop(), round(PIECE_S * RATE)
        up = Resampler(RATE, SPOKEN_RATE, at_once=True)
        for first in range(0, len(self._room.near) - size + 1, size):
            self._play(size, first)
            await asyncio.sleep(max(0.0, self._began + (first + size) / RATE - loop.time()))
            sent = base64.b64encode(up.convert(self._room.hear(first, size)).tobytes()).decode()
            text = json.dumps({"type": "input_audio_buffer.append", "audio": sent})
            await self._inbox.put({"type": "websocket.receive", "text": text})

    def _play(self, size: int, first: int) -> None:
        if len(self._unplayed) == 0:
            self._waits_until = None
        elif self._waits_until is not None and asyncio.get_running_loop().time() >= self._waits_until:
            pcm, self._unplayed = self._unplayed[:size], self._unplayed[size:]
            self._room.play(pcm, first / RATE)

    async def _told(self, message: Event) -> None:
        if message["type"] != "websocket.send":
            return
        now = asyncio.get_running_loop().time()
        event: Event = json.loads(message["text"])
        kind = event["type"]
        if kind == "response.output_audio.delta":
            pcm = np.frombuffer(base64.b64decode(event.pop("delta")), np.int16)
            self._unplayed = np.concatenate((self._unplayed, self._resampler.convert(pcm)))
            if self._waits_until is None:
                self._waits_until = now + LATE_S
        elif kind == "input_audio_buffer.speech_started":
            self._unplayed = self._unplayed[:0]
        elif kind == "session.created":
            self._greeted.set()
        self._seen.events.append((now - self._began, event))
