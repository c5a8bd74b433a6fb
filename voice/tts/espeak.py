"""The embedded synthesizer: espeak-ng in this process, streamed from its own callback, in every language it has."""

from __future__ import annotations

import atexit
import ctypes
import difflib
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from voice.audio.frames import Pcm
from voice.errors import ConfigError, EngineError, MissingError
from voice.text.speakable import language_of
from voice.tts.interface import Chunk, Emit, WordMark
from voice.tts.word_timing import WORD

WORDS_PER_MINUTE = 175
SLOWEST_WPM, FASTEST_WPM = 80, 450
CHUNK_MS = 40
QUIET = 32
"""Samples below this are espeak's leading quiet, about 12 ms of each clause, which is not sent."""

MANDARIN = "cmn"
READS_HAN = ("cmn", "zh", "yue", "hak", "ja")
"""Languages written with Han characters; every other voice would say "Chinese letter" for each."""

_SYNCHRONOUS, _DO_NOT_EXIT, _UTF8, _BY_CHARACTER, _RATE_PARAMETER = 2, 0x8000, 1, 1, 1
_END_PAUSE = 0x1000
"""Flag: end with the pause the punctuation asks for (300 ms, 150 after a comma), since clauses come one by one."""
_EVENT_END_OF_LIST, _EVENT_WORD = 0, 1
_LONGEST_DATA_PATH = 150
"""The C library keeps its data path in 160 bytes and falls back to a build machine's path when it is longer."""


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


class _Voice(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("languages", ctypes.c_void_p), ("identifier", ctypes.c_char_p))


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))
Receive = Callable[[Pcm, list[tuple[int, int]]], bool]
"""Takes samples and (sample, 1-based text position) of words; returns False to stop."""


class _Library:
    """The C library: one per process and not re-entrant, so everything in it happens under `lock`."""

    def __init__(self) -> None:
        import espeakng_loader

        self.lock = threading.Lock()
        try:
            self._c: Any = ctypes.CDLL(espeakng_loader.get_library_path())
            data = _short_path(Path(espeakng_loader.get_data_path()))
        except (OSError, RuntimeError) as error:
            raise MissingError(
                f"the espeak-ng library cannot be loaded: {error}",
                where="espeak",
                remedy="reinstall the package espeakng-loader",
            ) from error
        self.rate: int = self._c.espeak_Initialize(_SYNCHRONOUS, CHUNK_MS, str(data).encode(), _DO_NOT_EXIT)
        if self.rate <= 0:
            raise MissingError(
                "espeak-ng cannot read its data",
                where=str(data),
                remedy="reinstall the package espeakng-loader",
            )
        self._c.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        self._callback = _Callback(self._on_audio)
        self._c.espeak_SetSynthCallback(self._callback)
        self.identifiers = self._list_voices()
        self._settings: tuple[str, int] | None = None
        self._receive: Receive | None = None
        self._error: BaseException | None = None

    def _list_voices(self) -> dict[str, str]:
        """Language code → the library's identifier of the voice that speaks it first, for example en-us → gmw/en-US."""
        listed = self._c.espeak_ListVoices(None)
        ranked: dict[str, tuple[int, str]] = {}
        index = 0
        while listed[index]:
            voice = listed[index].contents
            # A list of languages: each a priority byte and a zero-ended code; an empty one ends it.
            address = voice.languages or 0
            while address and (priority := ctypes.string_at(address, 1)[0]):
                code = ctypes.string_at(address + 1).decode().lower()
                address += 2 + len(code)
                ranked[code] = min(ranked.get(code, (256, "")), (priority, voice.identifier.decode()))
            index += 1
        ranked.pop("variant", None)
        return {code: identifier for code, (_, identifier) in sorted(ranked.items())}

    def speak(self, text: str, voice: str, words_per_minute: int, receive: Receive) -> None:
        """Synthesize; `receive` runs on this thread, inside the library."""
        with self.lock:
            if self._settings != (voice, words_per_minute):
                self._settings = None
                if self._c.espeak_SetVoiceByName(self.identifiers[voice].encode()) != 0:
                    raise EngineError(f"espeak-ng cannot load the voice {voice}", where="espeak")
                self._c.espeak_SetParameter(_RATE_PARAMETER, words_per_minute, 0)
                self._settings = (voice, words_per_minute)
            self._receive, self._error = receive, None
            data = text.replace("\0", " ").encode(errors="replace")
            try:
                status = self._c.espeak_Synth(data, len(data) + 1, 0, _BY_CHARACTER, 0, _UTF8 | _END_PAUSE, None, None)
            finally:
                self._receive = None
            if self._error is not None:
                raise self._error
            if status != 0:
                raise EngineError(f"espeak-ng refused the text (status {status})", where="espeak")

    def _on_audio(self, samples: Any, count: int, events: Any) -> int:
        """Called by C for each chunk; 1 ends it within a word. What is raised here is raised again by `speak`."""
        try:
            words = []
            index = 0
            while events[index].type != _EVENT_END_OF_LIST:
                if events[index].type == _EVENT_WORD:
                    words.append((events[index].sample, events[index].text_position))
                index += 1
            # numpy's own view of a pointer keeps a new type for every length it is asked for
            heard = ctypes.string_at(samples, 2 * count) if samples else b""
            pcm = np.frombuffer(heard, np.int16).copy()
            return 0 if self._receive is not None and self._receive(pcm, words) else 1
        except BaseException as error:  # noqa: BLE001  an exception cannot pass through C; speak() raises it
            self._error = error
            return 1


