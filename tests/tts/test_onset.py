"""A reply begins with its first sound: the quiet before it is taken off, and word marks move with it."""

from __future__ import annotations

import numpy as np
import pytest

from voice.audio.frames import Pcm
from voice.tts.interface import Chunk, WordMark
from voice.tts.onset import KEPT_S, MOST_S, Onset

RATE = 22_050


def quiet(seconds: float, level: float = 3.0) -> Pcm:
    noise: Pcm = np.rint(np.random.default_rng(1).normal(0.0, level, round(seconds * RATE))).astype(np.int16)
    return noise


def tone(seconds: float) -> Pcm:
    sound: Pcm = np.rint(3000 * np.sin(np.arange(round(seconds * RATE)) * 0.1)).astype(np.int16)
    return sound


def spoken(*parts: Pcm, marks: tuple[WordMark, ...] = ()) -> Chunk:
    return Chunk(np.concatenate(parts), marks)


def test_quiet_is_taken_off_and_a_little_of_it_kept() -> None:
    sound = tone(0.2)
    left = Onset(RATE).without_quiet(spoken(quiet(0.06), sound)).pcm
    assert 0 <= len(left) - len(sound) - KEPT_S * RATE <= 0.005 * RATE
    np.testing.assert_array_equal(left[-len(sound) :], sound)


def test_sound_at_once_loses_nothing() -> None:
    sound = tone(0.1)
    np.testing.assert_array_equal(Onset(RATE).without_quiet(Chunk(sound)).pcm, sound)


def test_quiet_over_several_chunks_and_silence_after_the_first_sound() -> None:
    onset, sound = Onset(RATE), tone(0.05)
    assert len(onset.without_quiet(Chunk(quiet(0.05))).pcm) == 0
    first = onset.without_quiet(spoken(quiet(0.03), sound)).pcm
    assert len(sound) < len(first) <= len(sound) + (KEPT_S + 0.005) * RATE
    pause = quiet(0.1)
    np.testing.assert_array_equal(onset.without_quiet(Chunk(pause)).pcm, pause)


def test_no_more_than_so_much_is_taken() -> None:
    onset = Onset(RATE)
    left = sum(len(onset.without_quiet(Chunk(quiet(0.05))).pcm) for _ in range(10))
    assert left == pytest.approx((0.5 - MOST_S) * RATE, abs=10)


def test_word_marks_move_with_the_sound() -> None:
    onset = Onset(RATE)
    words = (WordMark(0, 0), WordMark(round(0.1 * RATE), 3))
    chunk = onset.without_quiet(spoken(quiet(0.06), tone(0.1), marks=words))
    taken = round(0.16 * RATE) - len(chunk.pcm)
    assert [(mark.sample, mark.char) for mark in chunk.marks] == [(0, 0), (round(0.1 * RATE) - taken, 3)]
    later = onset.without_quiet(Chunk(tone(0.1), (WordMark(round(0.2 * RATE), 9),)))
    assert later.marks[0].sample == round(0.2 * RATE) - taken
