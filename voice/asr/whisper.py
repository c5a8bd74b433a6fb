"""Whisper through faster-whisper (CTranslate2, int8 on the CPU): many languages, partials by reading again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice.asr.hallucination import Hypothesis, doubtful, hallucinated
from voice.asr.interface import Transcript, Word
from voice.asr.local_agreement import Agreement
from voice.asr.word_times import whisper_words
from voice.audio.frames import RATE, Pcm, level_dbfs, silence, to_float
from voice.errors import EngineError, MissingError

NEEDED = ("model.bin", "config.json", "tokenizer.json")
FULL_FRAMES = 3000
"""Mel frames of 10 ms that Whisper was trained on."""
LEAST_FRAMES = 1000
"""Shorter windows are known to loop on real weights."""
MARGIN_FRAMES = 200
LONGEST_S = 28.0
"""More audio than this is settled in parts, so that each part with its margin fits a window."""
PAUSE_SEARCH_S = 8.0
SILENCE_DBFS = -60.0
"""Audio whose loudest 20 ms stay below this holds no speech; Whisper would invent some."""
QUIET_BELOW_PEAK_DB = 30.0
PARTIAL_S = 0.6
"""Least time between two partials."""
REST = 1.5
"""A partial also waits this many times what the last one took, which leaves the worker free for the final words."""
HUSH_S = 0.06
"""Quiet for this long after loud audio may be the end of the turn: its words are read before they are asked for."""
TOKENS_PER_SECOND, TOKENS_LEAST = 12, 24
"""Most tokens a clip can hold; `generate` cannot be cancelled, so a loop has to be cut short."""


class WhisperRecognizer:
    """A Whisper model from a folder in CTranslate2's format; never downloads.

    `language` is a code as en or zh; empty detects it once per utterance. `window` "full" pads each clip to 30 s, as in
    training; "auto" encodes the clip and a margin only, and falls back to full where the words look wrong.
    Raises MissingError when the folder is not a whole model.
    """

    name = "whisper"

    def __init__(
        self,
        model: Path,
        language: str = "",
        threads: int = 0,
        window: str = "full",
        partial_s: float = PARTIAL_S,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._model = _load(model, threads)
        self._language = language.partition("-")[0].lower()
        if self._language and self._language not in self._model.supported_languages:
            raise MissingError(
                f"the model does not know the language {language!r}",
                where=str(model),
                expected="en" if self._model.supported_languages == ["en"] else "a code as en, zh or de",
                remedy="set asr.language, or take a multilingual model: voice models list",
            )
        self._window = window
        self._partial_s = partial_s
        self._clock = clock

    def warm(self) -> None:
        """Encode and decode once."""
        self.read(silence(1.0), self._language)

    def open(self) -> WhisperUtterance:
        return WhisperUtterance(self, self._language, self._partial_s, self._clock)

    def read(self, pcm: Pcm, language: str) -> Transcript:
        """Recognize one clip of at most 30 s; the language is detected if empty. Raises EngineError."""
        try:
            return self._read(pcm, language)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"Whisper failed on this audio ({error})", where="asr") from error

    def align(self, pcm: Pcm, transcript: Transcript) -> list[Word]:
        if not transcript.text:
            return []
        frames = min(FULL_FRAMES, len(pcm) * 100 // RATE + MARGIN_FRAMES)
        try:
            return whisper_words(self._model, pcm, transcript.text, transcript.language, frames + frames % 2)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"Whisper failed on this audio ({error})", where="asr") from error

    def _read(self, pcm: Pcm, language: str) -> Transcript:
        features: NDArray[np.float32] = self._model.feature_extractor(to_float(pcm))[:, :FULL_FRAMES]
        notes: dict[str, object] = {"window": "full"}
        frames = _window_frames(features.shape[-1]) if self._window == "auto" else FULL_FRAMES
        if frames < FULL_FRAMES:
            heard, language_heard = self._decode(features, frames, language, len(pcm) / RATE)
            reason = doubtful(heard)
            if not reason:
                return _transcript(heard, language_heard, {"window": "auto", "frames": frames})
            notes["fallback"] = reason
        heard, language_heard = self._decode(features, FULL_FRAMES, language, len(pcm) / RATE)
        if reason := hallucinated(heard):
            return Transcript("", language=language_heard, notes={**notes, "dropped": reason})
        return _transcript(heard, language_heard, notes)

    def _decode(
        self, features: NDArray[np.float32], frames: int, language: str, duration_s: float
    ) -> tuple[Hypothesis, str]:
        from faster_whisper.audio import pad_or_trim
        from faster_whisper.tokenizer import Tokenizer
        from faster_whisper.transcribe import get_suppressed_tokens

        encoded = self._model.encode(pad_or_trim(features, frames))
        multilingual = self._model.model.is_multilingual
        if not language:
            language = self._model.model.detect_language(encoded)[0][0][0][2:-2] if multilingual else "en"
        tokenizer = Tokenizer(self._model.hf_tokenizer, multilingual, task="transcribe", language=language)
        prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        most = TOKENS_LEAST + int(TOKENS_PER_SECOND * duration_s)
        found = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=1,
            # CTranslate2 stops after half of max_length.
            max_length=min(self._model.max_length, 2 * most),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
        )[0]
        tokens = found.sequences_ids[0]
        text = tokenizer.decode(tokens).strip()
        # The score is a mean over the tokens; the end token counts too, as in Whisper.
        log_prob = found.scores[0] * len(tokens) / (len(tokens) + 1)
        capped = len(tokens) >= min(self._model.max_length // 2, most)
        return Hypothesis(text, log_prob, found.no_speech_prob, duration_s, capped), language


class WhisperUtterance:
    """One turn: its audio, re-read as it grows."""

    def __init__(
        self, recognizer: WhisperRecognizer, language: str, partial_s: float, clock: Callable[[], float]
    ) -> None:
        self._recognizer = recognizer
        self._language = language
        self._rest_s = self._wait_s = self._partial_s = partial_s
        self._quiet_s = 0.0
        self._clock = clock
        self._read_at = clock()
        self._earlier = ""
        self._parts: list[Pcm] = []
        self._samples = 0
        self._agreement = Agreement()
        self._shown = ""
        self._last = Transcript("")
        self._peak_dbfs = SILENCE_DBFS
        self._loud_since_read = False

    def feed(self, pcm: Pcm) -> Transcript | None:
        self._parts.append(pcm)
        self._samples += len(pcm)
        loud = self._is_loud(pcm)
        self._loud_since_read = self._loud_since_read or loud
        if self._samples >= LONGEST_S * RATE:
            self._settle()
        self._quiet_s = 0.0 if loud else self._quiet_s + len(pcm) / RATE
        if self._partial_s <= 0 or not self._due(loud):
            return None
        self._read()
        shown = self._agreement.update(self._last.text)
        if not shown.text or shown.text == self._shown:
            return None
        self._shown = shown.text
        lead = self._joined("")
        return Transcript(
            self._joined(shown.text),
            language=self._last.language,
            stable=len(lead) + shown.stable + (1 if lead and shown.stable else 0),
            notes=self._last.notes,
        )

    def result(self) -> Transcript:
        if self._loud_since_read:
            self._read()
        text = self._joined(self._last.text)
        notes = dict(self._last.notes)
        if revised := self._agreement.revised(self._last.text):
            notes["revised"] = revised
        return Transcript(text, language=self._last.language, stable=len(text), notes=notes)

    def close(self) -> None:
        self._parts = []

    @property
    def kept_s(self) -> float:
        """Seconds of audio held; never more than a window."""
        return self._samples / RATE

    def _due(self, loud: bool) -> bool:
        """Whether to read now: while they speak at the partials' pace, and as soon as they fall silent."""
        since_s = self._clock() - self._read_at
        if loud:
            return since_s >= self._wait_s
        return self._loud_since_read and self._quiet_s >= HUSH_S - 1e-9 and since_s >= self._rest_s

    def _is_loud(self, pcm: Pcm) -> bool:
        """Whether this audio is loud enough to hold speech, measured against the utterance's loudest 20 ms."""
        step = RATE // 50
        level = max((level_dbfs(pcm[at : at + step]) for at in range(0, len(pcm), step)), default=SILENCE_DBFS)
        self._peak_dbfs = max(self._peak_dbfs, level)
        return level > max(SILENCE_DBFS, self._peak_dbfs - QUIET_BELOW_PEAK_DB)

    def _read(self) -> None:
        began = self._clock()
        self._last = self._recognizer.read(self._audio(), self._language)
        self._read_at = self._clock()
        self._rest_s = REST * (self._read_at - began)
        self._wait_s = max(self._partial_s, self._rest_s)
        self._loud_since_read = False
        if self._last.text:
            self._language = self._last.language

    def _settle(self) -> None:
        """Read all audio up to the quietest recent moment (the last of equals) for good; keep only what comes after."""
        audio = self._audio()
        step = RATE // 50
        first = len(audio) - round(PAUSE_SEARCH_S * RATE)
        cut = min(range(len(audio) - step, first, -step), key=lambda at: level_dbfs(audio[at : at + step]))
        before = self._recognizer.read(audio[:cut], self._language)
        self._earlier = self._joined(before.text)
        self._language = before.language if before.text else self._language
        self._parts = [audio[cut:]]
        self._samples = len(audio) - cut
        self._last, self._loud_since_read = Transcript("", before.language), True
        self._agreement, self._shown = Agreement(), ""

    def _audio(self) -> Pcm:
        self._parts = [np.concatenate(self._parts)] if self._parts else []
        return self._parts[0] if self._parts else silence(0.0)

    def _joined(self, text: str) -> str:
        between = "" if self._language in ("zh", "ja", "yue") or not self._earlier or not text else " "
        return self._earlier + between + text


def _load(folder: Path, threads: int) -> Any:
    for name in NEEDED:
        if not (folder / name).is_file():
            raise MissingError(
                f"no {name} here",
                where=str(folder),
                expected="a folder with a Whisper model in CTranslate2 format",
                remedy="get one: voice models pull base.en",
            )
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)
    # tokenizers raises plain Exception for a tokenizer.json that it cannot read.
    except Exception as error:
        raise MissingError(
            f"the Whisper model cannot be loaded ({error})",
            where=str(folder),
            expected="whole model files",
            remedy="see what is wrong: voice models verify",
        ) from error


def _window_frames(frames: int) -> int:
    """Mel frames to encode for a clip of so many: with a margin, even, never few."""
    wanted = max(LEAST_FRAMES, frames + MARGIN_FRAMES)
    return min(FULL_FRAMES, wanted + wanted % 2)


def _transcript(heard: Hypothesis, language: str, notes: dict[str, object]) -> Transcript:
    return Transcript(heard.text, language=language, stable=len(heard.text), notes=notes)
