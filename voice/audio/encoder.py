"""Speech in the formats that players take: WAV, raw PCM, MP3, Opus, AAC and FLAC, encoded as it is made."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from voice.audio.frames import Pcm
from voice.audio.resample import Resampler
from voice.audio.wav import wav_header

ENDLESS = 0xFFFFFFFF
"""The length in a WAV header that is sent before the audio is known: players read to the end."""

OPTIONS: Mapping[str, Mapping[str, str]] = MappingProxyType({"ogg": {"page_duration": "100000"}})
"""Ogg gathers a second by default before it lets anything out; this is a tenth, in µs."""


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """A format by its container and codec; `rates` in Hz are what the codec takes, none for any."""

    media_type: str
    container: str = ""
    codec: str = ""
    rates: tuple[int, ...] = ()
    bit_rate: int = 0


FORMATS: Mapping[str, AudioFormat] = MappingProxyType(
    {
        "mp3": AudioFormat("audio/mpeg", "mp3", "libmp3lame", (16_000, 22_050, 24_000, 44_100, 48_000), 64_000),
        "opus": AudioFormat("audio/ogg", "ogg", "libopus", (8_000, 12_000, 16_000, 24_000, 48_000), 32_000),
        "aac": AudioFormat("audio/aac", "adts", "aac", (16_000, 22_050, 24_000, 44_100, 48_000), 64_000),
        "flac": AudioFormat("audio/flac", "flac", "flac"),
        "wav": AudioFormat("audio/wav"),
        "pcm": AudioFormat("audio/pcm", rates=(24_000,)),
    }
)
"""By the names of OpenAI's `response_format`; raw PCM has the 24 kHz that its clients expect."""


class AudioEncoder:
    """Encodes one mono stream at `rate` Hz in a format of `FORMATS`; what comes out concatenates to a whole file."""

    def __init__(self, name: str, rate: int) -> None:
        self._format = FORMATS[name]
        rates = self._format.rates
        self.rate = rate if not rates or rate in rates else min((r for r in rates if r >= rate), default=rates[-1])
        self._resampler = Resampler(rate, self.rate)
        self._file = io.BytesIO()
        if name == "wav":
            self._file.write(wav_header(self.rate, ENDLESS))
        if self._format.container:
            import av

            kind = self._format.container
            options = dict(OPTIONS.get(kind, {}))
            container: Any = av.open(_Pipe(self._file), "w", format=kind, options=options)
            self._container = container
            self._stream = container.add_stream(self._format.codec, rate=self.rate, layout="mono")
            if self._format.bit_rate:
                self._stream.bit_rate = self._format.bit_rate

    def encode(self, pcm: Pcm) -> bytes:
        """The next bytes; may be none, since codecs gather audio first."""
        self._write(self._resampler.convert(pcm))
        return self._new()

    def finish(self) -> bytes:
        """The last bytes; nothing is encoded afterwards."""
        self._write(self._resampler.flush())
        if self._format.container:
            for packet in self._stream.encode(None):
                self._container.mux(packet)
            self._container.close()
        return self._new()

    def _write(self, pcm: Pcm) -> None:
        if not self._format.container:
            self._file.write(pcm.astype("<i2", copy=False).tobytes())
        elif len(pcm):
            import av

            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm).reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate = self.rate
            for packet in self._stream.encode(frame):
                self._container.mux(packet)

    def _new(self) -> bytes:
        made = self._file.getvalue()
        self._file.seek(0)
        self._file.truncate()
        return made


class _Pipe:
    """What the container writes to: without `seek`, so that it never goes back to change what was sent."""

    def __init__(self, file: io.BytesIO) -> None:
        self.write = file.write
