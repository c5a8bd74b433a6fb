"""Converting a stream of int16 samples from one rate to another, and many channels to one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice.audio.frames import Pcm


def mono(samples: NDArray[np.int16]) -> Pcm:
    """The mean of all channels; `samples` has shape (n,) or (n, channels)."""
    if samples.ndim == 1:
        return samples
    if samples.shape[1] == 1:
        return samples.reshape(-1)
    mean: Pcm = np.rint(samples.mean(axis=1, dtype=np.float32)).astype(np.int16)
    return mean


class Resampler:
    """Converts a mono stream chunk by chunk by libsoxr; gives back what it gets where both rates are equal.

    Output sample k is input time k / to_rate: what the filter still holds back is `delay_s`.
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        self.from_rate, self.to_rate = from_rate, to_rate
        self._stream: Any = None
        if from_rate != to_rate:
            import soxr

            self._stream = soxr.ResampleStream(from_rate, to_rate, 1, dtype="int16", quality="MQ")

    @property
    def delay_s(self) -> float:
        """Seconds of input that have not yet come out."""
        return float(self._stream.delay()) / self.to_rate if self._stream is not None else 0.0

    def convert(self, pcm: Pcm) -> Pcm:
        """The next samples of the stream at `to_rate`; may be none while the filter fills."""
        if self._stream is None:
            return pcm
        converted: Pcm = self._stream.resample_chunk(np.ascontiguousarray(pcm))
        return converted

    def flush(self) -> Pcm:
        """What is left when the stream has ended; afterwards the resampler is as new."""
        if self._stream is None:
            return np.zeros(0, dtype=np.int16)
        rest: Pcm = self._stream.resample_chunk(np.zeros(0, dtype=np.int16), last=True)
        self._stream.clear()
        return rest


def resample(pcm: Pcm, from_rate: int, to_rate: int) -> Pcm:
    """A whole clip at another rate."""
    resampler = Resampler(from_rate, to_rate)
    return np.concatenate((resampler.convert(pcm), resampler.flush()))
