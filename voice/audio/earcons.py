"""Short, soft sounds that are not speech, each computed from a list of notes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from voice.audio.frames import Pcm, from_float, silence
from voice.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Tone:
    """A sine of so many hertz that fades in over 5 ms and dies away by `decay` per second (natural logarithm).

    `level` is its peak, 1 is full scale; `gap_s` is silence after it.
    """

    hertz: float
    duration_s: float
    level: float
    decay: float = 8.0
    gap_s: float = 0.0

    def samples(self, rate: int) -> NDArray[np.float32]:
        time = np.arange(round(rate * self.duration_s)) / rate
        attack = np.minimum(1.0, time / 0.005)
        release = np.minimum(1.0, (self.duration_s - time) / 0.01)
        wave = self.level * attack * release * np.exp(-self.decay * time) * np.sin(2 * np.pi * self.hertz * time)
        return np.concatenate((wave, np.zeros(round(rate * self.gap_s)))).astype(np.float32)


STROKE = Tone(880.0, 0.4, 0.35, 7.0)

NOTES: dict[str, tuple[Tone, ...]] = {
    "wake": (Tone(659.3, 0.07, 0.12), Tone(987.8, 0.11, 0.12)),
    "turn": (Tone(784.0, 0.07, 0.06),),
    "thinking": (Tone(392.0, 0.25, 0.08),),
    "error": (Tone(311.1, 0.12, 0.15, 4.0, gap_s=0.04), Tone(233.1, 0.22, 0.15, 4.0)),
    "mute": (Tone(659.3, 0.07, 0.12), Tone(440.0, 0.11, 0.12)),
    "unmute": (Tone(440.0, 0.07, 0.12), Tone(659.3, 0.11, 0.12)),
    "timer": (STROKE, STROKE, STROKE),
}
"""Rising: we listen. Falling: we do not. Low: something failed. A bell: a timer. One soft note: wait."""


def _none() -> Pcm:
    return silence(0.0)


@dataclass(frozen=True, slots=True)
class Earcons:
    """One sound per name, at the playout's rate; what is not wanted is empty."""

    wake: Pcm = field(default_factory=_none)
    turn: Pcm = field(default_factory=_none)
    thinking: Pcm = field(default_factory=_none)
    error: Pcm = field(default_factory=_none)
    mute: Pcm = field(default_factory=_none)
    unmute: Pcm = field(default_factory=_none)
    timer: Pcm = field(default_factory=_none)


NAMES = tuple(each.name for each in fields(Earcons))


def earcon(name: str, rate: int, volume: float = 1.0) -> Pcm:
    """The sound with this name; `volume` 1 is its original level."""
    return from_float(np.concatenate([tone.samples(rate) for tone in NOTES[name]]) * np.float32(volume))


def earcons(rate: int, names: Iterable[str] = NAMES, volume: float = 1.0) -> Earcons:
    """The named sounds, with the others silent; raises ConfigError for an unknown name."""
    wanted = [name.strip() for name in names if name.strip()]
    for name in wanted:
        if name not in NAMES:
            raise ConfigError(f"unknown sound: {name!r}", where="earcons.play", expected=", ".join(NAMES))
    return Earcons(**{name: earcon(name, rate, volume) for name in wanted if volume > 0})
