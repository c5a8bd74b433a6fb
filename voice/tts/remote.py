"""Any OpenAI-compatible `/v1/audio/speech` as synthesizer, for example on another machine."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

import numpy as np

from voice.audio.openai_server import AudioServer
from voice.errors import EngineError
from voice.tts.interface import Chunk, Emit

DEFAULT_MODEL, DEFAULT_VOICE = "tts-1", "alloy"
MOST_HEADER = 4096
READ = 4096


class RemoteSynthesizer:
    """Streams 16 bit mono WAV from the server and emits it as it comes; `rate` is what its first answer said.

    `url` as in `http://pi5.local:8000/v1`. Raises ConfigError for what is no URL.
    """

    name = "remote"

    def __init__(self, url: str, *, model: str = "", voice: str = "", speed: float = 1.0, api_key: str = "") -> None:
        self._server = AudioServer(url, api_key, "tts.url")
        self._model, self._voice, self._speed = model or DEFAULT_MODEL, voice or DEFAULT_VOICE, speed
        self._cancelled = False
        self.rate = 24_000

    def warm(self) -> None:
        """Have the server load its voice, and learn its rate; raises EngineError where it does not answer."""
        self._cancelled = False
        for rate, _ in self._stream("Ready."):
            self.rate = rate
            break

    def speak(self, text: str, emit: Emit) -> None:
        """Emit audio as it arrives. Raises EngineError, also where the server's rate has changed since `warm`."""
        self._cancelled = False
        for rate, raw in self._stream(text):
            if rate != self.rate:
                was, self.rate = self.rate, rate
                raise EngineError(f"sample rate changed to {rate} Hz from {was}", where=self._server.url)
            if self._cancelled or not emit(Chunk(np.frombuffer(raw, dtype="<i2").astype(np.int16))):
                return

    def cancel(self) -> None:
        """End a running `speak` at its next piece."""
        self._cancelled = True

    def _stream(self, text: str) -> Iterator[tuple[int, bytes]]:
        """The rate with each piece of whole samples."""
        with (
            self._server.failures(),
            self._server.audio.speech.with_streaming_response.create(
                input=text, model=self._model, voice=self._voice, speed=self._speed, response_format="wav"
            ) as answer,
        ):
            try:
                yield from samples(answer.iter_bytes(READ))
            except ValueError as error:
                expected = "16 bit mono WAV for response_format wav"
                raise EngineError(
                    f"invalid audio in the answer: {error}", where=self._server.url, expected=expected
                ) from None


def samples(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Take a WAV stream out of its header: its rate in Hz with each piece of whole 16 bit samples.

    The sizes in the header are not believed, since a server that streams cannot know them. Raises ValueError for what
    is not 16 bit mono WAV.
    """
    held, rate = b"", 0
    for piece in pieces:
        held += piece
        if not rate:
            found = _header(held)
            if found is None:
                continue
            rate, begin = found
            held = held[begin:]
        whole = len(held) & ~1
        if whole:
            yield rate, held[:whole]
            held = held[whole:]
    if not rate:
        raise ValueError("it ends before its header does" if held else "it is empty")


def _header(raw: bytes) -> tuple[int, int] | None:
    """Rate and the offset of the first sample; None where more bytes are needed."""
    if raw[:4] != b"RIFF"[: len(raw[:4])] or raw[8:12] != b"WAVE"[: len(raw[8:12])]:
        raise ValueError("not a WAV file")
    at, rate = 12, 0
    while len(raw) >= at + 8:
        name, size = raw[at : at + 4], struct.unpack_from("<I", raw, at + 4)[0]
        if name == b"data":
            if not rate:
                raise ValueError("no format chunk before the data")
            return rate, at + 8
        if name == b"fmt ":
            if len(raw) < at + 24:
                return None
            tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", raw, at + 8)
            if channels != 1 or bits != 16 or tag not in (1, 0xFFFE) or not 8_000 <= rate <= 192_000:
                raise ValueError(f"{channels} channels of {bits} bits at {rate} Hz")
        at += 8 + size + size % 2
        if at > MOST_HEADER:
            raise ValueError("its header is too long")
    return None
