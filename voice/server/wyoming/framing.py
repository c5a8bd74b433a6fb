"""Events on a Wyoming connection: read within bounds, and their audio brought to the format of the engines."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wyoming.event import Event

from voice.audio.frames import RATE, Pcm
from voice.audio.resample import Resampler, mono

HEADER_BYTES = 64 * 1024
DATA_BYTES = 256 * 1024
"""A text to speak is the longest that clients send."""
PAYLOAD_BYTES = 4 * 1024 * 1024
"""Clients send a second of audio or less at once; recordings sent whole by the second are larger."""
LEAST_RATE, MOST_RATE, MOST_CHANNELS = 8_000, 192_000, 8


class MalformedEventError(Exception):
    """What a client sent is not an event of the protocol; the connection cannot go on."""


async def read_event(reader: asyncio.StreamReader) -> Event | None:
    """The next event; None when the client has left. Raises MalformedEventError.

    The protocol is a line of JSON, then as many bytes of JSON and of payload as the line says. The library's own
    reader takes any number of bytes and raises whatever a wrong line leads to.
    """
    try:
        line = await reader.readline()
        if not line.strip():
            return None
        header = _object(line)
        data = header.get("data") or {}
        if not isinstance(data, dict):
            raise MalformedEventError("the data of the event is not a JSON object")
        if length := _length(header, "data_length", DATA_BYTES):
            data = {**data, **_object(await reader.readexactly(length))}
        length = _length(header, "payload_length", PAYLOAD_BYTES)
        payload = await reader.readexactly(length) if length else None
        if not isinstance(header.get("type"), str):
            raise MalformedEventError("the event has no type")
    except asyncio.IncompleteReadError:
        return None
    except (ValueError, TypeError, RecursionError) as error:
        raise MalformedEventError("not an event of the Wyoming protocol") from error
    return Event(header["type"], data, payload)


def _object(text: bytes) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise MalformedEventError("the event is not a JSON object")
    return found


def _length(header: dict[str, Any], name: str, most: int) -> int:
    length = header.get(name) or 0
    if not isinstance(length, int) or not 0 <= length <= most:
        raise MalformedEventError(f"{name} must be between 0 and {most}")
    return length


@dataclass(frozen=True, slots=True)
class AudioLayout:
    """How the samples of a stream are written: `rate` in Hz, `width` in bytes a sample, little endian."""

    rate: int
    width: int
    channels: int

    @classmethod
    def of(cls, data: dict[str, Any]) -> AudioLayout:
        """The layout that an event states. Raises MalformedEventError."""
        rate, width, channels = (data.get(name) for name in ("rate", "width", "channels"))
        if not isinstance(rate, int) or not LEAST_RATE <= rate <= MOST_RATE:
            raise MalformedEventError(f"rate must be between {LEAST_RATE} and {MOST_RATE} Hz, not {rate!r}")
        if not isinstance(width, int) or not 1 <= width <= 4:
            raise MalformedEventError(f"width must be 1, 2, 3 or 4 bytes, not {width!r}")
        if not isinstance(channels, int) or not 1 <= channels <= MOST_CHANNELS:
            raise MalformedEventError(f"channels must be between 1 and {MOST_CHANNELS}, not {channels!r}")
        return cls(rate, width, channels)


class AudioDecoder:
    """Turns a stream's payloads, cut anywhere, into mono audio at `RATE`."""

    def __init__(self, layout: AudioLayout) -> None:
        self.layout = layout
        self._rest = b""
        self._resampler = Resampler(layout.rate, RATE)

    def pcm(self, payload: bytes) -> Pcm:
        """The next samples; may be none."""
        step = self.layout.width * self.layout.channels
        payload = self._rest + payload
        whole = len(payload) // step * step
        self._rest = payload[whole:]
        samples = _sixteen_bits(payload[:whole], self.layout.width)
        return self._resampler.convert(mono(samples.reshape(-1, self.layout.channels)))


def _sixteen_bits(data: bytes, width: int) -> NDArray[np.int16]:
    """The two most significant bytes of each sample; those of one byte are unsigned, as in WAV files."""
    if width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.int16) - 128) << 8
    columns = np.frombuffer(data, np.uint8).reshape(-1, width)
    return np.ascontiguousarray(columns[:, width - 2 :]).view("<i2").reshape(-1).astype(np.int16, copy=False)
