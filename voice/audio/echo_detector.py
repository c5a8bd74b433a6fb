"""Echo or person, told by sound alone: does what the speaker played explain what the microphone hears?

The powers of both in some twenty bands, every 10 ms, are compared. Their correlation finds the delay once; how loud
each band comes back is learned while the speaker sounds; a band that is louder than that belongs to a person.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from voice.audio.frames import RATE, Frame, Pcm, to_float
from voice.audio.resample import Resampler

Powers = NDArray[np.float64]
"""One value per band, shape (BANDS,), or one row per hop."""

Samples = NDArray[np.float32]

HOP_S = 0.01
HOP = round(HOP_S * RATE)
FFT = 512
BANDS = 20
LOWEST_HZ, HIGHEST_HZ = 120.0, 7000.0

KEPT_HOPS = 600
"""How much of both sounds is remembered, hops of 10 ms."""

FAR_BLOCKS = 600
"""Blocks of 5 to 20 ms of the speaker's sound that may wait for a microphone that is late."""

SILENT_DBFS = -65.0
"""What is played below this level has no echo."""

MEMORY = 0.996
"""Weight of the past in a hop's correlation: about 2.5 s count."""

ENOUGH_HOPS = 25
"""So much sound of the speaker has to have been heard before a delay is believed."""

ALIKE = 0.45
"""Least correlation at the delay that is found."""

UNLIKE, UNLIKE_HOPS = 0.4, 32
"""After so much sound over the reply a person is less like it, up to 0.38 at any delay, and an echo more, from 0.43."""

STANDS_OUT, BESIDE_HOPS = 0.25, (8, 12)
"""By how much it is above all delays that are not just before or after it: two voices are alike by chance, too."""

STEADY_HOPS = 30
"""For so long the same delay has to be the best. In 80 of 80 replies a person without echo passed for none."""

BETTER = 0.05
"""By how much another delay has to be more alike to be believed instead."""

UNDECIDED_HOPS = 120
"""Sound over the first words of a reply passes for their echo for so long, until a delay is found or not."""

DECAY = 10 ** (-0.09)
"""How much the room's answer falls in a hop: a reverberation time of 0.65 s, longer than that of most rooms."""

MARGIN, NOISE_MARGIN = 10**0.7, 10**0.8
"""A band this much stronger than its echo and the room's noise belongs to a person."""

FOREIGN = 0.25
"""Share of the bands that belong to a person in a hop with speech."""

CONFIRM_HOPS, CONFIRM = 12, 0.5
"""A person is believed when this share of the last hops had one."""

EARLIEST = 0.9
"""The first delay with so much of the best correlation is the way the sound takes directly."""

UNSURE, YOUNG_HOPS = 12.0, 150
"""A loudness that was just learned may be wrong by so much, and less with every hop; a delay may be too long."""

SILENT_HOPS = 100
"""Without an echo for this much of a reply, the room has none, or the user wears headphones."""

SETTLED_HOPS = 300

LEARNS, LEARNS_FROM_OTHERS = 0.06, 0.004
"""How fast a band's loudness is corrected, per hop that the echo explains, and per hop that it does not."""

EPS = 1e-12


