from __future__ import annotations

import shutil
from collections import Counter
from itertools import count, pairwise
from pathlib import Path

import numpy as np
import pytest
from faster_whisper import WhisperModel

from tests.support.speech import command, commands, heard, stream, white_noise
from voice.asr.interface import Transcript
from voice.asr.whisper import WhisperRecognizer
from voice.asr.word_error_rate import word_error_rate
from voice.audio.frames import RATE, Pcm, level_dbfs, silence, to_float
from voice.errors import EngineError, MissingError

MINI = Path(__file__).parents[1] / "fixtures" / "whisper_mini"
KNOWN = ("time", "times", "divide", "feet", "help", "moon", "football", "stop")
"""What scripts/make_mini_whisper.py taught it."""


@pytest.fixture(scope="module", params=["full", "auto"])
def recognizer(request: pytest.FixtureRequest) -> WhisperRecognizer:
    return WhisperRecognizer(MINI, language="en", window=request.param, partial_s=0)


def test_each_phrase_is_heard_as_itself(recognizer: WhisperRecognizer) -> None:
    known = [(path, said) for path, said in commands() if path.stem in KNOWN]
    assert len(known) == len(KNOWN)
    assert heard(recognizer, known) == [(said, said) for _, said in known]
    assert word_error_rate(heard(recognizer, known[:2])) == 0.0


def test_the_library_hears_the_same_words_by_itself() -> None:
    model = WhisperModel(str(MINI), device="cpu", compute_type="int8", local_files_only=True)
    segments, info = model.transcribe(to_float(command("moon")), beam_size=1, without_timestamps=True)
    assert [segment.text.strip() for segment in segments] == ["how far away is the moon"]
    assert info.language == "en"


def test_a_turn_that_grows_after_its_result_keeps_its_words(recognizer: WhisperRecognizer) -> None:
    utterance = recognizer.open()
    stream(utterance, command("times"))
    assert utterance.result().text == "what is twelve times seven"
    stream(utterance, command("divide"))
    assert utterance.result().text == "what is twelve times seven divide that by two"


