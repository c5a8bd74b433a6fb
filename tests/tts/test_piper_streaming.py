import logging
import resource
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.listening import Listener, listen
from tests.tts.test_piper import MINI, make_mini
from voice.tts import piper_streaming as piper_split
from voice.tts.piper import PiperSynthesizer
from voice.tts.piper_cut import message
from voice.tts.piper_streaming import (
    SplitVoice,
    check_feeds,
    compare,
    open_session,
    open_split,
    pieces,
    speak_whole,
)

SYMBOLS = 256
LONG = "This is one sentence of twelve words, and it ends with 42."


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the miniature voice in a folder of its own, and an empty cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "voices"
    folder.mkdir()
    for name in ("mini.onnx", "mini.onnx.json"):
        shutil.copy(MINI.with_name(name), folder)
    return folder / "mini.onnx"


def parts(folder: Path) -> list[str]:
    """Kinds of the files beside a voice."""
    return sorted(file.suffix for file in folder.iterdir() if not file.name.startswith("mini.onnx"))


def difference(model: Path, voice: SplitVoice) -> float:
    feeds = check_feeds(SYMBOLS)
    return compare(speak_whole(open_session(model), feeds), voice, feeds)


@given(st.integers(0, 2_000))
def test_pieces_cover_all_frames_once_and_the_first_is_short_where_it_gains(frames: int) -> None:
    ranges = list(pieces(frames))
    assert [index for start, end in ranges for index in range(start, end)] == list(range(frames))
    first_costs = piper_split.FIRST_FRAMES + piper_split.CONTEXT
    if frames > 2 * first_costs:
        assert ranges[0] == (0, piper_split.FIRST_FRAMES), "the first piece is less than half of the work"
    elif frames:
        assert ranges == [(0, frames)]


def test_the_parts_sound_like_the_whole(model: Path) -> None:
    voice = open_split(model, SYMBOLS)
    assert voice is not None
    assert difference(model, voice) < 1e-6


def test_the_flow_runs_on_what_is_needed_next(model: Path) -> None:
    voice = open_split(model, SYMBOLS)
    assert voice is not None and voice.flow is not None
    columns, _ = voice.encode(check_feeds(SYMBOLS))
    asked: list[int] = []

    class Flow:
        def run(self, names: None, inputs: dict[str, Any], run: Any) -> Any:
            asked.append(max(value.shape[2] for value in inputs.values()))
            return flow.run(names, inputs, run)

        def get_inputs(self) -> Any:
            return flow.get_inputs()

    flow = voice.flow
    first = piper_split.FIRST_FRAMES + piper_split.CONTEXT + piper_split.FLOW_CONTEXT
    sound = SplitVoice(voice.encoder, Flow(), voice.decoder).decode(columns, check_feeds(SYMBOLS))
    next(sound)
    assert asked == [first] and columns.shape[2] > 3 * first
    assert len(list(sound)) > 3 and len(asked) == 3


