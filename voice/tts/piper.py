"""Neural voices in Piper's file format, through piper-tts and onnxruntime."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from voice.audio.frames import from_float
from voice.errors import ConfigError, EngineError, MissingError
from voice.text.speakable import language_of
from voice.tts.interface import Chunk, Emit, WordMark
from voice.tts.level import Audio, gain_of, louder
from voice.tts.piper_streaming import FATAL, Feeds, SplitVoice, open_session, open_split
from voice.tts.word_timing import id_offsets, word_phonemes

READS_HAN = ("cmn", "zh", "yue", "ja")
"""espeak-ng voices that phonemize Han characters; others spell "Chinese letter" for each."""

SAMPLE = "It is ten past nine, and I have set a timer for five minutes."
"""Tells how loud a voice is; the words do not matter, and a voice of another language reads them too."""

Split = Literal["auto", "off"]


class PiperSynthesizer:
    """Speaks with the voice file `model` (.onnx, its .onnx.json beside it); `speed` is a factor.

    `split="auto"` cuts the voice in parts at its first use (see piper_streaming), so that audio comes before the
    sentence is finished and with word marks; a voice that cannot be cut is spoken whole, as with "off". All voices are
    brought to one level (see level). `rate` is the voice's own, 16,000 or 22,050 Hz. Raises MissingError when a file is
    missing or damaged, ConfigError for a speed out of range.
    """

    def __init__(self, model: Path, speed: float = 1.0, split: Split = "auto", threads: int = 0) -> None:
        if not 0.25 <= speed <= 4.0:
            raise ConfigError(f"speed {speed:g} is out of range", where="piper", expected="0.25 to 4")
        config = _read_config(model)
        import onnxruntime
        from piper import PiperVoice

        self._new_run = onnxruntime.RunOptions
        self._run = self._new_run()
        try:
            self._parts: SplitVoice | None = None
            if split == "auto":
                self._parts = open_split(model, config.num_symbols, threads)
            self._whole: Any = None if self._parts else open_session(model, threads)
        except Exception as error:
            raise _damaged(model, f"not a readable ONNX model ({_first_line(error)})") from error
        first: Any = self._parts.encoder if self._parts else self._whole
        inputs = {port.name for port in first.get_inputs()}
        if not {"input", "input_lengths", "scales"} <= inputs:
            raise _damaged(model, f"not a Piper voice: its inputs are {', '.join(sorted(inputs))}")
        self._config = config
        self._voice = PiperVoice(session=self._whole, config=config, download_dir=model.parent)
        self._pronounce = lru_cache(maxsize=4096)(self._pronounce_alone)
        scales = [config.noise_scale, config.length_scale / speed, config.noise_w_scale]
        self._scales = np.array(scales, np.float32)
        self._gain = 0.0
        self.name = f"piper {model.name.removesuffix('.onnx')}"
        self.rate: int = config.sample_rate

    def warm(self) -> None:
        """Run the phonemizer and the model once: the first call of each is the slowest, and tells the voice's level."""
        self._level()

    def speak(self, text: str, emit: Emit) -> None:
        """Emit audio as it is made, sentence after sentence; nothing for text without words. Raises EngineError."""
        self._run = run = self._new_run()
        run.log_severity_level = FATAL
        if not any(letter.isalnum() for letter in text):
            return
        if language_of(text) == "zh" and not self._config.espeak_voice.startswith(READS_HAN):
            raise EngineError("this voice cannot read Chinese", where=self.name)
        # Piper reads [[…]] as raw phonemes; a language model that writes a wiki link does not mean that.
        text = text.replace("[[", "[ ").replace("\0", " ").encode(errors="replace").decode()
        self._level()
        sample = 0
        for sentence, words in self._sentences(text):
            for chunk in self._chunks(sentence, words, sample, run):
                if run.terminate or not emit(chunk):
                    return
                sample += len(chunk.pcm)
            if run.terminate:
                return

    def cancel(self) -> None:
        """End a running `speak` within the network's current layer, 1–13 ms."""
        self._run.terminate = True

    def _level(self) -> None:
        """Find the gain of this voice, once."""
        if self._gain == 0.0:
            sentences = self._sentences(SAMPLE)
            spoken = [audio for sentence, _ in sentences for audio, _ in self._audio(sentence, [], 0, self._new_run())]
            self._gain = gain_of(np.concatenate(spoken))

    def _sentences(self, text: str) -> list[tuple[list[str], list[tuple[int, int]]]]:
        """Phonemes of each sentence, with the (phoneme index, offset in `text`) of its words when the voice is cut."""
        try:
            sentences = [phonemes for phonemes in self._voice.phonemize(text) if phonemes]
            words = word_phonemes(text, sentences, self._pronounce) if self._parts else [[]] * len(sentences)
        except Exception as error:
            raise EngineError(f"cannot turn the text into phonemes: {error}", where=self.name) from error
        return list(zip(sentences, words, strict=True))

    def _pronounce_alone(self, word: str) -> list[str]:
        return [phoneme for sentence in self._voice.phonemize(word) for phoneme in sentence]

    def _chunks(self, sentence: list[str], words: list[tuple[int, int]], sample: int, run: Any) -> Iterator[Chunk]:
        """The audio of one sentence that begins at `sample` of its clause; it ends early when the run was cancelled."""
        for audio, marks in self._audio(sentence, words, sample, run):
            yield Chunk(from_float(louder(audio, self._gain)), marks)

    def _audio(
        self, sentence: list[str], words: list[tuple[int, int]], sample: int, run: Any
    ) -> Iterator[tuple[Audio, tuple[WordMark, ...]]]:
        """The same as the network gives it, full scale 1."""
        ids = self._voice.phonemes_to_ids(sentence)
        feeds: Feeds = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": self._scales,
        }
        if self._config.num_speakers > 1:
            feeds["sid"] = np.array([self._config.default_speaker_id], np.int64)
        try:
            if self._parts is None:
                yield self._whole.run(None, feeds, run)[0].reshape(-1), ()
                return
            frames, durations = self._parts.encode(feeds, run)
            marks = self._marks(sentence, words, ids, durations, sample)
            for audio in self._parts.decode(frames, feeds, run):
                sample += len(audio)
                begun = tuple(mark for mark in marks if mark.sample < sample)
                marks = marks[len(begun) :]
                yield audio, begun
        except Exception as error:
            if not run.terminate:
                raise EngineError(f"synthesis failed: {_first_line(error)}", where=self.name) from error

    def _marks(
        self, sentence: list[str], words: list[tuple[int, int]], ids: list[int], durations: Any, sample: int
    ) -> list[WordMark]:
        """Where the words of a sentence begin, from the frames of each phoneme id; none if the voice does not tell."""
        if durations is None or not words:
            return []
        offsets = id_offsets(sentence, self._config.phoneme_id_map)
        if not len(durations) == len(ids) == offsets[-1]:
            return []
        begins = sample + self._config.hop_length * (np.cumsum(durations) - durations)
        return [WordMark(int(begins[offsets[phoneme]]), char) for phoneme, char in words]


def _read_config(model: Path) -> Any:
    """The voice's PiperConfig. Raises MissingError, one line, for whatever keeps it from being read."""
    from piper.config import PiperConfig

    path = model.with_name(model.name + ".json")
    for file in (model, path):
        if not file.is_file():
            raise MissingError(
                "voice file not found",
                where=str(file),
                expected="a Piper voice: NAME.onnx with NAME.onnx.json beside it",
                remedy="see `voice models list` and `voice models pull NAME`",
            )
    try:
        return PiperConfig.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"not a Piper voice configuration ({type(error).__name__}: {_first_line(error)})"
        raise _damaged(path, what) from error


def _damaged(file: Path, what: str) -> MissingError:
    return MissingError(
        what,
        where=str(file),
        expected="a complete voice file",
        remedy="download it again: `voice models pull NAME`",
    )


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
