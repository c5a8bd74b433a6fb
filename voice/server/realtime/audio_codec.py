"""Audio as it travels: base64 of PCM at 24 kHz or of G.711, to and from the samples inside."""

from __future__ import annotations

import base64
import binascii

import numpy as np

from voice.audio import g711
from voice.audio.frames import RATE, Pcm
from voice.audio.resample import Resampler
from voice.server.realtime.client_events import Wrong

SPOKEN_RATE = 24_000
"""What replies are made at, Hz."""

_LAWS = {"audio/pcmu": "ulaw", "audio/pcma": "alaw"}


class Incoming:
    """The client's audio, one piece after the other, at 16 kHz."""

    def __init__(self, kind: str) -> None:
        self._law = _LAWS.get(kind)
        self._resampler = Resampler(g711.RATE if self._law else SPOKEN_RATE, RATE, at_once=True)

    def take(self, text: str) -> Pcm:
        """Samples of the next piece. Raises Wrong."""
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Wrong("invalid_audio", "audio must be base64", "audio") from error
        if self._law is not None:
            return self._resampler.convert(g711.decode(self._law, data))
        if len(data) % 2:
            raise Wrong("invalid_audio", "16 bit audio has an even number of bytes", "audio")
        return self._resampler.convert(np.frombuffer(data, dtype="<i2").astype(np.int16))


class Outgoing:
    """Replies for the client."""

    def __init__(self, kind: str) -> None:
        self._law = _LAWS.get(kind)
        self._resampler = Resampler(SPOKEN_RATE, g711.RATE if self._law else SPOKEN_RATE)

    def piece(self, pcm: Pcm) -> str:
        """The next samples, at `SPOKEN_RATE`, as they travel; empty while the filter fills."""
        return self._text(self._resampler.convert(pcm))

    def end(self) -> str:
        """What was held back of a reply that has ended."""
        return self._text(self._resampler.flush())

    def _text(self, pcm: Pcm) -> str:
        data = g711.encode(self._law, pcm) if self._law is not None else pcm.astype("<i2").tobytes()
        return base64.b64encode(data).decode()
