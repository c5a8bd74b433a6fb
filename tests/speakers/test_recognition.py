"""Who speaks, by voices alone: the decision and its borders, and the voiced part of an utterance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.audio.frames import Pcm
from voice.speakers.interface import Embedding
from voice.speakers.recognition import (
    LEAST_S,
    LIKELY,
    MARGIN,
    MUCH_HEARD_S,
    MUCH_KNOWN_S,
    RECENT_S,
    SHORT_S,
    SURE,
    SURER,
    KnownVoice,
    LastSpeaker,
    Sample,
    VoicedSpeech,
    alike,
    mean,
    needed,
    who,
)


def at(*shares: float) -> Embedding:
    """A voice with these cosines to the axes, which are the known voices; the rest is on an axis of its own."""
    rest = max(0.0, 1.0 - sum(share**2 for share in shares)) ** 0.5
    return np.array([*shares, *[0.0] * (3 - len(shares)), rest], np.float32)


ANN = KnownVoice("ann", "Ann", at(1.0), 10.0)
BEN = KnownVoice("ben", "Ben", at(0.0, 1.0), 10.0)
BOTH = (ANN, BEN)


def test_a_voice_that_is_alike_is_known_and_any_other_is_someone() -> None:
    assert who(BOTH, Sample(at(0.9), 3.0)) is ANN
    assert who(BOTH, Sample(at(0.0, 0.9), 3.0)) is BEN
    assert who(BOTH, Sample(at(0.5, 0.5), 3.0)) is None
    assert who((), Sample(at(0.9), 3.0)) is None


def test_the_best_must_be_better_than_the_second() -> None:
    close = KnownVoice("eva", "Eva", at(0.999, 0.04), 10.0)
    assert who((ANN, close), Sample(at(0.9), 3.0)) is None
    assert who((ANN,), Sample(at(0.9), 3.0)) is ANN


def test_more_is_asked_where_more_was_heard() -> None:
    fresh = KnownVoice("ann", "Ann", at(1.0), MUCH_KNOWN_S - 1)
    assert needed(fresh, Sample(at(1.0), 2.0)) == SURE
    assert needed(ANN, Sample(at(1.0), 2.0)) == SURE + SURER
    assert needed(ANN, Sample(at(1.0), MUCH_HEARD_S)) == pytest.approx(SURE + 2 * SURER)


def test_short_speech_counts_for_the_last_speaker_where_it_may_be_theirs() -> None:
    short, last = Sample(at(LIKELY + 0.02), SHORT_S - 0.1), LastSpeaker("ann", 100.0)
    assert who(BOTH, short) is None
    assert who(BOTH, short, last, 101.0) is ANN
    assert who(BOTH, short, last, 101.0 + RECENT_S) is None
    assert who(BOTH, short, LastSpeaker("ben", 100.0), 101.0) is None
    assert who(BOTH, Sample(at(LIKELY - 0.02), 1.0), last, 101.0) is None


def test_too_little_speech_is_the_last_speakers() -> None:
    last = LastSpeaker("ann", 100.0)
    assert who(BOTH, None, last, 101.0) is ANN
    assert who(BOTH, Sample(at(0.0, 1.0), LEAST_S / 2), last, 101.0) is ANN
    assert who(BOTH, None) is None
    assert who((BEN,), None, last, 101.0) is None  # Ann's voice was forgotten meanwhile


shares = st.floats(0.0, 0.7)
seconds = st.floats(0.0, 12.0)
lasts = st.none() | st.builds(LastSpeaker, st.sampled_from(["ann", "ben", "eva"]), st.floats(0.0, 100.0))


@given(shares, shares, seconds, lasts, st.floats(0.0, 200.0))
def test_whoever_is_named_is_alike_or_has_just_spoken(
    first: float, second: float, length: float, last: LastSpeaker | None, now: float
) -> None:
    heard = Sample(at(first, second), length)
    found = who(BOTH, heard, last, now)
    if found is None:
        return
    score, other = (alike(one.voice, heard.voice) for one in (found, BEN if found is ANN else ANN))
    sure = score >= needed(found, heard) and score - other >= MARGIN
    recent = last is not None and last.id == found.id and now - last.at <= RECENT_S
    assert sure or (recent and length < LEAST_S) or (recent and length < SHORT_S and score >= LIKELY and score >= other)


@given(shares, shares, seconds, st.floats(0.0, 0.5))
def test_a_voice_that_is_more_alike_is_never_less_known(
    first: float, second: float, length: float, more: float
) -> None:
    if who(BOTH, Sample(at(first, second), length)) is ANN and first + more <= 0.7:
        assert who(BOTH, Sample(at(first + more, second), length)) is ANN


@given(st.lists(st.tuples(shares, shares, st.floats(0.1, 5.0)), min_size=1, max_size=6))
def test_the_mean_of_samples_is_a_voice_of_all_their_seconds(found: list[tuple[float, float, float]]) -> None:
    whole = mean([Sample(at(first, second), length) for first, second, length in found])
    assert np.linalg.norm(whole.voice) == np.float32(1.0) or abs(np.linalg.norm(whole.voice) - 1.0) < 1e-5
    assert abs(whole.seconds - sum(length for _, _, length in found)) < 1e-6


def frame(value: int) -> Pcm:
    return np.full(10, value, np.int16)


def test_the_voiced_part_comes_in_pieces_with_a_breath_before_it() -> None:
    speech = VoicedSpeech(piece=30, most=3)
    for value in range(6):
        speech.add(frame(value), voiced=False)
    speech.add(frame(7), voiced=True)
    piece = speech.take()
    assert piece is not None
    assert sorted(set(piece.tolist())) == [2, 3, 4]  # of six quiet frames the last four
    assert speech.take() is None
    rest = speech.take(rest=True)
    assert rest is not None
    assert rest.tolist() == [5] * 10 + [7] * 10
    assert speech.take(rest=True) is None


@given(st.lists(st.booleans(), max_size=60))
def test_no_more_than_the_most_is_kept_and_nothing_twice(voiced: list[bool]) -> None:
    speech, taken = VoicedSpeech(piece=30, most=2), list[int]()
    for number, loud in enumerate(voiced):
        speech.add(frame(number), voiced=loud)
        while (piece := speech.take(rest=False)) is not None:
            assert len(piece) == 30
            taken += piece.tolist()
    while (piece := speech.take(rest=True)) is not None:
        taken += piece.tolist()
    assert taken == sorted(taken)
    assert all(taken.count(value) <= 10 for value in set(taken))
    assert speech.samples <= 2 * 30 + 5 * 10
