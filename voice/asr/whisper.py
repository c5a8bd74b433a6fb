"""Whisper through faster-whisper (CTranslate2, int8 on the CPU): many languages, partials by reading again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice.asr import chinese
from voice.asr.hallucination import Hypothesis, doubtful, hallucinated, looped, plausible, silenced
from voice.asr.interface import Transcript, Word
from voice.asr.local_agreement import Agreement
from voice.asr.loudness import Loudness
from voice.asr.spoken_language import SpokenLanguage
from voice.asr.word_times import whisper_words
from voice.audio.frames import RATE, Pcm, level_dbfs, silence, to_float
from voice.errors import EngineError, MissingError
from voice.text.language_tags import base_language

NEEDED = ("model.bin", "config.json", "tokenizer.json")
FULL_FRAMES = 3000
"""Mel frames of 10 ms that Whisper was trained on."""
LEAST_FRAMES = 1000
"""Shorter windows are known to loop on real weights."""
MARGIN_FRAMES = 200
LONGEST_S = 28.0
"""More audio than this is settled in parts, so that each part with its margin fits a window."""
PAUSE_SEARCH_S = 8.0
PARTIAL_S = 0.6
"""Least time between two partials."""
REST = 1.5
"""A partial also waits this many times what the last one took, which leaves the worker free for the final words."""
GAP_S = 0.04
"""Quiet between words. A partial that is due waits for it: if they say no more, its words need not be read again."""
HUSH_S = 0.06
"""Quiet for this long after loud audio may be the end of the turn: its words are read before they are asked for."""
LEAST_REST_S = 0.1
"""A recording that is fed faster than it was spoken is not read at every hush in it."""
TOKENS_PER_SECOND, TOKENS_LEAST = 12, 24
"""Most tokens a clip can hold; `generate` cannot be cancelled, so a loop must be cut short."""
PROMPT_TOKENS = 160
"""Most tokens of prompt and hot words: each is read before the first word of the person."""
STOP, STOP_S = "Stop.", 1.2
"""The prompt for another look at what was said over a reply in English: tiny.en reads "step" or "time" without it."""
NOTHING = Transcript("")
UNLOOPED = {"no_repeat_ngram_size": 4}
"""The last reading of what went round in circles: no four tokens twice."""


class WhisperRecognizer:
    """A Whisper model from a folder in CTranslate2's format; never downloads.

    `language` is a tag such as en or zh-TW; empty detects it in the first words and keeps it unless later ones are
    surely in another; recognizers are shared, and so is that. `window` "full" pads each clip to 30 s, as in
    training; "auto" encodes the clip and a margin only, and falls back to full where the words look wrong. `prompt` is
    a text in the style of what will be said, `hotwords` are names to expect. Raises MissingError when the folder is
    not a whole model.
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
        prompt: str = "",
        hotwords: str = "",
    ) -> None:
        self._model = _load(model, threads)
        self._tag, self._spoken = language, SpokenLanguage()
        self._prompt, self._hotwords = prompt.strip(), hotwords.strip()
        self._language = base_language(language)
        if self._language and self._language not in self._model.supported_languages:
            raise MissingError(
                f"the model does not support the language {language!r}",
                where=str(model),
                expected="en" if self._model.supported_languages == ["en"] else "a code such as en, zh or de",
                remedy="set asr.language, or use a multilingual model: voice models list",
            )
        self._task = "transcribe"
        self._over_reply = False
        self._window = window
        self._partial_s = partial_s
        self._clock = clock

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages that it recognizes."""
        return (self._language,) if self._language else tuple(self._model.supported_languages)

    def warm(self) -> None:
        """Encode and decode once."""
        self.read(silence(1.0), self._language)

    def open(self) -> WhisperUtterance:
        return WhisperUtterance(self, self._language, self._partial_s, self._clock)

    def with_hints(self, language: str = "", prompt: str = "", *, translate: bool = False) -> WhisperRecognizer:
        hinted = copy(self)
        if language:
            hinted._tag, hinted._language = language, base_language(language)
        hinted._prompt = prompt.strip() or self._prompt
        hinted._task = "translate" if translate else "transcribe"
        return hinted

    def over_reply(self) -> WhisperRecognizer:
        interrupted = copy(self)
        interrupted._over_reply = True
        return interrupted

    def read(self, pcm: Pcm, language: str, skimmed: Transcript | None = None) -> Transcript:
        """Recognize one clip of at most 30 s; the language is detected if empty. Raises EngineError.

        `skimmed` is what `skim` made of the same clip.
        """
        skimmed = skimmed or self.skim(pcm, language)
        if not _in_doubt(skimmed):
            return skimmed
        with _engine_errors():
            return self._whole(self._features(pcm), len(pcm) / RATE, language, skimmed)

    def skim(self, pcm: Pcm, language: str) -> Transcript:
        """As `read`, but in the short window alone, noted as `fallback` where only the full one can tell."""
        features, duration_s = self._features(pcm), len(pcm) / RATE
        frames = _window_frames(features.shape[-1]) if self._window == "auto" else FULL_FRAMES
        with _engine_errors():
            if frames == FULL_FRAMES:
                return self._whole(features, duration_s, language)
            encoded = self._encode(features, frames)
            code, chance = self._language_of(encoded, language)
            heard, notes = self._decode(encoded, code, duration_s), {"window": "auto", "frames": frames}
            if reason := doubtful(heard):
                return Transcript("", language=code, notes={**notes, "fallback": reason}, doubted=plausible(heard))
            return self._understood(self._second_look(heard, encoded, code), code, chance, notes)

    def align(self, pcm: Pcm, transcript: Transcript) -> list[Word]:
        if not transcript.text:
            return []
        frames = min(FULL_FRAMES, len(pcm) * 100 // RATE + MARGIN_FRAMES)
        with _engine_errors():
            return whisper_words(self._model, pcm, transcript.text, transcript.language, frames + frames % 2)

    def _features(self, pcm: Pcm) -> NDArray[np.float32]:
        features: NDArray[np.float32] = self._model.feature_extractor(to_float(pcm))[:, :FULL_FRAMES]
        return features

    def _whole(
        self, features: NDArray[np.float32], duration_s: float, language: str, skimmed: Transcript = NOTHING
    ) -> Transcript:
        """In the window that Whisper was trained on."""
        notes = {"window": "full"} | {key: why for key, why in skimmed.notes.items() if key == "fallback"}
        encoded = self._encode(features, FULL_FRAMES)
        code, chance = self._language_of(encoded, language)
        heard = self._decode(encoded, code, duration_s)
        if looped(heard):
            heard = self._decode(encoded, code, duration_s, UNLOOPED)
            notes["unlooped"] = True
        elif silenced(heard):
            heard = self._decode(encoded, code, duration_s, prompt="")
            notes["unprompted"] = True
        if reason := hallucinated(heard):
            doubted = skimmed.doubted or plausible(heard)
            return Transcript("", language=code, notes={**notes, "dropped": reason}, doubted=doubted)
        return self._understood(self._second_look(heard, encoded, code), code, chance, notes, skimmed.doubted)

    def _second_look(self, heard: Hypothesis, encoded: Any, code: str) -> Hypothesis:
        """What was said over a reply: "Stop." where the model, told of it, reads that. A noise gave no words before."""
        if not self._over_reply or code != "en" or heard.duration_s > STOP_S or not heard.text:
            return heard
        told = self._decode(encoded, code, heard.duration_s, prompt=STOP)
        return told if told.text == STOP else heard

    def _understood(
        self, heard: Hypothesis, code: str, chance: float, notes: dict[str, object], doubted: str = ""
    ) -> Transcript:
        if heard.text:
            self._spoken.keep(code, chance)
        text = chinese.written(heard.text, self._tag) if code == "zh" else heard.text
        return Transcript(text, language=code, stable=len(text), notes=notes, doubted=doubted)

    def _encode(self, features: NDArray[np.float32], frames: int) -> Any:
        from faster_whisper.audio import pad_or_trim

        return self._model.encode(pad_or_trim(features, frames))

    def _language_of(self, encoded: Any, language: str) -> tuple[str, float]:
        """The language to read in, and by what chance it was detected; 0 where it was not."""
        if language or not self._model.model.is_multilingual:
            return language or "en", 0.0
        token, chance = self._model.model.detect_language(encoded)[0][0]
        code = self._spoken.of(token[2:-2], chance)
        return code, chance if code == token[2:-2] else 0.0

    def _decode(
        self,
        encoded: Any,
        language: str,
        duration_s: float,
        options: Mapping[str, object] = MappingProxyType({}),
        prompt: str | None = None,
    ) -> Hypothesis:
        from faster_whisper.tokenizer import Tokenizer
        from faster_whisper.transcribe import get_suppressed_tokens

        multilingual = self._model.model.is_multilingual
        tokenizer = Tokenizer(self._model.hf_tokenizer, multilingual, task=self._task, language=language)
        before = self._before(language) if prompt is None else prompt
        told = tokenizer.encode(" " + before)[-PROMPT_TOKENS:] if before else []
        begun = [*([tokenizer.sot_prev, *told] if told else []), *tokenizer.sot_sequence, tokenizer.no_timestamps]
        most = min(self._model.max_length // 2, TOKENS_LEAST + int(TOKENS_PER_SECOND * duration_s))
        found = self._model.model.generate(
            encoded,
            [begun],
            beam_size=1,
            # CTranslate2 stops after half of max_length, and where prompt and words together reach it.
            max_length=most + max(most, len(begun)),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
            **options,
        )[0]
        tokens = found.sequences_ids[0]
        text = tokenizer.decode(tokens).strip()
        # The score is a mean over the tokens; the end token counts too, as in Whisper.
        log_prob = found.scores[0] * len(tokens) / (len(tokens) + 1)
        return Hypothesis(text, log_prob, found.no_speech_prob, duration_s, len(tokens) >= most, before)

    def _before(self, language: str) -> str:
        """The prompt of the model: names, a text in the style, marks as Chinese has them."""
        marks = chinese.PROMPT if language == "zh" else ""
        return " ".join(part for part in (self._hotwords, self._prompt or marks) if part)


class WhisperUtterance:
    """One turn: its audio, re-read as it grows."""

    def __init__(
        self, recognizer: WhisperRecognizer, language: str, partial_s: float, clock: Callable[[], float]
    ) -> None:
        self._recognizer, self._over_reply = recognizer, recognizer._over_reply
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
        self._loudness = Loudness()
        self._loud_since_read = False

    def add_audio(self, pcm: Pcm) -> Transcript | None:
        self._parts.append(pcm)
        self._samples += len(pcm)
        loud = self._loudness.loud(pcm)
        self._loud_since_read = self._loud_since_read or loud
        if self._samples >= LONGEST_S * RATE:
            self._settle()
        self._quiet_s = 0.0 if loud else self._quiet_s + len(pcm) / RATE
        if self._partial_s <= 0 or not self._due(loud):
            return None
        # Words at a hush may be the final ones, and those over a reply decide about it: both are worth the full window.
        self._read(surely=self._quiet_s >= HUSH_S - 1e-9 or self._over_reply)
        if _in_doubt(self._last):
            return None
        shown = self._agreement.update(self._last.text)
        if not shown.text or shown.text == self._shown:
            return None
        self._shown = shown.text
        lead = self._joined("")
        stable = len(lead) + shown.stable + (1 if lead and shown.stable else 0)
        newest = self._joined(self._last.text)
        return replace(self._last, text=self._joined(shown.text), stable=stable, newest=newest)

    def result(self) -> Transcript:
        if self._unread:
            self._read(surely=True)
        text = self._joined(self._last.text)
        notes = dict(self._last.notes)
        if revised := self._agreement.revised(self._last.text):
            notes["revised"] = revised
        return replace(self._last, text=text, stable=len(text), notes=notes)

    def close(self) -> None:
        self._parts = []

    @property
    def kept_s(self) -> float:
        """Seconds of audio held; never more than a window."""
        return self._samples / RATE

    @property
    def _unread(self) -> bool:
        return self._loud_since_read or _in_doubt(self._last)

    def _due(self, loud: bool) -> bool:
        """Whether to read now: in a gap between words at the partials' pace, and as soon as they fall silent.

        Speech without a gap is waited for once more as long; a fast machine need not rest before it reads at a hush.
        """
        since_s = self._clock() - self._read_at
        if loud:
            return since_s >= self._wait_s + self._partial_s
        if not self._unread or self._quiet_s < GAP_S - 1e-9:
            return False
        if self._quiet_s < HUSH_S - 1e-9:
            return self._loud_since_read and since_s >= self._wait_s
        return since_s >= max(LEAST_REST_S, self._rest_s - self._partial_s)

    def _read(self, *, surely: bool) -> None:
        """Read, while they speak only in the short window: the final words would wait for the full one."""
        began = self._clock()
        if self._loud_since_read:
            self._last = self._recognizer.skim(self._audio(), self._language)
        if surely and _in_doubt(self._last):
            self._last = self._recognizer.read(self._audio(), self._language, self._last)
        self._read_at = self._clock()
        self._rest_s = REST * (self._read_at - began)
        self._wait_s = max(self._partial_s, self._rest_s)
        self._loud_since_read = False

    def _settle(self) -> None:
        """Read all audio up to the quietest recent moment (the last of equals) for good; keep only what comes after."""
        audio = self._audio()
        step = RATE // 50
        first = len(audio) - round(PAUSE_SEARCH_S * RATE)
        cut = min(range(len(audio) - step, first, -step), key=lambda at: level_dbfs(audio[at : at + step]))
        before = self._recognizer.read(audio[:cut], self._language)
        self._earlier = self._joined(before.text)
        self._parts = [audio[cut:]]
        self._samples = len(audio) - cut
        self._last, self._loud_since_read = Transcript("", before.language), True
        self._agreement, self._shown = Agreement(), ""

    def _audio(self) -> Pcm:
        self._parts = [np.concatenate(self._parts)] if self._parts else []
        return self._parts[0] if self._parts else silence(0.0)

    def _joined(self, text: str) -> str:
        between = "" if self._last.language in ("zh", "ja", "yue") or not self._earlier or not text else " "
        return self._earlier + between + text


def _load(folder: Path, threads: int) -> Any:
    for name in NEEDED:
        if not (folder / name).is_file():
            raise MissingError(
                f"no {name} here",
                where=str(folder),
                expected="a folder with a Whisper model in CTranslate2 format",
                remedy="download one: voice models pull base.en",
            )
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)
    # tokenizers raises plain Exception for a tokenizer.json that it cannot read.
    except Exception as error:
        raise MissingError(
            f"the Whisper model cannot be loaded ({error})",
            where=str(folder),
            expected="complete model files",
            remedy="to check it: voice models verify",
        ) from error


@contextmanager
def _engine_errors() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise EngineError(f"Whisper failed on this audio ({error})", where="asr") from error


def _in_doubt(skimmed: Transcript) -> bool:
    """Whether the short window was not enough for this clip, and it has not been read in the full one."""
    return "fallback" in skimmed.notes and skimmed.notes["window"] == "auto"


def _window_frames(frames: int) -> int:
    """Mel frames to encode for a clip of so many: with a margin, even, never few."""
    wanted = max(LEAST_FRAMES, frames + MARGIN_FRAMES)
    return min(FULL_FRAMES, wanted + wanted % 2)
