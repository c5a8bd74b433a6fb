"""A turn model in the published form of Smart Turn v3: Whisper's log-mel of 8 s in, one probability out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from voice.audio.frames import RATE, Pcm, silence, to_float
from voice.errors import ConfigError, EngineError, MissingError
from voice.turn.turn_model import HEARD_S

MELS, FRAMES = 80, 800
INPUT = "input_features"
EXPECTED = f"one input {INPUT}, float32 (1, {MELS}, {FRAMES}), and one output, a probability, as in Smart Turn v3"
FATAL = 4
"""onnxruntime's log level: it would print what is raised here anyway."""


class SmartTurn:
    """Runs the ONNX file `path` on one thread of the CPU.

    Raises MissingError for a file that is not there or not ONNX, ConfigError for a model of another form.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise MissingError("no such file", where=str(path), remedy="set turn.model to a turn model's .onnx file")
        import onnxruntime

        # The package first: two threads that import it, one by a module inside, wait for each other.
        from faster_whisper import feature_extractor

        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.log_severity_level = FATAL
        try:
            self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            why = (str(error) or type(error).__name__).splitlines()[0][:200]
            raise MissingError(f"not a readable ONNX model ({why})", where=str(path), expected=EXPECTED) from error
        ports = [(port.name, port.type, port.shape[1:]) for port in self._session.get_inputs()]
        if ports != [(INPUT, "tensor(float)", [MELS, FRAMES])]:
            has = ", ".join(f"{name} {kind} (_, {', '.join(map(str, shape))})" for name, kind, shape in ports)
            raise ConfigError(f"not a turn model: its inputs are {has}", where=str(path), expected=EXPECTED)
        self._path = path
        self._features = feature_extractor.FeatureExtractor(feature_size=MELS, chunk_length=round(HEARD_S))

    def warm(self) -> None:
        """Run once; raises ConfigError when no probability comes out."""
        try:
            self.probability(silence(1.0))
        except EngineError as error:
            raise ConfigError(error.what, where=str(self._path), expected=EXPECTED) from error

    def probability(self, pcm: Pcm) -> float:
        """Chance that the turn is complete. Silence is put before what is shorter than 8 s, as in training."""
        heard = to_float(pcm[-round(HEARD_S * RATE) :])
        whole = np.pad(heard, (round(HEARD_S * RATE) - len(heard), 0))
        level = (whole - whole.mean()) / np.sqrt(whole.var() + np.float32(1e-7))
        mel = self._features(level, padding=0).astype(np.float32)
        try:
            outputs = self._session.run(None, {INPUT: mel[np.newaxis]})
        except Exception as error:
            raise EngineError(f"the turn model failed: {error}", where=str(self._path)) from error
        if len(outputs) != 1 or outputs[0].size != 1 or not 0.0 <= (complete := float(outputs[0].item())) <= 1.0:
            raise EngineError("the turn model returned no probability", where=str(self._path))
        return complete
