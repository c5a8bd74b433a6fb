"""Where a recording's pauses and end are taken to be, and the sentences that are spoken with pauses of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from voice.audio.frames import RATE, Pcm, silence
from voice.audio.wav import write_wav
from voice.cli.bench.turn_clips import LEAD_S, PAUSES_S, SENTENCES, TAIL_S, recorded, synthesized
from voice.errors import MissingError
from voice.tts.interface import Chunk, Emit, WordMark


def tone(duration_s: float, amplitude: float = 0.3) -> Pcm:
    wave: Pcm = (np.sin(np.arange(round(duration_s * RATE)) * 0.3) * amplitude * 32768).astype(np.int16)
    return wave


class Voice:
    """Speaks a tenth of a second for each word, and marks it."""

    name = "tone"
    rate = RATE

    def warm(self) -> None:
        """Nothing to load."""

    def speak(self, text: str, emit: Emit) -> None:
        offset = 0
        for number, word in enumerate(text.split()):
            emit(Chunk(tone(0.1), (WordMark(number * RATE // 10, text.index(word, offset)),)))
            offset = text.index(word, offset) + len(word)

    def cancel(self) -> None:
        """Nothing lasts."""


def test_pauses_and_the_end_of_a_recording_are_found_by_its_level(tmp_path: Path) -> None:
    quiet, dip = tone(0.5, 0.001), silence(0.1)
    write_wav(tmp_path / "one.wav", np.concatenate([tone(1.0), dip, tone(0.5), quiet, tone(0.4), silence(1.0)]))
    (clip,) = recorded(tmp_path)
    ((start, end),) = clip.pauses
    assert start == pytest.approx(LEAD_S + 1.6, abs=0.011) and end == pytest.approx(LEAD_S + 2.1, abs=0.011)
    assert clip.end_s == pytest.approx(LEAD_S + 2.5, abs=0.011)
    assert len(clip.pcm) / RATE == pytest.approx(clip.end_s + TAIL_S, abs=0.011)


def test_what_was_spoken_last_is_known_at_any_time(tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav", np.concatenate([tone(1.0), silence(0.5), tone(0.5)]))
    (clip,) = recorded(tmp_path)
    start, end = clip.pauses[0]
    assert clip.spoken_until(start + 0.3) == start and clip.spoken_until(end + 0.1) == end + 0.1
    assert clip.spoken_until(99.0) == clip.end_s


def test_a_folder_without_any_sound_is_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "nothing.wav", silence(1.0))
    with pytest.raises(MissingError, match="no recordings of speech"):
        recorded(tmp_path)


@pytest.mark.parametrize("cut", [True, False])
def test_the_sentences_pause_where_the_file_says_and_so_long(cut: bool) -> None:
    clips = synthesized(Voice(), cut=cut)
    assert len(clips) >= 14
    lengths = [round(end - start, 2) for clip in clips for start, end in clip.pauses]
    assert lengths == [PAUSES_S[number % len(PAUSES_S)] for number in range(len(lengths))]
    first = next(line for line in SENTENCES.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    before, after = (len(part.split()) for part in first.split("|"))
    assert clips[0].pauses[0][0] == pytest.approx(LEAD_S + 0.1 * before, abs=0.02)
    assert clips[0].end_s == pytest.approx(clips[0].pauses[0][1] + 0.1 * after, abs=0.02)
    start, end = (round(at * RATE) for at in clips[0].pauses[0])
    assert np.abs(clips[0].pcm[start:end]).max() < 100
