"""Recordings of any kind that FFmpeg reads, block by block: WAV, MP3, M4A, Ogg, FLAC, WebM, MP4 and others."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from voice.audio.cut_off import declared_s, is_cut_off
from voice.audio.frames import RATE, Pcm, from_float
from voice.audio.resample import Resampler
from voice.errors import MissingError

LEAST_RATE, MOST_RATE, MOST_CHANNELS = 8_000, 192_000, 32
BLOCK_S = 1.0
"""Seconds decoded at a time: what a recording of any length needs in memory."""

FORMATS = "aac,ac3,aiff,amr,ape,asf,au,avi,caf,flac,flv,matroska,mov,mp3,mpeg,mpegts,ogg,tta,w64,wav,wv"
"""The containers that are opened. None of them can name another file or an address, as a playlist does."""

KNOWN = (b"RIFF", b"RF64", b"OggS", b"fLaC", b"ID3", b"\x1a\x45\xdf\xa3", b"FORM", b"caff")
EXPECTED = "a recording: WAV, MP3, M4A, Ogg, FLAC, WebM or MP4, at 8–192 kHz"
LATE_S = 0.25
"""A recording that ends this much before the length it states is cut off; encoders round to their own blocks."""

OPPOSED = 0.5
"""Channels that correlate below minus this are each other's inverse: they are subtracted."""