class EchoDetector:
    """Decides, frame by frame, whether a person is heard besides the speaker.

    `rate` is the playout's, `longest_s` the latest echo that is looked for, by the clocks of the devices. `far` may be
    called by another thread than `near`. While the speaker is silent nothing is computed.
    """

    def __init__(self, rate: int, longest_s: float = 0.6) -> None:
        self._rate = rate
        self._bands, self._shape = _band_matrix(), np.hanning(2 * HOP).astype(np.float32)
        self._lags = round(longest_s / HOP_S)
        self._given: deque[tuple[Pcm, float]] = deque(maxlen=FAR_BLOCKS)
        self._speaker = _Track(self._power)
        self._microphone = _Track(self._power)
        self._resampler = Resampler(rate, RATE)
        self._played = np.zeros(0, dtype=np.float32)
        self._played_to = 0.0
        self._sounded: int | None = None
        self._quiet: deque[tuple[Samples, int]] = deque(maxlen=50)
        self._floor = np.full(BANDS, 1e-8)
        self._lowest = np.full((2, BANDS), np.inf)
        self._match = np.zeros(self._lags)
        self._energies = np.full((2, self._lags), EPS)
        self._counted = self._silent = self._undecided = self._age = 0
        self._best = self._steady = 0
        self._alike = 1.0
        self._echo = np.zeros(BANDS)
        self._gain: Powers | None = None
        self._lag: int | None = None
        self._votes: deque[bool] = deque(maxlen=CONFIRM_HOPS)

    @property
    def delay_s(self) -> float | None:
        """How late the echo is by the clocks of the devices; None until it is known."""
        return None if self._lag is None else self._lag * HOP_S

    @property
    def settled(self) -> bool:
        """Whether what is heard has been compared with a known echo for some time."""
        return self._lag is not None and self._age > YOUNG_HOPS

    @property
    def absent(self) -> bool:
        """Whether the speaker has sounded for long without being heard: there is no echo, as with headphones."""
        return self._lag is None and self._silent > SILENT_HOPS

    @property
    def unlike(self) -> bool:
        """Whether what is heard over the reply has sounded for long enough to say that it is like it at no delay."""
        return self._lag is None and self._undecided >= UNLIKE_HOPS and self._alike < UNLIKE

    def far(self, pcm: Pcm, at: float) -> None:
        """Samples at the playout's rate, the first audible at `at`."""
        self._given.append((pcm, at))

    def near(self, frame: Frame) -> bool:
        """Whether this frame holds anything but the speaker's echo; always so where there can be none."""
        self._gather()
        last = round(frame.at / HOP_S)
        samples = to_float(frame.pcm)
        if self._sounded is None or last - self._sounded > self._lags + 40:
            self._rest(samples, last)
            return True
        if self._quiet:
            self._wake()
        hops = len(samples) // HOP
        for index in range(hops):
            self._hear(samples[index * HOP : (index + 1) * HOP], last - hops + 1 + index)
        return sum(self._votes) >= CONFIRM * CONFIRM_HOPS

    # The speaker's side.

    def _gather(self) -> None:
        """Turn what was played into powers."""
        while self._given:
            pcm, at = self._given.popleft()
            start = at - self._resampler.delay_s
            if abs(start - self._played_to) > HOP_S:  # it starts again, or was interrupted
                self._played = np.zeros(0, dtype=np.float32)
                self._played_to = start
            samples = to_float(self._resampler.convert(pcm))
            self._played_to = start + len(pcm) / self._rate
            self._played = np.concatenate((self._played, samples))
            while len(self._played) >= HOP:
                hop, self._played = self._played[:HOP], self._played[HOP:]
                index = round((self._played_to - len(self._played) / RATE) / HOP_S)
                if self._speaker.put(hop, index, SILENT_DBFS):
                    self._sounded = index

    # The microphone's side.

    def _rest(self, samples: Samples, last: int) -> None:
        self._quiet.append((samples, last))
        self._votes.clear()
        self._undecided = 0
        self._echo[:] = 0.0

    def _wake(self) -> None:
        """The speaker begins: how noisy was the room until now?"""
        for samples, last in self._quiet:
            hops = len(samples) // HOP
            for index in range(hops):
                self._microphone.put(samples[index * HOP : (index + 1) * HOP], last - hops + 1 + index)
        powers = self._microphone.latest(2 * len(self._quiet))
        if len(powers):
            self._floor = np.maximum(np.quantile(powers, 0.5, axis=0), 1e-10)
        self._quiet.clear()

    def _hear(self, hop: Samples, index: int) -> None:
        self._microphone.put(hop, index)
        near = self._microphone.at(index)
        self._correlate(index)
        if self._lag is None or self._gain is None:
            self._votes.append(self._unknown(near, index))
            return
        self._age += 1
        earlier = 2 if self._age > YOUNG_HOPS else max(2, self._lag)
        far = self._speaker.between(index - self._lag - 1, index - self._lag + earlier).max(axis=0)
        self._echo = np.maximum(far, self._echo * DECAY)
        expected = self._gain * self._echo
        unsure = 1.0 + UNSURE * math.exp(-self._age / YOUNG_HOPS)
        foreign = near > unsure * MARGIN * expected + NOISE_MARGIN * self._floor
        share = float(foreign.mean())
        self._votes.append(share >= FOREIGN)
        if self._age == YOUNG_HOPS:
            self._gain = self._loudness(index, self._lag)
        elif self._age > YOUNG_HOPS:
            self._learn(near, far, LEARNS if share < FOREIGN else LEARNS_FROM_OTHERS)

    def _unknown(self, near: Powers, index: int) -> bool:
        """Before the delay is known, sound over the reply passes for its echo, but not for long."""
        loud = float((near > NOISE_MARGIN * self._floor).mean()) >= FOREIGN
        self._undecided += loud
        due = self._speaker.between(index - self._lags, index - self._lags + 1).any()  # even the latest echo is here
        self._silent += bool(due) and not loud
        return loud and (self._undecided > UNDECIDED_HOPS or self.absent)

    def _learn(self, near: Powers, far: Powers, rate: float) -> None:
        assert self._gain is not None
        clear = (far * self._gain > 2.0 * self._floor) & (far >= 0.5 * self._echo)
        ratio = np.log(np.maximum(near, EPS) / np.maximum(far * self._gain, EPS))
        self._gain = np.where(clear, self._gain * np.exp(rate * np.clip(ratio, -1.0, 1.0)), self._gain)

    def _correlate(self, index: int) -> None:
        """Add this hop to the correlation of both sounds at every delay; believe the best one when it stands out."""
        if self._age > SETTLED_HOPS and index % 4:  # a delay that is known only has to be watched
            return
        far = self._speaker.shapes(index - self._lags + 1, index + 1)[::-1]
        if not far.any():
            return
        near = self._microphone.shapes(index, index + 1)[0]
        self._match = MEMORY * self._match + far @ near
        self._energies[0] = MEMORY * self._energies[0] + (far * far).sum(axis=1)
        self._energies[1] = MEMORY * self._energies[1] + float(near @ near)
        self._counted += 1
        if self._counted < ENOUGH_HOPS:
            return
        alike = self._match / np.sqrt(self._energies[0] * self._energies[1])
        self._alike = float(alike.max())
        best = int(np.argmax(alike >= EARLIEST * self._alike))  # later reflections are similar too
        if self._stands_out(alike, best) and (
            self._lag is None or (abs(best - self._lag) > 1 and alike[best] > alike[self._lag] + BETTER)
        ):
            self._lag, self._age = best, 0
            self._gain = self._loudness(index, best)

    def _stands_out(self, alike: Powers, best: int) -> bool:
        """Whether this delay has been the best for some time, and by much."""
        others = np.concatenate((alike[: max(0, best - BESIDE_HOPS[0])], alike[best + BESIDE_HOPS[1] :]))
        clear = alike[best] >= ALIKE and alike[best] >= STANDS_OUT + others.max(initial=0.0)
        self._steady = self._steady + 1 if clear and abs(best - self._best) <= 1 else int(clear)
        self._best = best
        return self._steady >= STEADY_HOPS

    def _loudness(self, index: int, lag: int) -> Powers:
        """How much of each band comes back, by what has been heard so far."""
        span = min(self._counted, 150)
        near = self._microphone.between(index - span + 1, index + 1)
        far = self._speaker.between(index - lag - span + 1, index - lag + 1)
        gain = np.full(BANDS, np.nan)
        for band in range(BANDS):
            loud = far[:, band] > 0.05 * max(far[:, band].max(), EPS)
            if loud.sum() >= 4:
                gain[band] = np.median(near[loud, band] / np.maximum(far[loud, band], EPS))
        usual = 1.0 if np.isnan(gain).all() else float(np.nanmedian(gain))
        filled: Powers = np.where(np.isnan(gain), usual, gain)
        return filled

    def _power(self, window: Samples) -> Powers:
        spectrum = np.abs(np.fft.rfft(window * self._shape, FFT)) ** 2
        powers: Powers = self._bands @ spectrum / (HOP * FFT)
        return powers


