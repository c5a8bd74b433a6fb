"""What is tried in the room: echoes, a person over them, noises, a television. One row of figures a trial."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.noises import NOISES, SOFTER_DB
from benchmarks.room_client import visit
from benchmarks.room_simulation import Echo, Samples, at_level, scene, stay
from voice import paths
from voice.asr.interface import Recognizer
from voice.asr.word_error_rate import distance
from voice.asr.word_error_rate import words as spoken
from voice.audio.frames import RATE, Pcm, level_dbfs
from voice.audio.resample import resample
from voice.audio.wav import read_wav
from voice.settings.layers import Given, load
from voice.settings.schema import Settings
from voice.tts.espeak import EspeakSynthesizer
from voice.tts.interface import Chunk, Synthesizer

SPEECH = paths.PACKAGE.parent / "tests" / "fixtures" / "speech"
PERSON_DBFS = -20.0
AUDIBLE_DB = 25.0
"""What is softer than the loudest of a word by more than this is the quiet around it."""

TELEVISIONS = {
    "en-gb": "Good evening. The prime minister met farmers in the north today. They had asked for lower taxes on "
    "diesel and a longer season. In the second half the home side scored twice, and the weather stays mild until "
    "the weekend.",
    "en-us": "And now the news from the region. The council voted on the new bridge last night, after a debate of "
    "nearly five hours. Traffic will be diverted from Monday, and shops along the river expect losses.",
}
"""What is said on televisions, by espeak's voices."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kit:
    """What takes part: a profile, a recognizer (`pocketsphinx` or a folder of `models`) and a voice."""

    profile: str
    recognizer: str
    voice: str
    models: Path

    @property
    def settings(self) -> Settings:
        """The profile without a canceller and, in a kiosk, without its wake word and filters."""
        wanted = {
            "chat.store": "memory", "asr.language": "en", "asr.engine": "pocketsphinx", "wake.mode": "always",
            "safety.moderate": "off", "turn.model": "off", "tts.engine": "espeak",
        }  # fmt: skip
        if self.voice != "espeak":
            wanted |= {"tts.engine": "piper", "tts.voice": str(piper_file(self.models, self.voice))}
        if load(profile=self.profile).settings.audio.echo == "auto":
            wanted["audio.echo"] = "guard"
        flags = [Given(key, value, "--set", text=True) for key, value in wanted.items()]
        return load(profile=self.profile, flags=flags).settings

    def hearer(self, clock: Callable[[], float]) -> Recognizer:
        """The recognizer on the room's clock."""
        if self.recognizer == "pocketsphinx":
            from voice.asr.pocketsphinx import SphinxRecognizer

            return SphinxRecognizer()
        from voice.asr.whisper import WhisperRecognizer

        return WhisperRecognizer(self.models / self.recognizer, language="en", window="auto", clock=clock)

    def row(self, trial: str, **figures: Any) -> Row:
        parts = {"profile": self.profile, "recognizer": self.recognizer, "voice": self.voice}
        return {"trial": trial, **parts, **figures}


def piper_file(models: Path, name: str) -> Path:
    """The voice `en_US-NAME-…` in the folder of models."""
    return next(models.glob(f"en_US-{name}-*/*.onnx"))


def person(name: str) -> Samples:
    """A person who says one of the recorded commands, as loud as in all others: the quiet around it does not count."""
    pcm = read_wav(SPEECH / f"{name}.wav")
    first, last = sounds_between(pcm)
    scale = at_level(pcm[first:last], PERSON_DBFS)
    scaled: Samples = pcm * (np.abs(scale).max() / np.abs(pcm[first:last]).max())
    return scaled


def sounds_between(pcm: Pcm) -> tuple[int, int]:
    """The first sample that is heard and the one after the last, to 20 ms."""
    step = RATE // 50
    levels = [level_dbfs(pcm[at : at + step]) for at in range(0, len(pcm) - step + 1, step)]
    heard = [number for number, level in enumerate(levels) if level > max(levels) - AUDIBLE_DB]
    return heard[0] * step, (heard[-1] + 1) * step


def echoes(kit: Kit, gain: float, delay_ms: int) -> Row:
    """Two questions; no one speaks over their answers."""
    near = scene(24.0, [(1.0, person("private")), (13.0, person("help"))])
    seen = stay(kit.settings, near, Echo(gain, delay_ms / 1000), kit.hearer)
    figures = {"replies": len(seen.replies), "self_interruptions": seen.interrupted, "held": len(seen.pauses)}
    return kit.row("echo", gain=gain, delay_ms=delay_ms, **figures, asked=len(seen.asked), right=seen.interrupted == 0)


def clients(kit: Kit, gain: float, delay_ms: int) -> Row:
    """The same through /v1/realtime with a client that does not cancel, which the server does not know."""
    near = scene(24.0, [(1.0, person("private")), (13.0, person("help"))])
    settings = replace(kit.settings, audio=replace(kit.settings.audio, echo="auto"))
    seen = visit(settings, near, Echo(gain, delay_ms / 1000), kit.hearer)
    held = sum(event["state"] == "paused" for _, event in seen.of("x.state"))
    figures = {"replies": len(seen.replies), "self_interruptions": seen.interrupted, "held": held}
    return kit.row(
        "client", gain=gain, delay_ms=delay_ms, **figures, asked=len(seen.asked), right=seen.interrupted == 0
    )


