"""Silero's neural voice activity detector, from the ONNX file that faster-whisper carries: steady in noise."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from voice.audio.frames import Pcm, to_float
from voice.errors import MissingError

WINDOW = 512
"""Samples the model looks at in one step, 32 ms."""

CONTEXT = 64
"""Samples of the window before that it is given again."""


def model_path() -> Path:
    """The newest Silero file inside the installed faster-whisper, found without importing it; else MissingError."""
    spec = find_spec("faster_whisper")
    folders = (spec.submodule_search_locations or []) if spec is not None else []
    found = sorted(path for folder in folders for path in (Path(folder) / "assets").glob("silero_vad*.onnx"))
    if not found:
        raise MissingError(
            "the Silero model is not installed",
            where="vad.engine",
            expected="faster-whisper's assets",
            remedy="install faster-whisper, or set vad.engine to webrtc",
        )
    return found[-1]


class SileroDetector:
    """Gives the probability of the latest whole 32 ms window; frames of any length are gathered to windows."""

    name = "silero"
    hangover_s = 0.05

    def __init__(self) -> None:
        path = model_path()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"], sess_options=options
        )
        self._zero = np.zeros((1, 1, 128), dtype=np.float32)
        self._h = self._c = self._zero
        self._pending = np.zeros(CONTEXT, dtype=np.float32)
        self._last = 0.0

    def probability(self, pcm: Pcm) -> float:
        """Chance in 0…1 that the last whole window holds speech."""
        self._pending = np.concatenate((self._pending, to_float(pcm)))
        while len(self._pending) >= CONTEXT + WINDOW:
            window = self._pending[np.newaxis, : CONTEXT + WINDOW]
            output, self._h, self._c = self._session.run(None, {"input": window, "h": self._h, "c": self._c})
            self._last = float(output.reshape(-1)[0])
            self._pending = self._pending[WINDOW:]
        return self._last

    def reset(self) -> None:
        """Forget what was heard."""
        self._h = self._c = self._zero
        self._pending = np.zeros(CONTEXT, dtype=np.float32)
        self._last = 0.0