@pytest.mark.parametrize("change", ["no names", "a wider flow"])
def test_a_flow_that_cannot_be_cut_stays_with_the_text(
    model: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if change == "no names":
        whole = message("Model").FromString(model.read_bytes())
        for node in whole.graph.node:
            node.name = node.name.replace("/flow/", "/")
        model.write_bytes(whole.SerializeToString())
    else:
        monkeypatch.setattr(piper_split, "FLOW_CONTEXT", 0)
    for _ in range(2):  # made, and found again
        voice = open_split(model, SYMBOLS)
        assert voice is not None and voice.flow is None
        assert difference(model, voice) < 1e-6


def test_parts_of_an_earlier_cut_go(model: Path) -> None:
    open_split(model, SYMBOLS)
    (text,) = model.parent.glob("*.text")
    text.rename(text.with_suffix(".encoder"))
    assert open_split(model, SYMBOLS) is not None
    assert parts(model.parent) == [".decoder", ".flow", ".text"]


def test_with_speakers_the_parts_sound_like_the_whole_too(tmp_path: Path) -> None:
    make_mini(tmp_path, "--speakers", "2")
    voice = open_split(tmp_path / "mini.onnx", SYMBOLS)
    assert voice is not None
    assert voice.flow is not None
    for part in (voice.flow, voice.decoder):
        assert "sid" in {port.name for port in part.get_inputs()}
    assert len(listen(PiperSynthesizer(tmp_path / "mini.onnx"), LONG).chunks) > 3


def test_audio_comes_piece_by_piece_with_a_mark_at_each_word(model: Path) -> None:
    heard = listen(PiperSynthesizer(model), LONG)
    assert len(heard.chunks[0].pcm) == piper_split.FIRST_FRAMES * 256
    assert len(heard.chunks) > 3
    assert heard.words(LONG) == LONG.split()
    start = 0
    for chunk in heard.chunks:
        assert all(start <= mark.sample < start + len(chunk.pcm) for mark in chunk.marks)
        start += len(chunk.pcm)


def test_marks_of_a_later_sentence_count_from_the_clause(model: Path) -> None:
    heard = listen(PiperSynthesizer(model), "One two. Three four.")
    assert heard.words("One two. Three four.") == ["One", "two.", "Three", "four."]
    samples = [mark.sample for mark in heard.marks]
    assert samples == sorted(set(samples))
    assert len(heard.pcm) / 3 < samples[2] < len(heard.pcm) * 2 / 3


def test_no_more_is_made_than_wanted_and_a_cancelled_one_ends(model: Path) -> None:
    engine = PiperSynthesizer(model)
    assert len(listen(engine, LONG, enough=2).chunks) == 2
    heard = Listener(on_chunk=lambda count: engine.cancel() if count == 2 else None)
    engine.speak(LONG + " " + LONG, heard)
    assert len(heard.chunks) == 2
    assert len(listen(engine, "Again.").pcm) > 0


def test_a_voice_is_cut_once_and_its_parts_kept_beside_it(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_split(model, SYMBOLS) is not None
    assert parts(model.parent) == [".decoder", ".flow", ".text"]
    monkeypatch.setattr(piper_split, "cut", None)
    assert open_split(model, SYMBOLS) is not None


def test_a_replaced_voice_is_cut_anew_and_the_old_parts_go(model: Path, tmp_path: Path) -> None:
    open_split(model, SYMBOLS)
    old = {file.name for file in model.parent.iterdir()}
    make_mini(model.parent, "--seed", "2")
    voice = open_split(model, SYMBOLS)
    assert voice is not None
    assert difference(model, voice) < 1e-6
    assert parts(model.parent) == [".decoder", ".flow", ".text"]
    assert {file.name for file in model.parent.iterdir()} & old == {"mini.onnx", "mini.onnx.json"}


@pytest.mark.parametrize("size", [0, 1000])
@pytest.mark.parametrize("part", piper_split.PARTS)
def test_damaged_parts_are_made_again(model: Path, part: str, size: int) -> None:
    open_split(model, SYMBOLS)
    (file,) = model.parent.glob(f"*.{part}")
    file.write_bytes(file.read_bytes()[:size])
    voice = open_split(model, SYMBOLS)
    assert voice is not None
    assert difference(model, voice) < 1e-6


def test_parts_that_differ_are_not_used_and_not_made_again(
    model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(piper_split, "CONTEXT", 1)
    assert open_split(model, SYMBOLS) is None
    assert "mini.onnx is spoken whole: in parts it differs by 0." in caplog.text
    assert parts(model.parent) == [".uncut"]
    monkeypatch.undo()
    assert open_split(model, SYMBOLS) is None
    # Spoken all the same.
    engine = PiperSynthesizer(model)
    assert len(listen(engine, LONG).chunks) == 1


def test_where_the_folder_cannot_be_written_the_parts_go_to_the_users_cache(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tempfile.TemporaryDirectory

    def refuse(**arguments: Any) -> Any:
        if arguments["dir"] == model.parent:
            raise PermissionError(13, "Permission denied", str(model.parent))
        return temporary(**arguments)

    monkeypatch.setattr(tempfile, "TemporaryDirectory", refuse)
    assert open_split(model, SYMBOLS) is not None
    assert parts(model.parent) == []
    assert parts(piper_split.user_cache()) == [".decoder", ".flow", ".text"]


def test_on_a_full_disk_nothing_is_left_and_the_voice_is_spoken_whole(model: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        assert open_split(model, SYMBOLS) is None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert parts(model.parent) == []
    assert parts(piper_split.user_cache()) == []


def test_the_whole_and_the_parts_say_the_same_through_the_synthesizer(model: Path) -> None:
    whole, split = PiperSynthesizer(model, split="off"), PiperSynthesizer(model)
    for engine in (whole, split):
        engine._scales = np.array([0.0, 1.0, 0.0], np.float32)
    assert np.array_equal(listen(whole, LONG).pcm, listen(split, LONG).pcm)
