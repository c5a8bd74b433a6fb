"""Events within bounds, and audio of every layout."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.event import Event, async_write_event

from voice.audio.frames import RATE
from voice.audio.resample import resample
from voice.server.wyoming.framing import (
    DATA_BYTES,
    PAYLOAD_BYTES,
    AudioDecoder,
    AudioLayout,
    MalformedEventError,
    read_event,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def read(sent: bytes) -> Event | None:
    async def run() -> Event | None:
        reader = asyncio.StreamReader()
        reader.feed_data(sent)
        reader.feed_eof()
        return await read_event(reader)

    return asyncio.run(run())


class Collected:
    """Takes what the library's own writer sends."""

    def __init__(self) -> None:
        self.sent = b""

    def write(self, data: bytes) -> None:
        self.sent += data

    def writelines(self, lines: Any) -> None:
        self.sent += b"".join(lines)

    async def drain(self) -> None:
        pass


@given(st.text(min_size=1), st.dictionaries(st.text(), JSON, max_size=4), st.binary(max_size=400))
def test_what_the_official_library_writes_is_read(kind: str, data: dict[str, Any], payload: bytes) -> None:
    writer: Any = Collected()
    asyncio.run(async_write_event(Event(kind, data, payload or None), writer))
    assert read(writer.sent) == Event(kind, data, payload or None)


@given(st.binary(max_size=200))
def test_rubbish_is_an_event_an_end_or_refused(sent: bytes) -> None:
    try:
        found = read(sent)
    except MalformedEventError:
        return
    assert found is None or isinstance(found.type, str)


@pytest.mark.parametrize(
    "header",
    [
        "[]",
        "null",
        '"describe"',
        "{}",
        '{"type": 5}',
        '{"type": "a", "data": [1]}',
        '{"type": "a", "data_length": -1}',
        '{"type": "a", "data_length": "7"}',
        '{"type": "a", "data_length": 3}\nabc',
        '{"type": "a", "data_length": 4}\nnull',
        f'{{"type": "a", "data_length": {DATA_BYTES + 1}}}',
        f'{{"type": "a", "payload_length": {PAYLOAD_BYTES + 1}}}',
        '{"type": "a", "payload_length": 1.5}',
        "GET / HTTP/1.1",
        "[" * 60_000,
        "x" * 70_000,
    ],
)
def test_a_wrong_header_is_refused(header: str) -> None:
    with pytest.raises(MalformedEventError):
        read(header.encode() + b"\n")


def test_a_client_that_leaves_within_an_event_has_left() -> None:
    assert read(json.dumps({"type": "audio-chunk", "payload_length": 100}).encode() + b"\n" + b"x" * 40) is None
    assert read(b"") is None


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 48_000])
def test_audio_of_every_layout_is_the_same_tone_however_it_is_cut(rate: int, width: int, channels: int) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(rate // 2) / rate) * 0.5
    wide = np.rint(np.repeat(tone, channels) * 2.0 ** (8 * width - 1)).astype(np.int64)
    if width == 1:
        wide += 128
    data = b"".join(int(sample).to_bytes(width, "little", signed=width > 1) for sample in wide)
    decoder = AudioDecoder(AudioLayout(rate, width, channels))
    cuts = [0, 1, 5, 1000, 1001, len(data)]
    pcm = np.concatenate([decoder.pcm(data[start:end]) for start, end in pairwise(cuts)])
    whole = resample(np.rint(tone * 32768).astype(np.int16), rate, RATE)[: len(pcm)]
    assert len(pcm) >= RATE * 0.48
    assert np.abs(pcm.astype(int) - whole.astype(int)).max() <= (200 if width == 1 else 2)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"rate": 16_000, "width": 2},
        {"rate": 0, "width": 2, "channels": 1},
        {"rate": 10**9, "width": 2, "channels": 1},
        {"rate": "16000", "width": 2, "channels": 1},
        {"rate": 16_000, "width": 0, "channels": 1},
        {"rate": 16_000, "width": 8, "channels": 1},
        {"rate": 16_000, "width": 2, "channels": 0},
        {"rate": 16_000, "width": 2, "channels": 10**6},
        {"rate": None, "width": None, "channels": None},
    ],
)
def test_an_impossible_layout_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(MalformedEventError, match=r"must be (between|1, 2)"):
        AudioLayout.of(data)
