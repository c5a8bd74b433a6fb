"""The interfaces of audio input and output, for microphones, speakers, WAV files and browsers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from voice.audio.frames import Frame


class Source(Protocol):
    """An audio input.

    `frames()` yields frames of `frame_ms` at `RATE` in order, paced by the loop's clock, and ends when the recording
    ends. A device that vanishes does not end it: the source reports through its `notify` callable, keeps trying, and
    yields again.
    """

    frame_ms: int

    @property
    def name(self) -> str: ...

    def frames(self) -> AsyncIterator[Frame]: ...

    async def close(self) -> None: ...


class Sink(Protocol):
    """An audio output, which pulls from its `Playout` at its own pace.

    `rate` is the Playout's sample rate in Hz. `start()` begins pulling; `close()` stops, flushes a file, frees a
    device.
    """

    rate: int

    @property
    def name(self) -> str: ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...
