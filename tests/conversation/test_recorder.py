"""Recording by choice: what is kept, that it is said, and that nothing is kept without it."""

from __future__ import annotations

import asyncio
import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.readback import read_back
from voice.asr.interface import Transcript
from voice.audio.frames import RATE
from voice.audio.wav import read_wav, write_wav
from voice.clock import VirtualLoop
from voice.conversation.observer import Note, Notice, TurnEnded
from voice.conversation.recorder import TRANSCRIPTS, Recorder
from voice.errors import MissingError
from voice.settings.schema import Settings
from voice.trace import TurnTrace
from voice.wiring.conversation import converse

SPEECH = Path(__file__).parents[1] / "fixtures" / "speech"


class Ear:
    """A recognizer that hears `words`."""

    name = "ear"

    def __init__(self, words: str) -> None:
        self.words = words

    def warm(self) -> None: ...

    def open(self) -> Ear:
        return self

    def add_audio(self, pcm: Any) -> Transcript | None:
        return None

    def result(self) -> Transcript:
        return Transcript(self.words)

    def close(self) -> None: ...


def ended(turn: int, text: str, reply: str = "", heard: str = "") -> TurnEnded:
    return TurnEnded(TurnTrace(turn, text=text, reply=reply, heard=heard, outcome="answered"))


def hear(recorder: Recorder, words: str, *chunks: list[int]) -> None:
    utterance = recorder.recognizer(lambda: Ear(words))().open()
    for chunk in chunks:
        utterance.add_audio(np.array(chunk, dtype=np.int16))
        utterance.result()
    utterance.close()


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / TRANSCRIPTS).read_text("utf-8").splitlines()]


def test_each_turn_is_kept_with_its_words_and_what_was_heard_of_the_answer(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    recorder = Recorder(folder, lambda event: None)
    hear(recorder, "computer what time is it ", [1, 2], [3])
    hear(recorder, "a cough", [9] * 5)
    recorder.observe(ended(1, "what time is it", "It is noon. And sunny.", "It is noon."))
    recorder.observe(ended(2, "", ""))
    recorder.observe(ended(3, "typed words", "An answer.", "An answer."))
    recorder.close()
    assert [(line["turn"], line["wav"], line["words"], line["answer"]) for line in lines(folder)] == [
        (1, "turn-0001.wav", "what time is it", "It is noon."),
        (2, None, "typed words", "An answer."),
    ]
    assert read_wav(folder / "turn-0001.wav").tolist() == [1, 2, 3]
    assert sorted(path.name for path in folder.iterdir()) == [TRANSCRIPTS, "turn-0001.wav"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_another_recording_goes_on_in_the_same_folder(tmp_path: Path) -> None:
    for words in ("first", "second"):
        recorder = Recorder(tmp_path, lambda event: None)
        hear(recorder, words, [1])
        recorder.observe(ended(1, words))
        recorder.close()
    assert [(line["wav"], line["words"]) for line in lines(tmp_path)] == [
        ("turn-0001.wav", "first"),
        ("turn-0002.wav", "second"),
    ]


def test_a_folder_that_cannot_be_written_is_refused_and_a_full_one_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(MissingError, match="cannot be written"):
        Recorder(tmp_path / "file" / "below", lambda event: None)
    told: list[Note] = []
    recorder = Recorder(tmp_path / "gone", told.append)
    (tmp_path / "gone" / TRANSCRIPTS).unlink()
    (tmp_path / "gone" / TRANSCRIPTS).mkdir()
    for turn in (1, 2):
        recorder.observe(ended(turn, "words"))
    recorder.close()
    assert [notice.level for notice in told if isinstance(notice, Notice)] == ["error"]


def test_a_recorded_conversation_says_so_and_is_there_afterwards(tmp_path: Path) -> None:
    plain = Settings()
    using = replace(plain, asr=replace(plain.asr, engine="pocketsphinx"), tts=replace(plain.tts, engine="espeak"))
    notes: list[Note] = []
    noise = np.random.default_rng(3).integers(-20, 20, 4 * RATE).astype(np.int16)
    write_wav(tmp_path / "in.wav", np.concatenate([noise, read_wav(SPEECH / "times.wav"), noise]))
    how = {"source": tmp_path / "in.wav", "sink": tmp_path / "out.wav", "fast": True, "record": tmp_path / "kept"}
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(converse(using, observer=notes.append, **how))  # type: ignore[arg-type]
    warnings = [note.text for note in notes if isinstance(note, Notice) and note.level == "warning"]
    assert any(str(tmp_path / "kept") in text for text in warnings)
    said = read_wav(tmp_path / "out.wav")[: 4 * RATE]
    notice = "this conversation is being recorded"
    assert read_back(said, notice, "your timer is up", "sorry there is a problem with my voice") == notice
    spoken = [line for line in lines(tmp_path / "kept") if line["wav"]]
    assert len(spoken) == 1
    assert "times" in spoken[0]["words"]
    assert "84" in spoken[0]["answer"] or "eighty" in spoken[0]["answer"]
    assert len(read_wav(tmp_path / "kept" / spoken[0]["wav"])) > 8000
