"""Recordings in place of a microphone, WAV files in place of a speaker, paced by the running loop's clock."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import numpy as np

from voice.audio.frames import RATE, Frame, Pcm
from voice.audio.playout import Playout
from voice.audio.reader import AudioReader
from voice.errors import MissingError

Tell = Callable[[str, str], None]
"""Takes a line for the person and its level: info, warning or error."""

PULL_S = 0.02
"""How often a WAV sink asks for audio, seconds."""


def read_wav(path: Path | str) -> Pcm:
    """A whole recording at `RATE`, mixed to mono; raises MissingError if it cannot be read."""
    with AudioReader(path) as reader:
        return np.concatenate(list(reader.blocks()))


def write_wav(path: Path | str, pcm: Pcm, rate: int = RATE) -> None:
    """Write a 16-bit mono WAV file; raises MissingError if it cannot be written."""
    writer = WavWriter(path, rate)
    try:
        writer.write(pcm)
    finally:
        writer.close()


def wav_header(rate: int, size: int) -> bytes:
    """The header of a 16-bit mono WAV file with `size` bytes of samples, or as many as a header can state."""
    size = min(size, 0xFFFFFFFF - 36)
    riff = struct.pack("<4sI4s", b"RIFF", size + 36, b"WAVE")
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return riff + fmt + struct.pack("<4sI", b"data", size)


class WavWriter:
    """A growing 16 bit mono WAV file; its header is made true by `close`.

    Raises MissingError when the file cannot be opened, written or closed.
    """

    def __init__(self, path: Path | str, rate: int) -> None:
        self.path, self.rate = Path(path), rate
        self._bytes = 0
        try:
            self._file = self.path.open("wb")
            self._file.write(wav_header(self.rate, self._bytes))
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> MissingError:
        return MissingError(
            f"cannot be written: {error.strerror or error}",
            where=str(self.path),
            expected="a writable file with free space",
        )

    def write(self, pcm: Pcm) -> None:
        """Append samples."""
        try:
            self._file.write(pcm.astype("<i2").tobytes())
        except OSError as error:
            raise self._failed(error) from None
        self._bytes += len(pcm) * 2

    def close(self) -> None:
        """Write the true length into the header and close; harmless when already closed."""
        if self._file.closed:
            return
        try:
            self._file.seek(0)
            self._file.write(wav_header(self.rate, self._bytes))
        except OSError as error:
            raise self._failed(error) from None
        finally:
            try:
                self._file.close()
            except OSError as error:
                raise self._failed(error) from None


class FileSource:
    """Hears a recording frame by frame, as a microphone would; the last frame is filled up with silence.

    Raises MissingError at once when the file is missing or is not a recording.
    """

    def __init__(self, path: Path | str, frame_ms: int = 20, notify: Tell | None = None) -> None:
        self.frame_ms = frame_ms
        self._reader = AudioReader(path)
        self.name = self._reader.name
        self._notify = notify

    async def frames(self) -> AsyncIterator[Frame]:
        """Frames at `RATE`, each when its last sample is due on the running loop's clock."""
        loop = asyncio.get_running_loop()
        start, position = loop.time(), 0
        size = RATE * self.frame_ms // 1000
        try:
            for pcm in self._cut(size):
                position += size
                due = start + position / RATE
                await asyncio.sleep(max(0.0, due - loop.time()))
                yield Frame(pcm, due)
        finally:
            self._reader.close()
        if self._reader.truncated and self._notify is not None:
            self._notify(f"{self.name}: the recording is truncated; using what is there", "warning")

    def _cut(self, size: int) -> Iterator[Pcm]:
        rest = np.zeros(0, dtype=np.int16)
        for block in self._reader.blocks():
            rest = np.concatenate((rest, block))
            whole = len(rest) // size * size
            yield from rest[:whole].reshape(-1, size)
            rest = rest[whole:]
        if len(rest):
            yield np.concatenate((rest, np.zeros(size - len(rest), dtype=np.int16)))

    async def close(self) -> None:
        """Close the file."""
        self._reader.close()


class WavSink:
    """Plays into a WAV file, pulling in real time, so that the file is what a listener would have heard.

    A failing disk does not stop the conversation: it is reported once through `notify`, playing continues unrecorded,
    and `close` raises it. Raises MissingError at once when the file cannot be made.
    """

    def __init__(self, path: Path | str, playout: Playout, notify: Tell | None = None) -> None:
        self.rate, self.name = playout.rate, str(path)
        self._playout, self._notify = playout, notify
        self._writer = WavWriter(path, playout.rate)
        self._failure: MissingError | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin pulling."""
        self._task = asyncio.create_task(self._run(), name=f"play into {self.name}")

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        start, pulled = loop.time(), 0
        size = round(self.rate * PULL_S)
        try:
            while True:
                self._write(self._playout.pull(size, loop.time()))
                pulled += size
                await asyncio.sleep(max(0.0, start + pulled / self.rate - loop.time()))
        finally:
            self._close_file()

    def _write(self, pcm: Pcm) -> None:
        if self._failure is None:
            try:
                self._writer.write(pcm)
            except MissingError as error:
                self._fail(error)

    def _close_file(self) -> None:
        try:
            self._writer.close()
        except MissingError as error:
            self._fail(error)

    def _fail(self, error: MissingError) -> None:
        if self._failure is None:
            self._failure = error
            if self._notify is not None:
                self._notify(str(error), "error")

    async def close(self) -> None:
        """Stop and finish the file; MissingError if it could not be written in full."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._close_file()
        if self._failure is not None:
            raise self._failure