_shared: _Library | None = None
_shared_lock = threading.Lock()


def _library() -> _Library:
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = _Library()
        return _shared


def _short_path(data: Path) -> Path:
    """The data folder by a path that fits into the C library: itself, or a link in the temporary folder."""
    if len(str(data).encode()) <= _LONGEST_DATA_PATH:
        return data
    folder = Path(tempfile.mkdtemp(prefix="espeak"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    link = folder / data.name
    link.symlink_to(data, target_is_directory=True)
    return link


def voices() -> list[str]:
    """Language codes espeak-ng can speak, sorted, for example "en-us" and "cmn"."""
    return list(_library().identifiers)


class EspeakSynthesizer:
    """Speaks with espeak-ng; `voice` is one of its language codes, `speed` a factor of 175 words per minute.

    Raises ConfigError for an unknown voice or a speed out of range. Several objects and threads take turns.
    """

    def __init__(self, voice: str = "en-us", speed: float = 1.0) -> None:
        self._words_per_minute = round(WORDS_PER_MINUTE * speed)
        if not SLOWEST_WPM <= self._words_per_minute <= FASTEST_WPM:
            raise ConfigError(
                f"speed {speed:g} is out of range",
                where="espeak",
                expected=f"{SLOWEST_WPM / WORDS_PER_MINUTE:.2f} to {FASTEST_WPM / WORDS_PER_MINUTE:.2f}",
            )
        self._library = _library()
        voice = voice.lower()
        known = self._library.identifiers
        if voice not in known:
            near = difflib.get_close_matches(voice, known, n=3, cutoff=0.5) or ["en-us", "cmn", "de"]
            raise ConfigError(
                f"no voice named {voice!r}",
                where="espeak",
                expected=f"one of its {len(known)} languages, such as {', '.join(near)}",
            )
        self._voice = voice
        self._cancelled = False
        self.name = f"espeak {voice}"
        self.rate = self._library.rate

    def warm(self) -> None:
        """Read the voice's dictionary, the only slow part of a first clause."""
        self.speak("a", lambda chunk: True)

    def speak(self, text: str, emit: Emit) -> None:
        """Emit chunks of at most 60 ms while they are made, with exact word marks; nothing for text without words."""
        self._cancelled = False
        if not any(letter.isalnum() for letter in text):
            return
        starts = _word_starts(text)
        skipped = -1  # samples of leading quiet, known once sound begins
        last_char = -1

        def receive(pcm: Pcm, words: list[tuple[int, int]]) -> bool:
            nonlocal skipped, last_char
            if skipped < 0:
                loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > QUIET)
                skipped = int(loud[0]) if len(loud) else 0
                pcm = pcm[skipped:]
            marks = []
            for sample, position in words:
                char = starts[min(max(position, 1), len(starts)) - 1]
                # espeak reports parts of a number or of a symbol's name as words of their own.
                if char > last_char:
                    marks.append(WordMark(max(0, sample - skipped), char))
                    last_char = char
            if self._cancelled:
                return False
            return emit(Chunk(pcm, tuple(marks))) if len(pcm) or marks else True

        self._library.speak(text, self._voice_for(text), self._words_per_minute, receive)

    def _voice_for(self, text: str) -> str:
        """The voice itself, or Mandarin for Han characters that it cannot read."""
        return MANDARIN if language_of(text) == "zh" and not self._voice.startswith(READS_HAN) else self._voice

    def cancel(self) -> None:
        """End a running `speak` within a word: at its next chunk of about 0.1 ms of work."""
        self._cancelled = True


def _word_starts(text: str) -> list[int]:
    """For each code point the offset of its word; a Chinese character is a word, space belongs to the next word."""
    starts = list(range(len(text)))
    previous_end = 0
    for word in WORD.finditer(text):
        starts[previous_end : word.end()] = [word.start()] * (word.end() - previous_end)
        previous_end = word.end()
    return starts