class Unnamed:
    """An open file for PyAV, which takes files with a name of text only; those of the system have a number or none."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


class AudioReader:
    """An open recording whose first samples were decoded: a path, `-` for standard input, or an open file.

    `truncated` is True after the last block if the recording ends before it should; `duration_s` is the length that it
    states, or None. `offset_s` is where its sound begins on the clock of a player, which matters beside a picture.
    Raises MissingError when it cannot be opened, is not a recording, or contains no audio.
    """

    def __init__(self, source: Path | str | IO[bytes], name: str = "") -> None:
        named = source if isinstance(source, Path | str) else name or "the recording"
        self.name = "standard input" if str(named) == "-" else str(named)
        self.truncated = False
        self.duration_s: float | None = None
        self.offset_s = 0.0
        self._samples_s = 0.0
        with contextlib.ExitStack() as self._stack:
            self._file = self._opened(source)
            self._container, self._stream = self._probed()
            self._stack.callback(self._container.close)
            self._frames = self._decoded()
            self._first = next(self._frames, None)
            if self._first is None:
                raise self._refused("the recording contains no audio")
            self._stack = self._stack.pop_all()
        if self._first.time is not None and self._container.start_time is not None:
            self.offset_s = max(0.0, round(self._first.time - self._container.start_time / 1e6, 3))

    def _refused(self, what: str) -> MissingError:
        return MissingError(what, where=self.name, expected=EXPECTED)

    def _opened(self, source: Path | str | IO[bytes]) -> IO[bytes]:
        """The file; what cannot be read from any place, such as a pipe, is first put into a temporary file."""
        with contextlib.ExitStack() as stack:
            try:
                if not isinstance(source, Path | str):
                    file = source
                else:
                    file = sys.stdin.buffer if str(source) == "-" else stack.enter_context(Path(source).open("rb"))
                if not file.seekable():
                    pipe, file = file, stack.enter_context(tempfile.TemporaryFile())
                    shutil.copyfileobj(pipe, file)
                    file.seek(0)
            except OSError as error:
                raise self._refused(error.strerror or "cannot be opened") from None
            self._stack.push(stack.pop_all())
        return file

    def _probed(self) -> tuple[Any, Any]:
        import av

        try:
            head = self._file.read(16)
            self._file.seek(0)
            if not head:
                raise self._refused("the file is empty")
            try:
                container = av.open(Unnamed(self._file), options={"format_whitelist": FORMATS})
            except (av.FFmpegError, ValueError):
                known = head.startswith(KNOWN) or head[4:8] == b"ftyp"
                raise self._refused("the file is damaged or cut off" if known else "not a recording") from None
            stream = next(iter(container.streams.audio), None)
            try:
                if stream is None or stream.codec_context is None:
                    raise self._refused("no audio in it can be decoded")
                self.duration_s = declared_s(self._file, container, stream)
            except BaseException:
                container.close()
                raise
        except OSError as error:
            raise self._refused(error.strerror or "cannot be read") from None
        return container, stream

    def _decoded(self) -> Iterator[Any]:
        """Decoded frames, planar floats. What is damaged inside is passed over; what is missing at the end is noted."""
        import av

        convert, shape, damaged = None, None, False
        try:
            for packet in self._container.demux(self._stream):
                try:
                    frames = packet.decode()
                    damaged = damaged and packet.dts is None  # the last packet only empties the decoder
                except av.error.InvalidDataError:
                    frames, damaged = [], True
                for frame in frames:
                    self._check(frame)
                    if shape != (frame.format.name, frame.layout.name, frame.sample_rate):
                        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
                        convert = av.AudioResampler("fltp", frame.layout, frame.sample_rate)
                    assert convert is not None
                    self._samples_s += frame.samples / frame.sample_rate
                    yield from convert.resample(frame)
        except (av.FFmpegError, OSError) as error:
            if self._samples_s == 0.0:
                damage = "the file is damaged or cut off"
                raise self._refused(damage if isinstance(error, av.FFmpegError) else str(error.strerror)) from None
            damaged = True
        missing_s = (self.duration_s or 0.0) - self._samples_s
        self.truncated = damaged or missing_s > LATE_S or is_cut_off(self._file)

    def _check(self, frame: Any) -> None:
        if not LEAST_RATE <= frame.sample_rate <= MOST_RATE:
            raise self._refused(f"a sample rate of {frame.sample_rate} Hz is out of range")
        if not 1 <= frame.layout.nb_channels <= MOST_CHANNELS:
            raise self._refused(f"{frame.layout.nb_channels} channels are too many")

    def blocks(self) -> Iterator[Pcm]:
        """The whole recording at `RATE`, channels mixed, about a second at a time; may be called once."""
        mixer, resampler, rate = Mixer(), None, 0
        held: list[NDArray[np.float32]] = []
        frame = self._first
        while frame is not None:
            if resampler is None or frame.sample_rate != rate or (held and len(held[0]) != frame.layout.nb_channels):
                if resampler is not None:
                    yield from _converted(mixer, resampler, held)
                    yield resampler.flush()
                rate, held = frame.sample_rate, []
                resampler = Resampler(rate, RATE)
            held.append(frame.to_ndarray())
            if sum(part.shape[1] for part in held) >= rate * BLOCK_S:
                yield from _converted(mixer, resampler, held)
                held = []
            frame = next(self._frames, None)
        if resampler is not None:
            yield from _converted(mixer, resampler, held)
            yield resampler.flush()

    def close(self) -> None:
        """Close the file."""
        self._stack.close()

    def __enter__(self) -> AudioReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _converted(mixer: Mixer, resampler: Resampler, held: list[NDArray[np.float32]]) -> Iterator[Pcm]:
    if held:
        yield resampler.convert(from_float(mixer.mix(np.concatenate(held, axis=1))))


class Mixer:
    """Mixes channels into one, by their mean. Stereo with one channel inverted, whose mean is silence, is subtracted.

    How the channels correlate is remembered from block to block, so that a quiet one changes nothing.
    """

    def __init__(self) -> None:
        self._together = self._power = 0.0
        self._sign = 1.0

    def mix(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Samples of shape (channels, n) as (n,), in −1…1."""
        samples = np.nan_to_num(samples.clip(-1.0, 1.0), copy=False)
        if len(samples) != 2:
            mean: NDArray[np.float32] = samples.mean(axis=0, dtype=np.float32)
            return mean
        left, right = samples
        self._together = self._together / 2 + float(np.dot(left, right))
        self._power = self._power / 2 + float(np.sqrt(np.dot(left, left) * np.dot(right, right)))
        if abs(self._together) > OPPOSED * self._power:
            self._sign = 1.0 if self._together > 0 else -1.0
        mixed: NDArray[np.float32] = (left + np.float32(self._sign) * right) / np.float32(2.0)
        return mixed
