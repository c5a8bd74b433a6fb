"""Any OpenAI-compatible `/v1/audio/transcriptions` as recognizer, for example on another machine."""

from __future__ import annotations

import io
import wave

import numpy as np

from voice.asr.interface import Transcript
from voice.audio.frames import RATE, Pcm, silence
from voice.audio.openai_server import AudioServer
from voice.errors import EngineError

DEFAULT_MODEL = "whisper-1"
LEAST_S = 0.1
"""Servers refuse shorter audio, and it is too short for a word."""


class RemoteRecognizer:
    """Sends an utterance's audio when its words are wanted; nothing is sent while the person still speaks.

    `url` as in `http://pi5.local:8000/v1`. Raises ConfigError for what is no URL.
    """

    name = "remote"

    def __init__(self, url: str, *, model: str = "", language: str = "", api_key: str = "", prompt: str = "") -> None:
        self._server = AudioServer(url, api_key, "asr.url")
        self._model, self._language, self._prompt = model or DEFAULT_MODEL, language, prompt

    def warm(self) -> None:
        """Have the server load its model; raises EngineError where it does not answer."""
        self.transcribe(silence(1.0))

    def open(self) -> RemoteUtterance:
        return RemoteUtterance(self)

    def transcribe(self, pcm: Pcm) -> Transcript:
        """The words of 16 kHz audio. Raises EngineError."""
        with self._server.failures():
            answer = self._server.audio.transcriptions.create(
                file=("turn.wav", wav_bytes(pcm), "audio/wav"),
                model=self._model,
                language=self._language.partition("-")[0] or self._server.omit,
                prompt=self._prompt or self._server.omit,
                response_format="json",
            )
        text = getattr(answer, "text", None)
        if not isinstance(text, str):
            raise EngineError("the answer contains no text", where=self._server.url, expected='{"text": "…"}')
        return Transcript(text.strip(), self._language, stable=len(text.strip()))


class RemoteUtterance:
    """One turn's audio; the same audio is sent once, however often it is read."""

    def __init__(self, recognizer: RemoteRecognizer) -> None:
        self._recognizer = recognizer
        self._parts: list[Pcm] = []
        self._found: Transcript | None = Transcript("")

    def add_audio(self, pcm: Pcm) -> None:
        self._parts.append(pcm)
        self._found = None

    def result(self) -> Transcript:
        if self._found is None:
            pcm = np.concatenate(self._parts)
            self._parts = [pcm]
            self._found = self._recognizer.transcribe(pcm) if len(pcm) >= LEAST_S * RATE else Transcript("")
        return self._found

    def close(self) -> None:
        self._parts, self._found = [], Transcript("")


def wav_bytes(pcm: Pcm) -> bytes:
    """16 kHz mono audio as a WAV file in memory."""
    memory = io.BytesIO()
    with wave.open(memory, "wb") as file:
        file.setparams((1, 2, RATE, len(pcm), "NONE", ""))
        file.writeframes(pcm.astype("<i2").tobytes())
    return memory.getvalue()