class _Track:
    """The powers of one sound by the number of the hop, for the last `KEPT_HOPS`."""

    def __init__(self, power: Callable[[Samples], Powers]) -> None:
        self._power = power
        self._before = np.zeros(HOP, dtype=np.float32)
        self._powers = np.zeros((2 * KEPT_HOPS, BANDS))
        self._shapes = np.zeros((2 * KEPT_HOPS, BANDS))
        self._mean = np.zeros(BANDS)
        self._heard = 0
        self._first = 0  # hop number of row 0
        self._next = 0

    def put(self, hop: Samples, index: int, least_dbfs: float = -200.0) -> bool:
        if self._next == 0 or not -50 < index - (self._first + self._next) < KEPT_HOPS:
            self._first, self._next = index, 0
            self._before[:] = 0
        row = index - self._first
        while row >= len(self._powers):
            self._powers[:KEPT_HOPS] = self._powers[KEPT_HOPS:]
            self._shapes[:KEPT_HOPS] = self._shapes[KEPT_HOPS:]
            self._first += KEPT_HOPS
            self._next -= KEPT_HOPS
            row -= KEPT_HOPS
        if row < 0:
            return False
        if row > self._next:
            self._powers[self._next : row] = 0.0
            self._shapes[self._next : row] = 0.0
        loud = bool(np.dot(hop, hop) / HOP > 10 ** (least_dbfs / 10))
        if loud:
            powers = self._power(np.concatenate((self._before, hop)))
            logs = np.log(powers + 1e-8)
            self._heard += 1
            self._mean += max(0.02, 1.0 / self._heard) * (logs - self._mean)
            self._shapes[row] = logs - self._mean
        else:
            powers = np.zeros(BANDS)
            self._shapes[row] = 0.0
        self._powers[row] = powers
        self._before = hop
        self._next = row + 1
        return loud

    def at(self, index: int) -> Powers:
        powers: Powers = self._powers[index - self._first]
        return powers

    def latest(self, count: int) -> Powers:
        return self._powers[max(0, self._next - count) : self._next]

    def between(self, start: int, stop: int) -> Powers:
        return self._cut(self._powers, start, stop)

    def shapes(self, start: int, stop: int) -> Powers:
        return self._cut(self._shapes, start, stop)

    def _cut(self, rows: Powers, start: int, stop: int) -> Powers:
        out = np.zeros((stop - start, BANDS))
        a, b = max(0, start - self._first), min(self._next, stop - self._first)
        if b > a:
            out[a - (start - self._first) : b - (start - self._first)] = rows[a:b]
        return out


def _band_matrix() -> Powers:
    """Which bin of the spectrum belongs to which band: a row of ones and zeros per band."""
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 1)
    for band in range(BANDS):  # at least one bin each
        edges[band + 1] = max(edges[band + 1], edges[band] + RATE / FFT)
    bins = np.arange(FFT // 2 + 1) * RATE / FFT
    matrix: Powers = ((bins >= edges[:-1, np.newaxis]) & (bins < edges[1:, np.newaxis])).astype(np.float64)
    return matrix
