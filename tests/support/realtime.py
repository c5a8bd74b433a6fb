"""A Realtime client that checks every event it is sent against the official package's types."""

from __future__ import annotations

import asyncio
import base64
import functools
import json
from typing import Any, Self, get_args

import numpy as np
from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.patience import PATIENCE_S
from tests.support.serving import Serving
from tests.support.speech import command
from voice.audio.frames import RATE, Pcm
from voice.audio.resample import resample
from voice.server.realtime.audio_codec import SPOKEN_RATE
from voice.settings.schema import Settings, TtsSettings
from voice.wiring.engine_pool import SharedEnginePool

Event = dict[str, Any]
OURS = {"x.state", "x.partial", "x.spoken", "x.level", "x.latency", "x.notice", "x.tool", "x.timers"}
MODELS: dict[str, type[BaseModel]] = {
    get_args(model.model_fields["type"].annotation)[0]: model for model in get_args(get_args(RealtimeServerEvent)[0])
}


@functools.cache
def talks() -> SharedEnginePool:
    """Built-in engines, kept warm for all tests of a process."""
    return SharedEnginePool(Settings(tts=TtsSettings(engine="espeak")))


def validated(event: Event) -> Event:
    """The event, if it has the shape the official package knows, or is one of our extensions."""
    if event["type"] not in OURS:
        MODELS[event["type"]].model_validate(event)
    return event


def spoken(name: str, silence_s: float = 1.6, rate: int = SPOKEN_RATE) -> Pcm:
    """A spoken command with silence after it."""
    return np.concatenate((resample(command(name), RATE, rate), np.zeros(round(silence_s * rate), np.int16)))


def as_text(pcm: Pcm) -> str:
    return base64.b64encode(pcm.tobytes()).decode()


def sound(events: list[Event]) -> Pcm:
    """The audio in these events, at 16 kHz."""
    data = b"".join(base64.b64decode(one["delta"]) for one in events if one["type"] == "response.output_audio.delta")
    return resample(np.frombuffer(data, np.int16), SPOKEN_RATE, RATE)


def of(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["type"] == kind]


class EventClient:
    """Sends and reads the API's events; how they travel is what `_send` and `_receive` know."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def _send(self, text: str) -> None:
        raise NotImplementedError

    async def _receive(self) -> str | bytes:
        raise NotImplementedError

    async def send(self, kind: str, **fields: Any) -> None:
        await self._send(json.dumps({"type": kind, **fields}))

    async def type(self, text: str) -> None:
        """Ask in writing."""
        content = [{"type": "input_text", "text": text}]
        await self.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        await self.send("response.create")

    async def get(self) -> Event:
        async with asyncio.timeout(PATIENCE_S):
            event = validated(json.loads(await self._receive()))
        self.events.append(event)
        return event

    async def until(self, kind: str, **fields: Any) -> list[Event]:
        """The events up to and with the next one of this type and these fields."""
        events = [await self.get()]
        while events[-1]["type"] != kind or any(events[-1].get(name) != value for name, value in fields.items()):
            events.append(await self.get())
        return events


class Peer(EventClient):
    """One connection over a WebSocket. `session` is what `session.created` told."""

    def __init__(
        self,
        here: Serving | str,
        headers: dict[str, str] | None = None,
        *,
        subprotocols: tuple[str, ...] = ("realtime",),
    ) -> None:
        super().__init__()
        url = here if isinstance(here, str) else here.url
        self._connecting = connect(
            url.replace("http", "ws", 1) + "/v1/realtime?model=voice",
            subprotocols=[Subprotocol(one) for one in subprotocols],
            additional_headers=headers,
            proxy=None,
            max_size=None,
            open_timeout=PATIENCE_S,
        )
        self.session: Event = {}

    async def __aenter__(self) -> Self:
        self.socket: ClientConnection = await self._connecting
        self.session = (await self.get())["session"]
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.socket.close()

    @property
    def known(self) -> dict[str, str]:
        """The headers to come back with."""
        told = self.session["x_session"]
        return {"x-session-id": told["id"], "x-session-token": told["token"]}

    async def _send(self, text: str) -> None:
        await self.socket.send(text)

    async def _receive(self) -> str | bytes:
        return await self.socket.recv()

    async def update(self, **session: Any) -> Event:
        await self.send("session.update", session={"type": "realtime", **session})
        return (await self.until("session.updated"))[-1]["session"]  # type: ignore[no-any-return]

    async def say(self, name: str, silence_s: float = 1.6) -> None:
        """Send a spoken command all at once."""
        await self.send("input_audio_buffer.append", audio=as_text(spoken(name, silence_s)))

    async def error(self) -> Event:
        """The next error's object."""
        found: Event = (await self.until("error"))[-1]["error"]
        return found

    async def closed(self) -> tuple[int, str]:
        """The close code and reason, whatever came before it."""
        try:
            while True:
                await self.get()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code, closed.rcvd.reason
