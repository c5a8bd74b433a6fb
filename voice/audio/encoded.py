"""Compressed audio files, written by FFmpeg through PyAV: the ending of the name says which format."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from voice.audio.frames import Pcm
from voice.audio.resample import Resampler
from voice.errors import MissingError, UsageError

CODECS = MappingProxyType(
    {".mp3": "libmp3lame", ".ogg": "libopus", ".opus": "libopus", ".flac": "flac", ".m4a": "aac", ".webm": "libopus"}
)
"""The codec of each ending."""

ENDINGS = (".wav", *CODECS)
RATE = 48_000
"""All of these codecs take it; Opus takes few others."""


class EncodedWriter:
    """A growing 16 bit mono file of the format that its ending names; `rate` is that of the samples.

    Raises UsageError for another ending, MissingError when the file cannot be opened, written or closed.
    """

    def __init__(self, path: Path, rate: int) -> None:
        codec = CODECS.get(path.suffix.lower())
        if codec is None:
            raise UsageError(
                f"cannot write {path.suffix or 'a file without an ending'}",
                where=str(path),
                expected=f"a name that ends with one of {', '.join(ENDINGS)}",
            )
        import av

        self._av: Any = av
        self._path, self._resampler, self._at = path, Resampler(rate, RATE), 0
        try:
            self._file: Any = self._av.open(str(path), "w")
            self._stream: Any = self._file.add_stream(codec, rate=RATE, layout="mono")
            frame_size = self._stream.frame_size or None
            self._converter: Any = self._av.AudioResampler(self._stream.format, "mono", RATE, frame_size)
        except (OSError, ValueError) as error:
            raise self._failed(error) from None

    def write(self, pcm: Pcm) -> None:
        """Append samples."""
        self._encode(self._resampler.convert(pcm))

    def close(self) -> None:
        """Write what is left and close; harmless when already closed."""
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            for frame in self._converter.resample(None):
                file.mux(self._stream.encode(frame))
            file.mux(self._stream.encode(None))
            file.close()
        except (OSError, ValueError) as error:
            raise self._failed(error) from None

    def _encode(self, pcm: Pcm) -> None:
        if not len(pcm):
            return
        frame = self._av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm)[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, self._at
        self._at += len(pcm)
        try:
            for converted in self._converter.resample(frame):
                self._file.mux(self._stream.encode(converted))
        except (OSError, ValueError) as error:
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> MissingError:
        return MissingError(
            f"cannot be written: {getattr(error, 'strerror', None) or error}",
            where=str(self._path),
            expected="a writable file with free space",
        )
