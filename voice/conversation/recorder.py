"""Records a conversation in a folder, on request: `voice talk --record DIR`."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import numpy as np

from voice.asr.interface import Recognizer, Transcript, Utterance
from voice.audio.frames import Pcm
from voice.audio.wav import write_wav
from voice.conversation.observer import Note, Notice, Observer, TurnEnded
from voice.errors import MissingError, VoiceError
from voice.trace import TurnTrace

TRANSCRIPTS = "transcripts.jsonl"
RECENT = 4


class Recorder:
    """Writes `turn-0001.wav` with the person's voice for each turn, and its words and answer into `transcripts.jsonl`.

    Recordings in an existing folder are continued. `notice` is called once when writing fails. Raises
    MissingError for a folder that cannot be made.
    """

    def __init__(self, folder: Path, notice: Observer) -> None:
        self._folder, self._notice = folder, notice
        self._recent: OrderedDict[str, Pcm] = OrderedDict()
        self._lock = Lock()
        self._failed = False
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / TRANSCRIPTS).touch()
        except OSError as error:
            raise MissingError(f"cannot be written: {error.strerror}", where=str(folder)) from error
        self._number = max((int(path.stem[5:]) for path in folder.glob("turn-[0-9]*.wav")), default=0)
        self._writer = ThreadPoolExecutor(1, "recording")

    def recognizer(self, make: Callable[[], Recognizer]) -> Callable[[], Recognizer]:
        """A recognizer's maker whose utterances are overheard."""
        return lambda: _Overheard(make(), self._heard)

    def observe(self, event: Note) -> None:
        """Take note of every turn that ends."""
        if isinstance(event, TurnEnded) and (event.trace.text or event.trace.reply) and not self._failed:
            self._number += 1
            job = self._writer.submit(self._write, event.trace, self._spoken(event.trace.text.strip()), self._number)
            job.add_done_callback(self._written)

    def close(self) -> None:
        """Write what is still to be written."""
        self._writer.shutdown()

    def _heard(self, text: str, pcm: Pcm) -> None:
        """On the recognizer's thread: the audio of an utterance may turn out to be a turn's."""
        with self._lock:
            self._recent[text.strip()] = pcm
            while len(self._recent) > RECENT:
                self._recent.popitem(last=False)

    def _spoken(self, words: str) -> Pcm | None:
        """The audio of these words; a wake word before them may have been left out since."""
        with self._lock:
            plain = _letters(words)  # the turn may have been answered to an earlier reading, with other marks
            found = next((text for text in reversed(self._recent) if plain and _letters(text).endswith(plain)), None)
            return None if found is None else self._recent.pop(found)

    def _write(self, trace: TurnTrace, pcm: Pcm | None, number: int) -> None:
        name = None if pcm is None else f"turn-{number:04}.wav"
        if name is not None and pcm is not None:
            write_wav(self._folder / name, pcm)
        line = {"turn": number, "wav": name, "words": trace.text, "answer": trace.shown, "outcome": trace.outcome}
        with (self._folder / TRANSCRIPTS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def _written(self, done: Future[None]) -> None:
        error = done.exception()
        if error is None:
            return
        if not isinstance(error, OSError | VoiceError):
            raise error
        if not self._failed:
            self._failed = True
            self._notice(Notice(f"{self._folder}: recording stopped: {error}", "error"))


class _Overheard:
    """A recognizer whose audio is recorded."""

    def __init__(self, inner: Recognizer, heard: Callable[[str, Pcm], None]) -> None:
        self._inner, self._heard = inner, heard
        self.name = inner.name

    def warm(self) -> None:
        self._inner.warm()

    def open(self) -> Utterance:
        return _Copied(self._inner.open(), self._heard)


class _Copied:
    def __init__(self, inner: Utterance, heard: Callable[[str, Pcm], None]) -> None:
        self._inner, self._heard = inner, heard
        self._chunks: list[Pcm] = []

    def add_audio(self, pcm: Pcm) -> Transcript | None:
        self._chunks.append(pcm)
        return self._inner.add_audio(pcm)

    def result(self) -> Transcript:
        words = self._inner.result()
        if words.text.strip() and self._chunks:
            self._chunks = [np.concatenate(self._chunks)]
            self._heard(words.text, self._chunks[0])
        return words

    def close(self) -> None:
        self._inner.close()


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
