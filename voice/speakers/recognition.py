"""The decision who speaks, from the voices that are known and the one that was heard. Others are "someone"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voice.audio.frames import Pcm
from voice.speakers.interface import Embedding

SURE = 0.70
"""How alike two voices must be at least, where little was heard of both. Measured: docs/benchmarks.md."""
SURER = 0.04
"""So much more where much was heard of the known voice, and again where much was heard of the one that speaks."""
MUCH_KNOWN_S, MUCH_HEARD_S = 6.0, 3.0
MARGIN = 0.04
"""By so much the best must be better than the second."""
SHORT_S = 1.5
"""Speech shorter than this says little about its voice: it counts for the last speaker, where it may be theirs."""
LIKELY = 0.60
"""How alike short speech must be to the last speaker's voice."""
LEAST_S = 0.4
"""Shorter speech says nothing."""
RECENT_S = 30.0
"""The last speaker spoke at most so long ago."""
ENOUGH_S = 20.0
"""Seconds of a known voice that are kept; more does not make it surer."""
BREATH_FRAMES = 4
"""Quiet frames that are kept before a voice."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A voice as it was heard once, for so many seconds."""

    voice: Embedding
    seconds: float


@dataclass(frozen=True, slots=True)
class KnownVoice:
    """A person's voice, the mean of its samples, which are `seconds` long together. `id` is that of the person."""

    id: str
    name: str
    voice: Embedding
    seconds: float


@dataclass(frozen=True, slots=True)
class LastSpeaker:
    """The id of who spoke last, and when."""

    id: str
    at: float


def mean(samples: Sequence[Sample]) -> Sample:
    """One sample of several, each by its length; there must be one."""
    voice = np.sum([sample.voice * sample.seconds for sample in samples], axis=0)
    length = float(np.linalg.norm(voice)) or 1.0
    return Sample(np.asarray(voice / length, dtype=np.float32), sum(sample.seconds for sample in samples))


def who(
    known: Sequence[KnownVoice], heard: Sample | None, last: LastSpeaker | None = None, now: float = 0.0
) -> KnownVoice | None:
    """The person who was heard, or None for someone. `heard` is None where there was too little speech for a voice."""
    before = next((one for one in known if last is not None and one.id == last.id), None)
    if last is None or now - last.at > RECENT_S:
        before = None
    if heard is None or heard.seconds < LEAST_S:
        return before
    scores = sorted(((alike(one.voice, heard.voice), place) for place, one in enumerate(known)), reverse=True)
    if not scores:
        return None
    (score, place), second = scores[0], scores[1][0] if len(scores) > 1 else -1.0
    best = known[place]
    if heard.seconds < SHORT_S and best is before and score >= LIKELY:
        return best
    return best if score >= needed(best, heard) and score - second >= MARGIN else None


def needed(one: KnownVoice, heard: Sample) -> float:
    """How alike the heard voice must be to count as this person's."""
    return SURE + SURER * (one.seconds >= MUCH_KNOWN_S) + SURER * (heard.seconds >= MUCH_HEARD_S)


def alike(one: Embedding, other: Embedding) -> float:
    """The cosine between two voices, up to 1."""
    return float(one @ other)


class VoicedSpeech:
    """The voiced part of an utterance, in pieces for an encoder; at most `most` of them, the rest is dropped.

    Frames without a voice are left out, but for the breath behind and before one.
    """

    def __init__(self, piece: int, most: int) -> None:
        self._piece, self._most = piece, most
        self._parts: list[Pcm] = []
        self._quiet: list[Pcm] = []
        self._waiting = 0
        self._taken = 0
        self.samples = 0
        """All that was voiced."""

    def add(self, pcm: Pcm, *, voiced: bool) -> None:
        """The next frame."""
        if not voiced:
            self._quiet = [*self._quiet[-BREATH_FRAMES + 1 :], pcm]
            return
        if self.samples < self._most * self._piece:
            for part in (*self._quiet, pcm):
                self._parts.append(part)
                self._waiting += len(part)
                self.samples += len(part)
        self._quiet = []

    def take(self, *, rest: bool = False) -> Pcm | None:
        """The next whole piece; with `rest` what is left, unless it is too little to tell a voice."""
        if self._waiting < self._piece and not (rest and self._waiting >= (self._piece // 2 if self._taken else 1)):
            return None
        whole = np.concatenate(self._parts)
        piece, left = whole[: self._piece], whole[self._piece :]
        self._parts, self._waiting = [left] if len(left) else [], len(left)
        self._taken += 1
        return piece
