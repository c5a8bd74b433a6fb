"""WAV files in place of a microphone and a speaker, paced by the running loop's clock."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice.audio.frames import RATE, Frame, Pcm, from_float
from voice.audio.playout import Playout
from voice.audio.resample import Resampler
from voice.conversation.observer import Notice, Observer
from voice.errors import MissingError

LEAST_RATE, MOST_RATE, MOST_CHANNELS = 8_000, 192_000, 32
UNKNOWN_SIZE = 0x7FFF0000
"""Programs that stream write 0 or a size from here on; the data then runs to the end of the file."""

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_FORMATS = {(_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32), (_FLOAT, 64)}
_EXPECTED = "a WAV file of 8 to 32 bit integers or 32/64 bit floats, 8–192 kHz"


class WavReader:
    """An open WAV file whose header was understood; `rate` in Hz, `truncated` if it ends before it says.

    Raises MissingError when the file cannot be opened, is no WAV, or holds no audio.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.rate = self.channels = self._block = 0
        try:
            self._file = self.path.open("rb")
        except OSError as error:
            raise self._refused(error.strerror or "cannot be opened") from None
        try:
            self._read_header()
        except OSError as error:
            self._file.close()
            raise self._refused(error.strerror or "cannot be read") from None
        except BaseException:
            self._file.close()
            raise

    def _refused(self, what: str) -> MissingError:
        return MissingError(what, where=str(self.path), expected=_EXPECTED)

    def _read_header(self) -> None:
        head = self._file.read(12)
        size = os.fstat(self._file.fileno()).st_size
        if not head:
            raise self._refused("the file is empty")
        if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
            raise self._refused("not a WAV file")
        found_format = False
        while True:
            chunk = self._file.read(8)
            if len(chunk) < 8:
                raise self._refused("the WAV file holds no audio")
            name, length = chunk[:4], struct.unpack("<I", chunk[4:])[0]
            if name == b"data" and found_format:
                break
            if name == b"fmt ":
                self._read_format(self._file.read(min(length, 40)))
                found_format = True
                length -= min(length, 40)
            self._file.seek(length + length % 2, os.SEEK_CUR)
        there = size - self._file.tell()
        unknown = length == 0 or length >= UNKNOWN_SIZE
        self.truncated = not unknown and there < length
        self._left: int = (there if unknown else min(length, there)) // self._block
        if self._left == 0:
            raise self._refused("the WAV file holds no audio")

    def _read_format(self, fmt: bytes) -> None:
        if len(fmt) < 16:
            raise self._refused("the WAV header is cut off")
        tag, self.channels, self.rate, _, self._block, bits = struct.unpack("<HHIIHH", fmt[:16])
        if tag == _EXTENSIBLE and len(fmt) >= 26:
            tag = struct.unpack("<H", fmt[24:26])[0]
        if (tag, bits) not in _FORMATS:
            raise self._refused(f"WAV encoding {tag} with {bits} bits is not read")
        if not LEAST_RATE <= self.rate <= MOST_RATE:
            raise self._refused(f"a sample rate of {self.rate} Hz is out of range")
        if not 1 <= self.channels <= MOST_CHANNELS or self._block != self.channels * bits // 8:
            raise self._refused(f"{self.channels} channels in blocks of {self._block} bytes make no sense")
        self._float, self._bytes = tag == _FLOAT, bits // 8

    @property
    def duration_s(self) -> float:
        """Seconds still to be read."""
        return self._left / self.rate

    def read(self, count: int) -> Pcm:
        """The next `count` samples, channels mixed; fewer at the end, none after it.

        Raises MissingError when the disk fails.
        """
        try:
            raw = self._file.read(min(count, self._left) * self._block)
        except OSError as error:
            raise self._refused(error.strerror or "cannot be read") from None
        whole = len(raw) // self._block
        self._left = self._left - whole if whole else 0
        samples = self._decode(np.frombuffer(raw[: whole * self._block], dtype=np.uint8))
        if self.channels > 1:
            samples = samples.reshape(-1, self.channels).mean(axis=1, dtype=np.float32)
        return from_float(samples)

    def _decode(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        """Samples in −1…1, channels interleaved."""
        if self._float:
            values: NDArray[np.float32] = raw.view(f"<f{self._bytes}").clip(-1.0, 1.0).astype(np.float32)
            return np.nan_to_num(values, copy=False)
        if self._bytes == 1:
            return (raw.astype(np.float32) - 128.0) / np.float32(128.0)
        if self._bytes == 3:
            wide = np.zeros((len(raw) // 3, 4), dtype=np.uint8)
            wide[:, 1:] = raw.reshape(-1, 3)
            raw = wide.reshape(-1)
        scale = np.float32(32768.0 if self._bytes == 2 else 2.0**31)
        return raw.view("<i2" if self._bytes == 2 else "<i4").astype(np.float32) / scale

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> WavReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class WavWriter:
    """A growing 16 bit mono WAV file; its header is made true by `close`.

    Raises MissingError when the file cannot be opened, written or closed.
    """

    def __init__(self, path: Path | str, rate: int) -> None:
        self.path, self.rate = Path(path), rate
        self._bytes = 0
        try:
            self._file = self.path.open("wb")
            self._file.write(self._header())
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> MissingError:
        return MissingError(
            f"cannot be written: {error.strerror or error}",
            where=str(self.path),
            expected="room for a WAV file",
        )

    def _header(self) -> bytes:
        size = min(self._bytes, 0xFFFFFFFF - 36)
        riff = struct.pack("<4sI4s", b"RIFF", size + 36, b"WAVE")
        fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, _PCM, 1, self.rate, self.rate * 2, 2, 16)
        return riff + fmt + struct.pack("<4sI", b"data", size)

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
            self._file.write(self._header())
        except OSError as error:
            raise self._failed(error) from None
        finally:
            try:
                self._file.close()
            except OSError as error:
                raise self._failed(error) from None


BLOCK_S = 1.0
"""Seconds read from the file at a time: what a recording of any length needs in memory."""

PULL_S = 0.02
"""How often a WAV sink asks for audio, seconds."""


def blocks(reader: WavReader) -> Iterator[Pcm]:
    """The whole file at `RATE`, about a second at a time."""
    resampler = Resampler(reader.rate, RATE)
    while len(block := reader.read(round(reader.rate * BLOCK_S))):
        yield resampler.convert(block)
    yield resampler.flush()


def read_wav(path: Path | str) -> Pcm:
    """A whole WAV file at `RATE`, channels mixed; MissingError when it cannot be read."""
    with WavReader(path) as reader:
        return np.concatenate(list(blocks(reader)))


def write_wav(path: Path | str, pcm: Pcm, rate: int = RATE) -> None:
    """Write a 16 bit mono WAV file; MissingError when it cannot be written."""
    writer = WavWriter(path, rate)
    try:
        writer.write(pcm)
    finally:
        writer.close()


class WavSource:
    """Hears a recording frame by frame, as a microphone would; the last frame is filled up with silence.

    Raises MissingError at once when the file is not there or is no WAV.
    """

    def __init__(self, path: Path | str, frame_ms: int = 20, notify: Observer | None = None) -> None:
        self.frame_ms, self.name = frame_ms, str(path)
        self._reader = WavReader(path)
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
            self._notify(Notice(f"{self.name}: the recording is cut off; used as far as it goes", "warning"))

    def _cut(self, size: int) -> Iterator[Pcm]:
        rest = np.zeros(0, dtype=np.int16)
        for block in blocks(self._reader):
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

    A failing disk does not stop the conversation: it is told once through `notify`, playing goes on unrecorded,
    and `close` raises it. Raises MissingError at once when the file cannot be made.
    """

    def __init__(self, path: Path | str, playout: Playout, notify: Observer | None = None) -> None:
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
                self._notify(Notice(str(error), "error"))

    async def close(self) -> None:
        """Stop and finish the file; MissingError if it could not be written in full."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._close_file()
        if self._failure is not None:
            raise self._failure
