"""The whole path: two recorded people at one microphone, the published voice encoder, and what the disk keeps."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.support.human_speech import recordings_folder
from tests.support.real_models import models_folder, voice_encoder_file
from tests.support.scripted_asr import ScriptedRecognizer
from voice.audio.frames import RATE, Pcm, silence
from voice.audio.wav import read_wav, write_wav
from voice.clock import VirtualLoop
from voice.conversation.observer import Note
from voice.memory.voice_book import known_voices
from voice.settings.schema import Settings
from voice.speakers.recognition import VoicedSpeech
from voice.vad.webrtc import WebrtcDetector
from voice.wiring.conversation import Overrides, converse
from voice.wiring.memory import vault

SAID = (
    "my name is Ann",
    "yes",
    "remember that the word is swordfish",
    "what do you know about me",
    "what do you know about me",
)


def voiced(name: str) -> Pcm:
    """A recording without its pauses: one turn each, whatever the words."""
    hears, speech = WebrtcDetector(2), VoicedSpeech(RATE * 60, 1)
    pcm = read_wav(recordings_folder() / name)
    for frame in pcm[: len(pcm) // 320 * 320].reshape(-1, 320):
        speech.add(frame, voiced=hears.probability(frame) >= 0.5)
    found = speech.take(rest=True)
    assert found is not None
    return found


def test_who_is_known_is_answered_as_themselves_and_a_stranger_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    voice_encoder_file()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    caplog.set_level(logging.INFO)
    plain = Settings()
    settings = replace(
        plain,
        asr=replace(plain.asr, engine="pocketsphinx"),
        tts=replace(plain.tts, engine="tone"),
        turn=replace(plain.turn, model="off", endpointing="fixed", silence_ms=900),
        chat=replace(plain.chat, session="home"),
        models=replace(plain.models, folder=str(models_folder())),
    )
    woman, man = np.concatenate([voiced(f"librivox-0{n}.wav") for n in ("870", "890", "920")]), voiced("reading.wav")
    starts = (0.0, 2.6, 3.6, 7.0)
    spoken = [
        woman[round(at * RATE) : round((at + s) * RATE)] for at, s in zip(starts, (2.4, 0.8, 3.2, 3.2), strict=True)
    ]
    gap = silence(6.0)
    write_wav(
        tmp_path / "in.wav",
        np.concatenate([silence(1.0), *(part for pcm in (*spoken, man[: 3 * RATE]) for part in (pcm, gap))]),
    )
    notes: list[Note] = []
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        turns = runner.run(
            converse(
                settings,
                source=tmp_path / "in.wav",
                sink=tmp_path / "out.wav",
                fast=True,
                observer=notes.append,
                trace=tmp_path / "trace.jsonl",
                stand=Overrides(recognizer=lambda: ScriptedRecognizer(SAID)),
            )
        )
    assert [turn.text for turn in turns] == list(SAID)
    assert turns[0].reply == "Shall I remember your voice, Ann? It stays on this machine."
    assert turns[3].reply == "You told me: the word is swordfish."
    assert turns[4].reply.startswith("I don't know your voice")
    (ann,) = known_voices(vault(settings))
    raw = ann.voice.tobytes()[:64]
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or raw not in file.read_bytes()
    told = (tmp_path / "trace.jsonl").read_text("utf-8") + "".join(map(repr, notes)) + caplog.text
    assert "array(" not in told
    # By twos: a single number may be a time as well.
    beside = [(one, two) for one, two in pairwise(map(float, ann.voice)) if one > 0.1 and two > 0.1]
    assert beside and not any(
        f"{round(one, digits)}{between}{round(two, digits)}" in told
        for one, two in beside
        for digits in (3, 4)
        for between in (" ", ", ", ",")
    )
