"""G.711 telephone audio: 8 kHz, one byte per sample, µ-law or A-law (ITU-T G.711), by tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voice.audio.frames import Pcm

RATE = 8_000
_BIAS = 33
"""µ-law works on 14 bits: the bias makes every segment begin at a power of two."""


def _ulaw_values() -> NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    exponent, mantissa = code >> 4 & 7, code & 15
    magnitude = ((mantissa * 2 + _BIAS) << exponent) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16) * np.int16(4)


def _alaw_values() -> NDArray[np.int16]:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = code >> 4 & 7, code & 15
    magnitude = np.where(exponent == 0, mantissa * 2 + 1, (mantissa * 2 + 33) << np.maximum(exponent - 1, 0))
    return (np.where(code & 0x80, magnitude, -magnitude) * 8).astype(np.int16)


def _codes(values: NDArray[np.int16]) -> NDArray[np.uint8]:
    """For every 16 bit sample, from −32768 on, the code whose value is nearest."""
    order = np.argsort(values, kind="stable")
    ranked = values[order].astype(np.int32)
    borders = (ranked[1:] + ranked[:-1]) / 2
    return order[np.searchsorted(borders, np.arange(-32768, 32768))].astype(np.uint8)


_VALUES = {"ulaw": _ulaw_values(), "alaw": _alaw_values()}
_CODES = {law: _codes(values) for law, values in _VALUES.items()}


def decode(law: str, data: bytes) -> Pcm:
    """Samples at `RATE` of "ulaw" or "alaw" bytes."""
    pcm: Pcm = _VALUES[law][np.frombuffer(data, dtype=np.uint8)]
    return pcm


def encode(law: str, pcm: Pcm) -> bytes:
    """Bytes of samples at `RATE`, each the nearest there is."""
    return _CODES[law][pcm.astype(np.int32) + 32768].tobytes()