def test_asking_again_after_mere_silence_does_not_recognize_again(
    recognizer: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    utterance = recognizer.open()
    stream(utterance, command("moon"))
    before = utterance.result()
    monkeypatch.setattr(recognizer, "read", lambda *_: pytest.fail("recognized silence"))
    stream(utterance, white_noise(0.5, -65.0))
    assert utterance.result() == before


@pytest.mark.parametrize("dbfs", [-100.0, -65.0, -45.0])
def test_silence_and_noise_are_no_words(recognizer: WhisperRecognizer, dbfs: float) -> None:
    utterance = recognizer.open()
    stream(utterance, white_noise(2.0, dbfs))
    assert utterance.result().text == ""


def test_no_audio_is_no_words(recognizer: WhisperRecognizer) -> None:
    assert recognizer.open().result().text == ""


def test_the_notes_say_which_window_was_used_and_why() -> None:
    recognizer = WhisperRecognizer(MINI, language="en", window="auto", partial_s=0)
    utterance = recognizer.open()
    stream(utterance, command("moon"))
    assert utterance.result().notes == {"window": "auto", "frames": 1000}
    noise = recognizer.open()
    stream(noise, white_noise(2.0, -45.0))
    assert noise.result().notes == {"window": "full", "fallback": "log prob", "dropped": "no speech"}


def test_the_language_is_detected_where_none_is_set() -> None:
    utterance = WhisperRecognizer(MINI).open()
    stream(utterance, command("moon"))
    assert utterance.result().language == "en"


def test_words_appear_while_they_are_spoken_and_settle() -> None:
    ticks = count()
    recognizer = WhisperRecognizer(MINI, language="en", partial_s=0.3, clock=lambda: next(ticks) * 0.01)
    utterance = recognizer.open()
    pcm = np.concatenate([command("times"), silence(0.3), command("divide")])
    partials = stream(utterance, pcm)
    assert len(partials) >= 3
    shown = [partial.text[: partial.stable] for partial in partials]
    assert all(later.startswith(earlier) for earlier, later in pairwise(shown))
    assert any(shown[:-1])
    assert utterance.result().text == "what is twelve times seven divide that by two"


def test_partials_wait_for_the_worker_to_have_rested(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    recognizer = WhisperRecognizer(MINI, language="en", partial_s=0.1, clock=lambda: now)
    reads = []
    read = recognizer.read

    def slow(pcm: Pcm, language: str) -> Transcript:
        nonlocal now
        now += 1.0
        reads.append(now)
        return read(pcm, language)

    monkeypatch.setattr(recognizer, "read", slow)
    utterance = recognizer.open()
    loud = command("times")[RATE // 2 : RATE // 2 + 320]
    for _ in range(500):
        utterance.feed(loud)
        now += 0.02
    gaps = np.diff(reads)
    assert len(reads) >= 3
    assert all(gap >= 2.5 for gap in gaps)


def test_the_words_are_read_as_soon_as_it_falls_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    recognizer = WhisperRecognizer(MINI, language="en", clock=lambda: now)
    reads = []
    read = recognizer.read

    def counted(pcm: Pcm, language: str) -> Transcript:
        reads.append(now)
        return read(pcm, language)

    monkeypatch.setattr(recognizer, "read", counted)
    utterance = recognizer.open()
    spoken = np.concatenate([command("times"), silence(0.4)])
    for at in range(0, len(spoken) - 320, 320):
        now += 0.02
        utterance.feed(spoken[at : at + 320])
    before = len(reads)
    assert utterance.result().text == "what is twelve times seven"
    assert len(reads) == before, "nothing was left to read when the words were asked for"


def test_audio_fed_faster_than_real_time_is_recognized_once(monkeypatch: pytest.MonkeyPatch) -> None:
    recognizer = WhisperRecognizer(MINI, language="en", clock=lambda: 0.0)
    reads = Counter[str]()
    read = recognizer.read

    def counted(pcm: Pcm, language: str) -> Transcript:
        reads["read"] += 1
        return read(pcm, language)

    monkeypatch.setattr(recognizer, "read", counted)
    utterance = recognizer.open()
    assert stream(utterance, command("times")) == []
    assert utterance.result().text == "what is twelve times seven"
    assert reads["read"] == 1


def test_a_turn_longer_than_the_window_is_read_in_parts_cut_at_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    recognizer = WhisperRecognizer(MINI, language="en", partial_s=0)
    pieces: list[Pcm] = []

    def numbered(pcm: Pcm, language: str) -> Transcript:
        pieces.append(pcm)
        return Transcript(f"part {len(pieces)}", language=language)

    monkeypatch.setattr(recognizer, "read", numbered)
    utterance = recognizer.open()
    phrase = np.concatenate([white_noise(4.5, -20.0), white_noise(0.5, -65.0)])
    for start in range(0, len(phrase) * 14, RATE):
        utterance.feed(np.take(phrase, range(start, start + RATE), mode="wrap"))
    assert utterance.result().text == "part 1 part 2 part 3"
    assert utterance.result().text == "part 1 part 2 part 3"
    assert utterance.kept_s <= 28.0
    assert np.array_equal(np.concatenate(pieces), np.tile(phrase, 14))
    for piece in pieces[:-1]:
        assert level_dbfs(piece[-320:]) < -60.0


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json"])
def test_a_truncated_model_is_refused_in_one_line_with_the_remedy(tmp_path: Path, name: str) -> None:
    shutil.copytree(MINI, tmp_path / "model")
    file = tmp_path / "model" / name
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(MissingError) as refused:
        WhisperRecognizer(tmp_path / "model")
    line = str(refused.value)
    assert "\n" not in line and str(tmp_path / "model") in line and "voice models verify" in line


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json", "config.json"])
def test_a_model_with_a_file_missing_is_refused_without_a_download(tmp_path: Path, name: str) -> None:
    shutil.copytree(MINI, tmp_path / "model")
    (tmp_path / "model" / name).unlink()
    with pytest.raises(MissingError, match=name):
        WhisperRecognizer(tmp_path / "model")


def test_a_language_no_model_knows_is_refused() -> None:
    with pytest.raises(MissingError, match="xx"):
        WhisperRecognizer(MINI, language="xx")


def test_a_failing_engine_is_an_engine_error(monkeypatch: pytest.MonkeyPatch) -> None:
    recognizer = WhisperRecognizer(MINI, language="en")

    def broken(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(recognizer, "_decode", broken)
    utterance = recognizer.open()
    stream(utterance, command("stop"))
    with pytest.raises(EngineError, match="out of memory"):
        utterance.result()
