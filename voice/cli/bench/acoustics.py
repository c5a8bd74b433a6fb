"""Degraded clips, and noises without speech: the same samples at every run, for the benchmark of recognition."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voice.audio.frames import RATE, Pcm, from_float, to_float

Signal = NDArray[np.float64]
Noise = Callable[[Signal, np.random.Generator], Signal]
"""Makes a sound for the times given in seconds."""
Neighbour = Callable[[int, Sequence[Signal], np.random.Generator], Signal]
"""Makes so many samples of what is heard beside a speaker, from the other clips."""

BABBLE_VOICES = 6
REVERBERATION_S = 0.6
"""Time in which the room's sound falls by 60 dB: a living room without curtains."""
DIRECT_TO_REVERBERANT_DB = 3.0
NOISE_S = 2.0


@dataclass(frozen=True, slots=True)
class Condition:
    """A way to make clips worse; `change(speech, others, random)` gets the other clips for babble."""

    name: str
    change: Callable[[Signal, Sequence[Signal], np.random.Generator], Signal]


def degraded(clips: Sequence[Pcm], condition: Condition) -> list[Pcm]:
    """Each 16 kHz clip under that condition, at most at full scale."""
    speech = [to_float(clip).astype(np.float64) for clip in clips]
    made = []
    for index, signal in enumerate(speech):
        random = np.random.default_rng([index, zlib.crc32(condition.name.encode())])
        others = [*speech[index + 1 :], *speech[:index]]
        changed = condition.change(signal, others, random)
        made.append(from_float((changed / max(1.0, float(np.abs(changed).max(initial=0.0)))).astype(np.float32)))
    return made


def conditions() -> list[Condition]:
    """As recorded; in a room; beside noise and other voices at 20, 10 and 5 dB; 30 dB quieter; by telephone."""
    beside = [
        Condition(f"{name} {ratio} dB", _beside(make, ratio))
        for name, make in (("noise", _street), ("babble", _babble))
        for ratio in (20, 10, 5)
    ]
    return [
        Condition("clean", lambda speech, _, __: speech),
        Condition("reverberation", lambda speech, _, random: np.convolve(speech, _room(random))[: len(speech)]),
        *beside,
        Condition("-30 dB", lambda speech, _, __: speech * 10 ** (-30 / 20)),
        Condition("telephone", lambda speech, _, __: band(speech, 300.0, 3400.0)),
    ]


def band(signal: Signal, low_hz: float, high_hz: float) -> Signal:
    """The signal without what lies outside the band."""
    spectrum = np.fft.rfft(signal)
    hz = np.fft.rfftfreq(len(signal), 1 / RATE)
    spectrum[(hz < low_hz) | (hz > high_hz)] = 0
    filtered: Signal = np.fft.irfft(spectrum, len(signal))
    return filtered


def coloured(size: int, slope: float, random: np.random.Generator) -> Signal:
    """Noise whose power falls with frequency to the power of `slope`: 0 is white, 1 pink, 2 brown; peak 1."""
    spectrum = np.fft.rfft(random.standard_normal(size))
    spectrum /= np.maximum(np.fft.rfftfreq(size, 1 / RATE), 20.0) ** (slope / 2)
    noise: Signal = np.fft.irfft(spectrum, size)
    return noise / float(np.abs(noise).max())


