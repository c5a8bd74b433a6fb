"""Make the conversation `voice bench latency --hard` is measured on from the spoken test commands of this checkout.

    python scripts/make_bench_conversation.py FOLDER

Writes FOLDER/hard.wav and hard.json, the truth about it: who says what when. Ten questions, five of them with a
breath of 400 or 600 ms inside an unfinished sentence, a cough, a hummed "mhm" and an "okay" over the reply, and four
more questions that interrupt it. The same every time.
"""

from __future__ import annotations

import argparse
import json
import wave
from dataclasses import asdict
from pathlib import Path

import numpy as np
from make_speech import SPEECH, in_a_room, quiet, save

from benchmarks.peers.stage import Said, added
from voice.audio.frames import RATE, Pcm

LEAD_S, REPLY_S = 1.5, 10.0
OVERLAP_AFTER_S, INTERRUPTION_AFTER_S = 3.2, 3.0

BREATHS: dict[str, tuple[float, float, str, str]] = {
    "city": (2.24, 0.6, "please tell me how many people live in", "the city of london"),
    "repeat": (1.145, 0.4, "repeat after me the", "weather is nice today"),
    "minutes": (1.70, 0.4, "how many minutes are in", "three hours"),
    "timer": (1.76, 0.6, "start a timer for", "five seconds"),
    "private": (1.845, 0.4, "does the product keep my", "voice private"),
}
"""Where a clip is cut (seconds), how long the breath is, and the words on both sides."""

SCENES = (
    ("time", "moon"), ("city", ""), ("moon", "cough"), ("repeat", "times"), ("times", "mhm"), ("minutes", "help"),
    ("help", "okay"), ("timer", ""), ("football", "feet"), ("private", ""),
)  # fmt: skip
"""Clip of each question, and what is heard over its reply: a noise, or the clip of another question."""
NOISES = ("cough", "mhm", "okay")


def clip(name: str) -> Pcm:
    """A spoken command without the quiet around it."""
    with wave.open(str(SPEECH / f"{name}.wav")) as wav:
        pcm = np.frombuffer(wav.readframes(wav.getnframes()), dtype=np.int16)
    loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > 160)
    return pcm[loud[0] : loud[-1] + 1]


def cough() -> Pcm:
    """Two bursts of breath noise with a little voice in it, 0.45 s."""
    rng = np.random.default_rng(7)
    time_s = np.arange(round(0.45 * RATE)) / RATE
    noise = np.convolve(rng.normal(0, 1, len(time_s)), np.ones(6) / 6, "same")
    shape = np.exp(-time_s / 0.05) + 0.6 * np.exp(-np.maximum(0, time_s - 0.22) / 0.07) * (time_s > 0.22)
    voice = 0.3 * np.sin(2 * np.pi * 210 * time_s)
    return np.rint(9000 * shape * (noise + voice)).astype(np.int16)


def hum() -> Pcm:
    """A closed-mouth "mhm", 0.5 s: two hums of 140 and 170 Hz with a breath between."""
    parts = []
    for pitch, length_s in ((140, 0.2), (170, 0.24)):
        time_s = np.arange(round(length_s * RATE)) / RATE
        tone = sum(np.sin(2 * np.pi * pitch * n * time_s) / n**1.5 for n in range(1, 9))
        parts += [np.rint(4500 * tone * np.sin(np.pi * time_s / length_s) ** 0.5).astype(np.int16), quiet(0.06)]
    return np.concatenate(parts[:-1])


def over_reply(name: str) -> tuple[Pcm, str]:
    """What sounds over a reply, and its words."""
    if name == "cough":
        return cough(), ""
    return (hum(), "mhm") if name == "mhm" else (clip(name), texts()[name])


def texts() -> dict[str, str]:
    rows = (SPEECH / "transcripts.tsv").read_text(encoding="utf-8").splitlines()
    return {name.removesuffix(".wav"): text for name, text, _ in (row.split("\t") for row in rows)}


def conversation() -> tuple[Pcm, list[Said]]:
    """The recording, and the truth about it."""
    placed: list[tuple[float, Pcm]] = []
    said: list[Said] = []

    def say(at: float, pcm: Pcm, kind: str, turn: int, text: str) -> float:
        placed.append((at, pcm))
        end = at + len(pcm) / RATE
        said.append(Said(round(at, 4), round(end, 4), kind, turn, text))
        return end

    now, turn = LEAD_S, 0
    for name, overlap in SCENES:
        turn += 1
        pcm = clip(name)
        if name in BREATHS:
            cut_s, breath_s, before, after = BREATHS[name]
            cut = round(cut_s * RATE) - leading(name)
            now = say(now, faded(pcm[:cut], 0, 1), "question", turn, before) + breath_s
            now = say(now, faded(pcm[cut:], 1, 0), "question", turn, after)
        else:
            now = say(now, pcm, "question", turn, texts()[name])
        if overlap and overlap not in NOISES:
            turn += 1
            now = say(now + INTERRUPTION_AFTER_S, clip(overlap), "interruption", turn, texts()[overlap])
        elif overlap:
            sound, words = over_reply(overlap)
            say(now + OVERLAP_AFTER_S, sound, "noise", 0, words)
        now += REPLY_S
    whole = quiet(now)
    for at, pcm in placed:
        first = round(at * RATE)
        whole[first : first + len(pcm)] = added(whole[first : first + len(pcm)], pcm)
    return in_a_room(whole, 99), said


def leading(name: str) -> int:
    """Samples of quiet before a clip's first sound."""
    with wave.open(str(SPEECH / f"{name}.wav")) as wav:
        pcm = np.frombuffer(wav.readframes(wav.getnframes()), dtype=np.int16)
    return int(np.flatnonzero(np.abs(pcm.astype(np.int32)) > 160)[0])


def faded(pcm: Pcm, first: int, last: int, length_s: float = 0.008) -> Pcm:
    """The same, faded in or out where it was cut, so that the cut is no click."""
    count = round(length_s * RATE)
    shape = np.ones(len(pcm))
    shape[:count] *= np.linspace(0, 1, count) if first else 1
    shape[-count:] *= np.linspace(1, 0, count) if last else 1
    return np.rint(pcm * shape).astype(np.int16)


def make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pcm, said = conversation()
    save(folder / "hard.wav", pcm)
    (folder / "hard.json").write_text(json.dumps([asdict(one) for one in said], indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    make(parser.parse_args().folder)


if __name__ == "__main__":
    main()
