"""The words of a whole recording: piece by piece, so that memory stays flat whatever its length."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from voice.asr.interface import Aligner, Recognizer, Transcript, Word
from voice.audio.frames import RATE, Pcm
from voice.audio.reader import AudioReader
from voice.errors import UsageError
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


async def transcribe(
    recognizer: Worker[Recognizer],
    reader: AudioReader,
    *,
    timed: bool = False,
    progress: Callable[[float], object] = lambda seconds: None,
) -> Transcription:
    """Recognize a recording; `timed` asks for the times of the words too, `progress` receives the position in seconds.

    Raises VoiceError when the recognizer fails, UsageError where it knows no times.
    """
    began = time.perf_counter()
    await recognizer.call(lambda engine: engine.warm(), patience_s=PATIENCE_S)
    assert recognizer.engine is not None
    found = Transcription(recognizer.engine.name)
    if timed and not isinstance(recognizer.engine, Aligner):
        raise UsageError(
            f"{found.engine} gives no word times",
            where="asr.engine",
            expected="whisper or pocketsphinx for subtitles",
        )
    texts = []
    for piece in pieces(reader):
        at_s, found.seconds = found.seconds, found.seconds + len(piece) / RATE
        if may_speak(piece):
            heard, words = await recognizer.call(lambda engine, piece=piece: _read(engine, piece, timed))  # type: ignore[misc]
            found.language = found.language or heard.language
            texts.append(heard.text)
            offset_s = at_s + reader.offset_s
            found.words += [Word(word.text, word.start + offset_s, word.end + offset_s) for word in words]
        progress(found.seconds)
    found.text = ("" if found.language in UNSPACED else " ").join(filter(None, texts))
    found.truncated = reader.truncated
    found.took_s = time.perf_counter() - began
    return found


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