def _room(random: np.random.Generator) -> Signal:
    """An impulse response after Polack: noise that decays exponentially, behind the direct sound."""
    size = round(REVERBERATION_S * RATE)
    tail = random.standard_normal(size) * 10 ** (-3 * np.arange(size) / size)
    tail[: round(0.005 * RATE)] = 0
    tail *= 10 ** (-DIRECT_TO_REVERBERANT_DB / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    response: Signal = tail
    return response


def _beside(make: Neighbour, ratio_db: float) -> Callable[[Signal, Sequence[Signal], np.random.Generator], Signal]:
    def change(speech: Signal, others: Sequence[Signal], random: np.random.Generator) -> Signal:
        noise = make(len(speech), others, random)
        power = np.sqrt(np.mean(speech**2) / max(1e-12, float(np.mean(noise**2))))
        mixed: Signal = speech + noise * power * 10 ** (-ratio_db / 20)
        return mixed

    return change


def _street(size: int, _: Sequence[Signal], random: np.random.Generator) -> Signal:
    return coloured(size, 1.0, random)


def _babble(size: int, others: Sequence[Signal], random: np.random.Generator) -> Signal:
    """Several other clips at once, each as loud as the next; noise where there are none."""
    voices = [np.resize(clip, size) / np.sqrt(np.mean(clip**2) + 1e-12) for clip in others[:BABBLE_VOICES] if len(clip)]
    together: Signal = np.sum(voices, axis=0) if voices else _street(size, others, random)
    return together


def noises() -> list[tuple[str, Pcm]]:
    """Thirty sounds without speech, two seconds each, by name."""
    made = []
    for name, make in _NOISES:
        random = np.random.default_rng(zlib.crc32(name.encode()))
        signal = make(np.arange(round(NOISE_S * RATE)) / RATE, random)
        made.append((name, from_float(np.clip(signal, -1.0, 1.0).astype(np.float32))))
    return made


def _noise(slope: float, level: float) -> Noise:
    return lambda t, random: level * coloured(len(t), slope, random)


def _tones(*hz: float, on_s: float = NOISE_S, every_s: float = NOISE_S) -> Noise:
    """Tones together, sounding `on_s` of every `every_s` seconds."""

    def make(t: Signal, _: np.random.Generator) -> Signal:
        sounded: Signal = 0.3 * np.mean([np.sin(2 * np.pi * f * t) for f in hz], axis=0) * (t % every_s < on_s)
        return sounded

    return make


def _strokes(*starts_s: float, hz: Sequence[float], decay_s: float, hiss: float) -> Noise:
    """Something struck: partials that ring out from each start, with so much noise in them (0 to 1)."""

    def make(t: Signal, random: np.random.Generator) -> Signal:
        signal = np.zeros_like(t)
        for start in starts_s:
            since = np.maximum(t - start, 0.0)
            partials = np.mean([np.sin(2 * np.pi * f * since) for f in hz], axis=0)
            signal += (
                (t >= start)
                * np.exp(-since / decay_s)
                * ((1 - hiss) * partials + hiss * random.standard_normal(len(t)) / 3)
            )
        return 0.6 * signal

    return make


def _bursts(*spans_s: tuple[float, float], low_hz: float, high_hz: float) -> Noise:
    """Bursts of noise of a band that swell and fade: a cough, a breath, a gust."""

    def make(t: Signal, random: np.random.Generator) -> Signal:
        swell = np.zeros_like(t)
        for start, end in spans_s:
            inside = (t >= start) & (t < end)
            swell[inside] += np.sin(np.pi * (t[inside] - start) / (end - start))
        noise = band(random.standard_normal(len(t)), low_hz, high_hz)
        return 0.5 * swell * noise / float(np.abs(noise).max())

    return make


def _sweep(low_hz: float, high_hz: float, every_s: float) -> Noise:
    def make(t: Signal, _: np.random.Generator) -> Signal:
        hz = low_hz + (high_hz - low_hz) * (0.5 - 0.5 * np.cos(2 * np.pi * t / every_s))
        swept: Signal = 0.3 * np.sin(2 * np.pi * np.cumsum(hz) / RATE)
        return swept

    return make


def _clicks(rate: float, decay_s: float) -> Noise:
    """Clicks at random times, so many a second: keys, crackle, rain."""

    def make(t: Signal, random: np.random.Generator) -> Signal:
        hits = (random.random(len(t)) < rate / RATE) * random.uniform(0.3, 1.0, len(t))
        ring = np.exp(-np.arange(round(6 * decay_s * RATE)) / (decay_s * RATE)) * random.standard_normal(
            round(6 * decay_s * RATE)
        )
        made: Signal = 0.4 * np.convolve(hits, ring)[: len(t)]
        return made

    return make


def _melody(*hz: float) -> Noise:
    def make(t: Signal, _: np.random.Generator) -> Signal:
        note_s = NOISE_S / len(hz)
        note = np.minimum((t / note_s).astype(int), len(hz) - 1)
        pitch, since = np.asarray(hz)[note], t % note_s
        partials = sum(np.sin(2 * np.pi * k * pitch * t) / k for k in (1, 2, 3))
        played: Signal = 0.25 * partials * np.exp(-2 * since)
        return played

    return make


_NOISES: tuple[tuple[str, Noise], ...] = (
    ("silence", lambda t, _: np.zeros_like(t)),
    ("quiet room", _noise(1.0, 0.003)),
    ("hiss", _noise(0.0, 0.03)),
    ("loud hiss", _noise(0.0, 0.3)),
    ("rain", _noise(0.5, 0.15)),
    ("air conditioner", _noise(1.0, 0.1)),
    ("traffic", _noise(2.0, 0.3)),
    ("mains hum", _tones(50.0, 100.0, 150.0, 250.0)),
    ("fan", lambda t, random: 0.2 * coloured(len(t), 1.5, random) * (1 + 0.4 * np.sin(2 * np.pi * 27.0 * t))),
    ("engine", lambda t, random: _tones(41.0, 82.0, 123.0)(t, random) + 0.1 * coloured(len(t), 1.5, random)),
    ("vacuum cleaner", lambda t, random: _tones(310.0, 620.0)(t, random) + 0.2 * coloured(len(t), 0.7, random)),
    ("beep", _tones(1000.0, on_s=0.25, every_s=2.0)),
    ("long beep", _tones(440.0)),
    ("alarm clock", _tones(2050.0, on_s=0.1, every_s=0.2)),
    ("busy tone", _tones(480.0, 620.0, on_s=0.5, every_s=1.0)),
    ("dialled key", _tones(770.0, 1336.0, on_s=0.3, every_s=0.6)),
    ("ringtone", _tones(1047.0, 1319.0, on_s=0.06, every_s=0.12)),
    ("siren", _sweep(500.0, 1500.0, 1.0)),
    ("whistle", _sweep(1200.0, 2200.0, 1.6)),
    ("knocking", _strokes(0.3, 0.5, 0.7, hz=(130.0, 210.0), decay_s=0.04, hiss=0.3)),
    ("clapping", _strokes(0.2, 0.55, 0.9, 1.25, hz=(1100.0,), decay_s=0.015, hiss=0.9)),
    ("plates", _strokes(0.3, 0.42, 0.8, hz=(2900.0, 4300.0, 6100.0), decay_s=0.12, hiss=0.1)),
    ("door", _strokes(0.5, hz=(60.0, 95.0), decay_s=0.2, hiss=0.4)),
    ("footsteps", _strokes(0.1, 0.7, 1.3, hz=(80.0,), decay_s=0.03, hiss=0.5)),
    ("cough", _bursts((0.3, 0.5), (0.7, 0.95), low_hz=200.0, high_hz=3500.0)),
    ("breath", _bursts((0.2, 1.6), low_hz=400.0, high_hz=5000.0)),
    ("wind", _bursts((0.0, 1.1), (0.9, 2.0), low_hz=30.0, high_hz=400.0)),
    ("paper", _clicks(400.0, 0.002)),
    ("typing", _clicks(7.0, 0.004)),
    ("music", _melody(262.0, 330.0, 392.0, 523.0, 392.0, 330.0, 262.0, 196.0)),
)