def cuts(kit: Kit, gain: float, delay_ms: int, words: str = "time") -> Row:
    """A person speaks over the reply, through its echo."""
    at, sound = 7.0, person(words)
    begins = at + sounds_between(read_wav(SPEECH / f"{words}.wav"))[0] / RATE
    near = scene(16.0, [(1.0, person("private")), (at, sound)])
    seen = stay(kit.settings, near, Echo(gain, delay_ms / 1000), kit.hearer)
    held = [round((when - begins) * 1000) for when in seen.pauses if when >= at]
    first = next((turn for turn in seen.turns if turn.reply), None)
    cut = first is not None and first.outcome == "interrupted" and len(first.heard) < len(first.reply)
    figures = {"words": words, "held_after_ms": held[0] if held else None, "cut": cut, "asked": seen.asked}
    return kit.row("cut", gain=gain, delay_ms=delay_ms, **figures, right=cut)


def noises(kit: Kit, name: str) -> Row:
    """A noise over the answer to a question."""
    made = NOISES[name]()
    pcm: Pcm = np.rint(made / np.abs(made).max() * 20000).astype(np.int16)
    loud = at_level(pcm, PERSON_DBFS - SOFTER_DB.get(name, 0.0))
    begins = (0.0,) if name in SOFTER_DB else (5.5, 8.0)
    seen = stay(kit.settings, scene(16.0, [(1.0, person("private")), *((at, loud) for at in begins)]), None, kit.hearer)
    whole = bool(seen.turns) and all(turn.heard == turn.reply for turn in seen.turns if turn.reply)
    figures = {"interrupted": seen.interrupted, "held": len(seen.pauses), "asked": seen.asked}
    return kit.row("noise", noise=name, **figures, right=whole and len(seen.asked) == 1)


def televisions(kit: Kit, softer_db: float, voice: str) -> Row:
    """A question with a television on, heard from before the question on."""
    screen = at_level(television(voice), PERSON_DBFS - softer_db)
    seen = stay(kit.settings, scene(14.0, [(0.0, screen), (4.0, person("times"))]), None, kit.hearer)
    figures = {"asked": seen.asked, "replies": seen.replies}
    answered = any("84" in reply for reply in seen.replies)
    right = answered and len(seen.asked) == 1
    return kit.row("television", screen=voice, softer_db=softer_db, **figures, answered=answered, right=right)


def backgrounds(kit: Kit, softer_db: float, voice: str) -> Row:
    """A television, and a person who has spoken before and is silent now."""
    screen = at_level(television(voice), PERSON_DBFS - softer_db)
    seen = stay(kit.settings, scene(24.0, [(1.0, person("times")), (9.0, screen)]), None, kit.hearer)
    return kit.row("background", screen=voice, softer_db=softer_db, asked=seen.asked, right=len(seen.asked) == 1)


def alone(kit: Kit, softer_db: float, voice: str) -> Row:
    """A television, and no one who has ever spoken."""
    screen = at_level(television(voice), PERSON_DBFS - softer_db)
    seen = stay(kit.settings, scene(14.0, [(0.5, screen)]), None, kit.hearer)
    return kit.row("alone", screen=voice, softer_db=softer_db, asked=seen.asked, right=not seen.states)


def softer(kit: Kit, softer_db: float, words: str) -> Row:
    """A person who speaks softly after a loud question, in a quiet room; when their turn begins, seconds."""

    def asked(by_db: float) -> tuple[list[str], float]:
        sounds = [(1.0, person("times")), (9.0, person(words) * 10 ** (-by_db / 20))]
        seen = stay(kit.settings, scene(16.0, sounds), None, kit.hearer)
        return seen.asked, next((at for at, state in seen.states if state == "listening" and at > 9.0), 0.0)

    (loud, loud_at), (soft, soft_at) = asked(0.0), asked(softer_db)
    late_ms = round((soft_at - loud_at) * 1000)
    right = bool(soft_at) and distance(spoken(" ".join(loud)), spoken(" ".join(soft))) == 0 and late_ms <= 50
    return kit.row("soft", softer_db=softer_db, words=words, asked=soft, late_ms=late_ms, right=right)


@cache
def television(name: str = "en-gb") -> Pcm:
    """A voice that is neither the person's nor ours."""
    voice: Synthesizer = EspeakSynthesizer(name)
    chunks: list[Pcm] = []

    def emit(chunk: Chunk) -> bool:
        chunks.append(chunk.pcm)
        return True

    voice.speak(TELEVISIONS[name], emit)
    return resample(np.concatenate(chunks), voice.rate, RATE)


def trials(
    kits: list[Kit], kinds: tuple[str, ...], gains: tuple[float, ...], delays_ms: tuple[int, ...]
) -> Iterator[Row]:
    """All rows asked for, one after the other."""
    for kit in kits:
        for kind, trial in (("echo", echoes), ("client", clients), ("cut", cuts)):
            if kind in kinds:
                yield from (trial(kit, gain, delay_ms) for gain in gains for delay_ms in delays_ms)
        if "noise" in kinds:
            yield from (noises(kit, name) for name in NOISES)
        if "television" in kinds:
            for voice in TELEVISIONS:
                for softer_db in (12.0, 20.0, 26.0):
                    yield from (trial(kit, softer_db, voice) for trial in (televisions, backgrounds, alone))
        if "soft" in kinds:
            for words in ("divide", "time", "moon"):
                yield from (softer(kit, softer_db, words) for softer_db in (3.0, 6.0, 9.0, 12.0))
