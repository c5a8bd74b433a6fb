"""Neural voices in Piper's file format, through piper-tts and onnxruntime."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from voice.audio.frames import from_float
from voice.errors import ConfigError, EngineError, MissingError
from voice.tts.synthesizer import Chunk, Emit

Split = Literal["auto", "off"]
FATAL = 4
"""onnxruntime's log level: it would print each cancelled run as an error."""


class PiperSynthesizer:
    """Speaks with the voice file `model` (.onnx, its .onnx.json beside it); `speed` is a factor.

    `rate` is the voice's own, 16,000 or 22,050 Hz. Raises MissingError when a file is missing or
    damaged, ConfigError for a speed out of range.
    """

    def __init__(self, model: Path, speed: float = 1.0, split: Split = "auto") -> None:
        if not 0.25 <= speed <= 4.0:
            raise ConfigError(f"speed {speed:g} is out of range", where="piper", expected="0.25 to 4")
        config = _read_config(model)
        import onnxruntime
        from piper import PiperVoice

        self._new_run = onnxruntime.RunOptions
        self._run = self._new_run()
        self._voice = PiperVoice(session=_open(model), config=config, download_dir=model.parent)
        self._scales = np.array([config.noise_scale, config.length_scale / speed, config.noise_w_scale], np.float32)
        self.name = f"piper {model.name.removesuffix('.onnx')}"
        self.rate: int = config.sample_rate

    def warm(self) -> None:
        """Run the phonemizer and the model once: the first call of each is the slowest."""
        self.speak("Ready.", lambda chunk: True)

    def speak(self, text: str, emit: Emit) -> None:
        """Emit a chunk per sentence as soon as it is made; nothing for text without words. Raises EngineError."""
        self._run = run = self._new_run()
        run.log_severity_level = FATAL
        if not any(letter.isalnum() for letter in text):
            return
        for ids in self._sentences(text):
            for audio in self._audio(ids, run):
                if run.terminate or not emit(Chunk(from_float(audio))):
                    return
            if run.terminate:
                return

    def cancel(self) -> None:
        """End a running `speak` within the network's current layer, 1–13 ms."""
        self._run.terminate = True

    def _sentences(self, text: str) -> list[list[int]]:
        """Phoneme ids of each sentence."""
        # Piper reads [[…]] as raw phonemes; a language model that writes a wiki link does not mean that.
        text = text.replace("[[", "[").replace("\0", " ").encode(errors="replace").decode()
        try:
            sentences = [phonemes for phonemes in self._voice.phonemize(text) if phonemes]
            return [self._voice.phonemes_to_ids(phonemes) for phonemes in sentences]
        except Exception as error:
            raise EngineError(f"cannot turn the text into phonemes: {error}", where=self.name) from error

    def _audio(self, ids: list[int], run: Any) -> Iterator[NDArray[np.float32]]:
        """Samples of one sentence in −1…1; nothing when the run was cancelled."""
        feeds = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": self._scales,
        }
        if self._voice.config.num_speakers > 1:
            feeds["sid"] = np.array([self._voice.config.default_speaker_id], np.int64)
        try:
            audio = self._voice.session.run(None, feeds, run)[0]
        except Exception as error:
            if run.terminate:
                return
            raise EngineError(f"synthesis failed: {_first_line(error)}", where=self.name) from error
        yield audio.reshape(-1)


def _read_config(model: Path) -> Any:
    """The voice's PiperConfig. Raises MissingError, one line, for whatever keeps it from being read."""
    from piper.config import PiperConfig

    path = model.with_name(model.name + ".json")
    for file in (model, path):
        if not file.is_file():
            raise MissingError(
                "no such voice file",
                where=str(file),
                expected="a Piper voice: NAME.onnx with NAME.onnx.json beside it",
                remedy="see `voice models list` and `voice models pull NAME`",
            )
    try:
        return PiperConfig.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(
            path, f"not a Piper voice configuration ({type(error).__name__}: {_first_line(error)})"
        ) from error


def _open(model: Path) -> Any:
    """An onnxruntime session for a voice file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = FATAL
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise _damaged(model, f"not a readable ONNX model ({_first_line(error)})") from error
    inputs = {port.name for port in session.get_inputs()}
    if not {"input", "input_lengths", "scales"} <= inputs:
        raise _damaged(model, f"not a Piper voice: its inputs are {', '.join(sorted(inputs))}")
    return session


def _damaged(file: Path, what: str) -> MissingError:
    return MissingError(
        what,
        where=str(file),
        expected="a complete voice file",
        remedy="download it again: `voice models pull NAME`",
    )


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
