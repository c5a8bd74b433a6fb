#!/usr/bin/env python3
"""Make the spoken test commands and the recorded demo conversation with flite's voices (Debian package `flite`).

Writes tests/fixtures/speech/*.wav with transcripts.tsv (name, text, voice), tests/fixtures/wake/*.wav, and
voice/demo/conversation.wav with conversation.tsv (start_s, end_s, text). The same flite gives the same bytes: the room
noise is seeded.
"""

from __future__ import annotations

import io
import subprocess
import wave
from pathlib import Path

import numpy as np

from voice.audio.frames import RATE, Pcm

ROOT = Path(__file__).resolve().parent.parent
SPEECH = ROOT / "tests" / "fixtures" / "speech"
WAKE = ROOT / "tests" / "fixtures" / "wake"
DEMO = ROOT / "voice" / "demo"
ROOM_DBFS = -65.0
LEAD_S, TAIL_S = 0.25, 0.35
FIRST_GAP_S, ANSWER_GAP_S = 1.0, 4.5
STRETCH = {"rms": "1.15", "slt": "1.0"}

COMMANDS = (
    ("time", "what time is it", "rms"),
    ("day", "what day is it", "rms"),
    ("times", "what is twelve times seven", "slt"),
    ("divide", "divide that by two", "rms"),
    ("timer", "start a timer for five seconds", "rms"),
    ("feet", "how many feet are in a mile", "slt"),
    ("minutes", "how many minutes are in three hours", "rms"),
    ("repeat", "repeat after me the weather is nice today", "slt"),
    ("help", "what can you do", "slt"),
    ("moon", "how far away is the moon", "rms"),
    ("private", "does the product keep my voice private", "rms"),
    ("football", "who won the football match yesterday", "rms"),
    ("stop", "stop", "slt"),
    ("okay", "okay", "slt"),
    ("city", "please tell me how many people live in the city of london", "slt"),
)

ONE_BREATH_S, THOUGHT_S = 0.08, 0.8
CALLS = (
    ("jarvis", "hey jarvis", ONE_BREATH_S, "what time is it", "rms"),
    ("nabu", "okay nahboo", ONE_BREATH_S, "what time is it", "rms"),
    ("thought", "hey jarvis", THOUGHT_S, "what time is it", "rms"),
    ("alone", "hey jarvis", ONE_BREATH_S, "", "slt"),
)
"""Name, wake word as flite says it best, silence after it, what is asked, voice."""

CONVERSATION = (
    ("what time is it", "rms"),
    ("what is twelve times seven", "slt"),
    ("divide that by two", "rms"),
    ("how far is the moon", "slt"),
    ("who won the football match yesterday", "rms"),
)


def spoken(text: str, voice: str) -> Pcm:
    """One phrase in a flite voice, 16 kHz mono int16, without the silence flite puts around it."""
    command = [
        "flite",
        "-voice",
        voice,
        "--setf",
        f"duration_stretch={STRETCH[voice]}",
        "-t",
        text,
        "-o",
        "/dev/stdout",
    ]
    made = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(made)) as wav:
        if wav.getframerate() != RATE or wav.getnchannels() != 1:
            raise SystemExit(f"flite voice {voice} is not 16 kHz mono")
        pcm = np.frombuffer(wav.readframes(wav.getnframes()), dtype=np.int16)
    loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > 160)
    return pcm[loud[0] : loud[-1] + 1]


def in_a_room(pcm: Pcm, seed: int) -> Pcm:
    """The same audio over seeded white noise at `ROOM_DBFS`, because no microphone delivers digital zero."""
    noise = np.random.default_rng(seed).normal(0.0, 32768.0 * 10 ** (ROOM_DBFS / 20), len(pcm))
    return np.clip(np.rint(pcm + noise), -32768, 32767).astype(np.int16)


def save(path: Path, pcm: Pcm) -> None:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes(pcm.tobytes())


def quiet(duration_s: float) -> Pcm:
    return np.zeros(round(duration_s * RATE), dtype=np.int16)


def make_commands() -> None:
    SPEECH.mkdir(parents=True, exist_ok=True)
    for number, (name, text, voice) in enumerate(COMMANDS):
        pcm = np.concatenate([quiet(LEAD_S), spoken(text, voice), quiet(TAIL_S)])
        save(SPEECH / f"{name}.wav", in_a_room(pcm, number))
    rows = [f"{name}.wav\t{text}\t{voice}\n" for name, text, voice in COMMANDS]
    (SPEECH / "transcripts.tsv").write_text("".join(rows), encoding="utf-8")


def make_calls() -> None:
    WAKE.mkdir(parents=True, exist_ok=True)
    for number, (name, call, gap_s, question, voice) in enumerate(CALLS):
        asked = [quiet(gap_s), spoken(question, voice)] if question else []
        pcm = np.concatenate([quiet(LEAD_S), spoken(call, voice), *asked, quiet(TAIL_S)])
        save(WAKE / f"{name}.wav", in_a_room(pcm, 100 + number))


def make_conversation() -> None:
    DEMO.mkdir(parents=True, exist_ok=True)
    parts, rows = [quiet(FIRST_GAP_S)], []
    for text, voice in CONVERSATION:
        start = sum(map(len, parts)) / RATE
        parts.append(spoken(text, voice))
        rows.append(f"{start:.3f}\t{sum(map(len, parts)) / RATE:.3f}\t{text}\n")
        parts.append(quiet(ANSWER_GAP_S))
    save(DEMO / "conversation.wav", in_a_room(np.concatenate(parts), len(COMMANDS)))
    (DEMO / "conversation.tsv").write_text("".join(rows), encoding="utf-8")


if __name__ == "__main__":
    make_commands()
    make_calls()
    make_conversation()
