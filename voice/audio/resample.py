"""Converting a stream of int16 samples from one rate to another, and many channels to one."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from voice.audio.frames import Pcm

_CROSSINGS = 32
"""Zero crossings of the sinc on each side: 2 ms at 16 kHz, level to 0.9 of the lower Nyquist frequency."""
_CUTOFF = 0.95
"""Half amplitude, as a share of the lower Nyquist frequency."""
_BETA = 8.0
"""Of the Kaiser window: what must not be there is 80 dB down."""
_MOST_PHASES = 1024
"""Places between two inputs that an output is computed for: at odd rates the one before the exact place."""
_BLOCK_S = 0.1
"""Converted at once, so that a long clip needs little memory."""


def mono(samples: NDArray[np.int16]) -> Pcm:
    """The mean of all channels; `samples` has shape (n,) or (n, channels)."""
    if samples.ndim == 1:
        return samples
    if samples.shape[1] == 1:
        return samples.reshape(-1)
    mean: Pcm = np.rint(samples.mean(axis=1, dtype=np.float32)).astype(np.int16)
    return mean


class Resampler:
    """Converts a mono stream chunk by chunk; gives back what it gets where both rates are equal.

    A polyphase filter, a sinc in a Kaiser window (Crochiere and Rabiner, Multirate Digital Signal Processing, 1983),
    holds back half of its length, 2 to 4 ms. That of libsoxr held 5 to 40 ms, and 10 to 120 of telephone audio.

    Output sample k is input time k / to_rate; with `at_once` it is that later by a constant `delay_s`, filled with
    silence, and every chunk gives all the samples that it lasts.
    """

    def __init__(self, from_rate: int, to_rate: int, *, at_once: bool = False) -> None:
        self.from_rate, self.to_rate, self._at_once = from_rate, to_rate, at_once
        common = math.gcd(from_rate, to_rate)
        self._up, self._down = to_rate // common, from_rate // common
        self._filter = _filter(min(self._up, _MOST_PHASES), self._up / self._down)
        self._begin()

    def _begin(self) -> None:
        width = self._filter.shape[1]
        self._input = np.zeros(width - 1 if self._at_once else width // 2 - 1, np.float32)
        self._position = 0  # of the next output in `_input`, from the start of its window, times `up`

    @property
    def delay_s(self) -> float:
        """Seconds of input that have not yet come out."""
        if self._up == self._down:
            return 0.0
        held = len(self._input) - self._filter.shape[1] // 2 + 1 - self._position / self._up
        return float(held / self.from_rate)

    def convert(self, pcm: Pcm) -> Pcm:
        """The next samples of the stream at `to_rate`; may be none of a chunk that is shorter than the filter."""
        if self._up == self._down:
            return pcm
        size = max(1, round(self.from_rate * _BLOCK_S))
        parts = [self._convert(pcm[start : start + size]) for start in range(0, len(pcm), size)]
        return np.concatenate(parts) if parts else np.zeros(0, np.int16)

    def flush(self) -> Pcm:
        """What is left when the stream has ended; afterwards the resampler is as new."""
        if self._up == self._down:
            return np.zeros(0, dtype=np.int16)
        left = round(self.delay_s * self.to_rate)
        rest = self._convert(np.zeros(self._filter.shape[1], np.int16))[:left]
        self._begin()
        return rest

    def _convert(self, pcm: Pcm) -> Pcm:
        self._input = np.concatenate((self._input, pcm), dtype=np.float32)
        width = self._filter.shape[1]
        room = (len(self._input) - width + 1) * self._up - self._position
        count = max(0, -(-room // self._down))
        if count == 0:
            return np.zeros(0, np.int16)
        out = np.zeros(count, np.int16)
        if self._input.any():  # what an idle speaker plays is silence, and costs nothing
            positions = self._position + self._down * np.arange(count)
            windows = sliding_window_view(self._input, width)[positions // self._up]
            phases = positions % self._up * len(self._filter) // self._up
            exact = np.einsum("kt,kt->k", windows, self._filter[phases])
            out = np.clip(np.rint(exact), -32768, 32767).astype(np.int16)
        self._position += count * self._down
        used = min(self._position // self._up, len(self._input))
        self._input = self._input[used:]
        self._position -= used * self._up
        return out


@lru_cache(maxsize=8)
def _filter(phases: int, ratio: float) -> NDArray[np.float32]:
    """Its coefficients, shape (phases, taps): a row for each place of an output between two inputs."""
    cutoff = _CUTOFF * min(1.0, ratio)
    reach = math.ceil(_CROSSINGS / cutoff)
    distance = np.arange(1 - reach, reach + 1) - np.arange(phases)[:, np.newaxis] / phases
    window = np.i0(_BETA * np.sqrt(np.maximum(0.0, 1.0 - (distance / reach) ** 2)))
    rows = np.sinc(cutoff * distance) * window
    scaled: NDArray[np.float32] = (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)
    return scaled


def resample(pcm: Pcm, from_rate: int, to_rate: int) -> Pcm:
    """A whole clip at another rate."""
    resampler = Resampler(from_rate, to_rate)
    return np.concatenate((resampler.convert(pcm), resampler.flush()))
