"""The GE2E voice encoder that Resemblyzer publishes, run with numpy: three LSTM layers of 256 over mel bands.

The published file is a PyTorch checkpoint: pickles, then the numbers. It is read here without PyTorch, by an unpickler
that makes nothing but the table of weights.
"""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from voice.audio.frames import RATE, Pcm, to_float
from voice.errors import ConfigError, EngineError, MissingError
from voice.speakers.interface import PIECE_S, Embedding
from voice.speakers.mel import BANDS, STEP, Floats, mel_bands

EXPECTED = "the file pretrained.pt of Resemblyzer 0.1.4; voice models pull voice-encoder"
FRAMES = round(PIECE_S * RATE) // STEP
SOFTEST_DBFS = -30.0
"""Softer speech is made this loud first, as in training."""
SIZE, LAYERS = 256, 3

_SHAPES = {
    f"lstm.{what}_l{layer}": shape
    for layer in range(LAYERS)
    for what, shape in {
        "weight_ih": (4 * SIZE, SIZE if layer else BANDS),
        "weight_hh": (4 * SIZE, SIZE),
        "bias_ih": (4 * SIZE,),
        "bias_hh": (4 * SIZE,),
    }.items()
} | {"linear.weight": (SIZE, SIZE), "linear.bias": (SIZE,)}


class _Layer(NamedTuple):
    inputs: Floats
    state: Floats
    bias: Floats


class Ge2eEncoder:
    """Reads the weights from `path`; 6 MB in memory, one thread.

    Raises MissingError for a file that is not there, ConfigError for one of another kind.
    """

    name = "ge2e-resemblyzer"

    def __init__(self, path: Path) -> None:
        weights = checked(read_checkpoint(path), path)
        self._layers = [
            _Layer(
                np.ascontiguousarray(weights[f"lstm.weight_ih_l{layer}"].T),
                np.ascontiguousarray(weights[f"lstm.weight_hh_l{layer}"].T),
                weights[f"lstm.bias_ih_l{layer}"] + weights[f"lstm.bias_hh_l{layer}"],
            )
            for layer in range(LAYERS)
        ]
        self._out = weights["linear.weight"].T, weights["linear.bias"]

    def embed(self, pcm: Pcm) -> Embedding:
        """The voice in up to `PIECE_S`; silence follows what is shorter, of what is longer the start counts."""
        audio = to_float(pcm[: round(PIECE_S * RATE)])
        loud = float(np.sqrt(np.mean(audio**2))) if len(audio) else 0.0
        if loud > 0.0:
            audio = audio * np.float32(max(1.0, 10 ** (SOFTEST_DBFS / 20) / loud))
        sequence = mel_bands(np.pad(audio, (0, round(PIECE_S * RATE) - len(audio))))[:FRAMES]
        for layer in self._layers:
            sequence = _lstm(sequence, layer)
        weight, bias = self._out
        voice = np.maximum(sequence[-1] @ weight + bias, 0.0)
        length = float(np.linalg.norm(voice))
        if not np.isfinite(length) or length == 0.0:
            raise EngineError("the voice encoder returned nothing")
        return np.asarray(voice / np.float32(length), dtype=np.float32)


def _lstm(sequence: Floats, layer: _Layer) -> Floats:
    """The states of a layer, in PyTorch's order of gates: input, forget, cell, output."""
    gates = sequence @ layer.inputs + layer.bias
    hidden, cell = np.zeros(SIZE, np.float32), np.zeros(SIZE, np.float32)
    states = np.empty((len(sequence), SIZE), np.float32)
    for step, given in enumerate(gates):
        now = given + hidden @ layer.state
        opened = 0.5 + 0.5 * np.tanh(0.5 * now)  # the logistic function, which cannot overflow so
        cell = opened[SIZE : 2 * SIZE] * cell + opened[:SIZE] * np.tanh(now[2 * SIZE : 3 * SIZE])
        hidden = opened[3 * SIZE :] * np.tanh(cell)
        states[step] = hidden
    return states


def checked(weights: Mapping[str, Floats], path: Path) -> Mapping[str, Floats]:
    """The weights, if they are all there. Raises ConfigError."""
    wrong = [name for name, shape in _SHAPES.items() if name not in weights or weights[name].shape != shape]
    if wrong:
        raise ConfigError(f"not this voice encoder: {wrong[0]} differs", where=str(path), expected=EXPECTED)
    return weights


def read_checkpoint(path: Path) -> dict[str, Floats]:
    """The weights in a checkpoint of PyTorch before 1.6. Raises MissingError or ConfigError."""
    try:
        with path.open("rb") as file:
            *_, checkpoint, keys = (_Reader(file).load() for _ in range(5))
            numbers = {key: _numbers(file) for key in keys}
        return {name: part.of(numbers) for name, part in checkpoint["model_state"].items()}
    except OSError as error:
        raise MissingError(f"cannot be read: {error.strerror}", where=str(path), expected=EXPECTED) from error
    except Exception as error:  # an unpickler raises what it likes for a file that is none
        raise ConfigError(f"not a voice encoder ({error})", where=str(path), expected=EXPECTED) from error


def _numbers(file: IO[bytes]) -> Floats:
    (count,) = struct.unpack("<q", file.read(8))
    return np.frombuffer(file.read(4 * count), "<f4")


class _Part(NamedTuple):
    """A tensor: where in which of the stored rows of numbers it lies."""

    key: str
    start: int
    shape: Sequence[int]

    def of(self, numbers: Mapping[str, Floats]) -> Floats:
        return numbers[self.key][self.start : self.start + int(np.prod(self.shape))].reshape(self.shape)


def _part(key: str, start: int, shape: Sequence[int], *_: object) -> _Part:
    return _Part(key, start, shape)


class _Reader(pickle.Unpickler):
    """Makes three kinds of things, none of which can do anything."""

    _KNOWN = {  # noqa: RUF012  never changed
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _part,
        ("torch", "FloatStorage"): float,
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it contains {module}.{name}") from None

    def persistent_load(self, pid: Any) -> str:
        return str(pid[2])
