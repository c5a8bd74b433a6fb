"""The words of a whole recording: piece by piece, so that memory stays flat whatever its length."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from voice.asr.interface import Aligner, Multilingual, Recognizer, Transcript, Word
from voice.audio.frames import RATE, Pcm
from voice.audio.reader import AudioReader
from voice.errors import UsageError
from voice.text.language_tags import base_language
from voice.vad.webrtc import WebrtcDetector
from voice.worker import Worker

BLOCK_S = 27.0
"""A longer recording is recognized in pieces of at most this: one window of Whisper."""

SEARCH_S = 10.0
"""A piece ends at the quietest moment of its last seconds, so that no word is cut."""

QUIET_S = 0.2
UNSPACED = ("zh", "yue", "ja")
"""Languages written without spaces."""
PATIENCE_S = 600.0
"""How long a piece may take on a slow machine before its engine counts as hung."""


@dataclass(slots=True)
class Transcription:
    """The words of a recording. `words` has their times, seconds from its beginning, if they were asked for."""

    engine: str
    text: str = ""
    language: str = ""
    words: list[Word] = field(default_factory=list)
    seconds: float = 0.0
    took_s: float = 0.0
    truncated: bool = False
    """Whether the recording ends before it should; the words are those up to there."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of a recording beforehand; `translate` asks for its words in English."""

    language: str = ""
    prompt: str = ""
    translate: bool = False


NO_HINTS = Hints()


async def transcribe(
    recognizer: Worker[Recognizer],
    reader: AudioReader,
    *,
    timed: bool = False,
    hints: Hints = NO_HINTS,
    progress: Callable[[float], object] = lambda seconds: None,
    words: Callable[[str], object] = lambda text: None,
) -> Transcription:
    """Recognize a recording; `timed` asks for the times of the words too.

    `progress` receives the position in seconds, `words` the text of each piece as it is read, joined as in the whole.
    Raises VoiceError when the recognizer fails, UsageError where it knows no times or not the language.
    """
    began = time.perf_counter()
    if recognizer.engine is None:
        await recognizer.call(lambda engine: engine.warm(), patience_s=PATIENCE_S)
    assert recognizer.engine is not None
    found = Transcription(recognizer.engine.name)
    if timed and not isinstance(recognizer.engine, Aligner):
        raise UsageError(
            f"{found.engine} gives no word times",
            where="asr.engine",
            expected="whisper or pocketsphinx for subtitles",
        )
    parts = pieces(reader)
    while (piece := await _next(parts)) is not None:
        at_s, found.seconds = found.seconds, found.seconds + len(piece) / RATE
        if await asyncio.to_thread(may_speak, piece):
            heard, timings = await recognizer.call(
                lambda engine, piece=piece: _read(hinted(engine, hints), piece, timed)  # type: ignore[misc]
            )
            found.language = found.language or heard.language
            offset_s = at_s + reader.offset_s
            found.words += [Word(word.text, word.start + offset_s, word.end + offset_s) for word in timings]
            if heard.text:
                text = heard.text if not found.text or found.language in UNSPACED else f" {heard.text}"
                found.text += text
                words(text)
        progress(found.seconds)
    found.truncated = reader.truncated
    found.took_s = time.perf_counter() - began
    return found


async def _next(parts: Iterator[Pcm]) -> Pcm | None:
    """The next piece. A caller that is cancelled closes the recording, which would crash a thread that still reads."""
    reading = asyncio.ensure_future(asyncio.to_thread(next, parts, None))
    try:
        return await asyncio.shield(reading)
    except asyncio.CancelledError:
        await asyncio.wait({reading})
        raise


def hinted(engine: Recognizer, hints: Hints) -> Recognizer:
    """The recognizer, told what is known. Raises UsageError for a language that it does not recognize."""
    if not isinstance(engine, Multilingual):
        return engine
    language = base_language(hints.language)
    if language and language not in engine.languages:
        known = ", ".join(engine.languages) if len(engine.languages) < 8 else f"one of {len(engine.languages)} others"
        raise UsageError(
            f"{engine.name} does not recognize the language {hints.language!r}", where="language", expected=known
        )
    return engine.with_hints(hints.language.replace("_", "-"), hints.prompt, translate=hints.translate)


def _read(engine: Recognizer, piece: Pcm, timed: bool) -> tuple[Transcript, list[Word]]:
    utterance = engine.open()
    try:
        for start in range(0, len(piece), RATE):
            utterance.add_audio(piece[start : start + RATE])
        heard = utterance.result()
    finally:
        utterance.close()
    return heard, engine.align(piece, heard) if timed and isinstance(engine, Aligner) else []


def may_speak(piece: Pcm) -> bool:
    """Whether anything in it might be speech, to the detector at its most lenient: hours of silence take seconds."""
    detector, size = WebrtcDetector(0), RATE // 50
    frames = (piece[start : start + size] for start in range(0, len(piece) - size + 1, size))
    return any(detector.probability(frame) for frame in frames)


def pieces(reader: AudioReader) -> Iterator[Pcm]:
    """The recording at 16 kHz in pieces of at most `BLOCK_S`, cut where it is quiet."""
    held: list[Pcm] = []
    for block in reader.blocks():
        held.append(block)
        while sum(map(len, held)) >= BLOCK_S * RATE:
            whole = np.concatenate(held)
            cut = quietest(whole, round((BLOCK_S - SEARCH_S) * RATE), round(BLOCK_S * RATE))
            yield whole[:cut]
            held = [whole[cut:]]
    if sum(map(len, held)):
        yield np.concatenate(held)


def quietest(pcm: Pcm, first: int, last: int) -> int:
    """The sample between `first` and `last` in the middle of the quietest `QUIET_S`."""
    window = round(QUIET_S * RATE)
    energy = np.cumsum(np.square(pcm[first:last].astype(np.float64)))
    return first + int(np.argmin(energy[window:] - energy[:-window])) + window // 2
