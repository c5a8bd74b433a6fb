"""Piper's network cut in two where its decoder begins, so that a sentence's audio need not wait for its last word.

The part before makes a column of numbers ("frame") per 256 samples for the whole sentence, which is quick; the decoder,
a HiFi-GAN, turns frames into samples and sees only a few frames to each side, so that it can run piece by piece with
the same result.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FIELDS = {
    "Model": {
        "ir_version": (1, "int64"),
        "producer_name": (2, "string"),
        "graph": (7, "Graph"),
        "opset_import": (8, "[OperatorSet]"),
    },
    "OperatorSet": {"domain": (1, "string"), "version": (2, "int64")},
    "Graph": {
        "node": (1, "[Node]"),
        "name": (2, "string"),
        "initializer": (5, "[Tensor]"),
        "input": (11, "[ValueInfo]"),
        "output": (12, "[ValueInfo]"),
    },
    "Node": {
        "input": (1, "[string]"),
        "output": (2, "[string]"),
        "name": (3, "string"),
        "op_type": (4, "string"),
        "attribute": (5, "[Attribute]"),
    },
    "Attribute": {
        "name": (1, "string"),
        "f": (2, "float"),
        "i": (3, "int64"),
        "s": (4, "bytes"),
        "t": (5, "Tensor"),
        "g": (6, "Graph"),
        "floats": (7, "[float]"),
        "ints": (8, "[int64]"),
        "graphs": (11, "[Graph]"),
        "type": (20, "int32"),
    },
    "Tensor": {
        "dims": (1, "[int64]"),
        "data_type": (2, "int32"),
        "name": (8, "string"),
        "raw_data": (9, "bytes"),
    },
    "ValueInfo": {"name": (1, "string"), "type": (2, "Type")},
    "Type": {"tensor_type": (1, "TensorType")},
    "TensorType": {"elem_type": (1, "int32"), "shape": (2, "Shape")},
    "Shape": {"dim": (1, "[Dimension]")},
    "Dimension": {"dim_value": (1, "int64"), "dim_param": (2, "string")},
}
_SCALARS = {"float": 2, "int64": 3, "int32": 5, "string": 9, "bytes": 12}
_MESSAGE = 11

FLOAT, INT64 = 1, 7
"""Element types of a tensor."""


def message(name: str) -> Any:
    """The protobuf class of one of the messages above, for example message("Model")."""
    return _classes()[f"voice_onnx.{name}"]


@cache
def _classes() -> dict[str, Any]:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="voice_onnx.proto", package="voice_onnx", syntax="proto2")
    for message_name, fields in _FIELDS.items():
        declared = file.message_type.add(name=message_name)
        for field_name, (number, kind) in fields.items():
            field: Any = declared.field.add(name=field_name, number=number, label=3 if kind.startswith("[") else 1)
            kind = kind.strip("[]")
            if kind in _SCALARS:
                field.type = _SCALARS[kind]
            else:
                field.type, field.type_name = _MESSAGE, f".voice_onnx.{kind}"
    # A pool of its own: the real onnx package may be loaded in the same process.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes: dict[str, Any] = message_factory.GetMessageClassesForFiles([file.name], pool)
    return classes


Audio = NDArray[np.float32]
Feeds = dict[str, NDArray[Any]]

FIRST_FRAMES = 24
GROWTH = 1.5
MOST_FRAMES = 96
"""A piece is that much longer than the one before: while it is made, the one before is heard."""
CONTEXT = 14
"""Frames to each side that a sample can depend on, in the widest of the published decoders."""
WHOLE_FRAMES = 2 * (FIRST_FRAMES + CONTEXT)
"""Up to this (0.9 s, a word or two) a sentence is decoded at once: a first piece with its context would be more than
half of it, and the pieces together cost half as much again."""
TOLERANCE = 1e-4
"""Largest difference from the uncut voice, full scale 1; a step of int16 is 3e-5."""
FATAL = 4
"""onnxruntime's log level: it would print each cancelled run as an error."""

_log = logging.getLogger(__name__)


class CutError(Exception):
    """This voice cannot be cut; it is spoken whole."""


def open_session(model: Path, threads: int = 0) -> Any:
    """An onnxruntime session on the CPU with so many threads, 0 for its choice; raises whatever onnxruntime raises."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = FATAL
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = False  # it keeps what the longest sentence took, 20 MB and more, to save 1 % of work
    # Waiting threads that spin cost 40 % more processor time, which the recognizer and a small machine need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


@dataclass(frozen=True)
class SplitVoice:
    """Both parts of a voice, loaded. `run` arguments are onnxruntime RunOptions, whose `terminate` ends a call."""

    encoder: Any
    decoder: Any

    def encode(self, feeds: Feeds, run: Any = None) -> tuple[Audio, NDArray[np.int64] | None]:
        """Frames (1, channels, n) of a sentence, and how many of them each phoneme id takes, if the voice says."""
        frames, *durations = self.encoder.run(None, _wanted(self.encoder, feeds), run)
        return frames, durations[0].reshape(-1).astype(np.int64) if durations else None

    def decode(self, frames: Audio, feeds: Feeds, run: Any = None) -> Iterator[Audio]:
        """Samples of the frames, piece by piece, 256 per frame."""
        (port,) = (port.name for port in self.decoder.get_inputs() if port.name not in feeds)
        for start, end in pieces(frames.shape[2]):
            first, last = max(0, start - CONTEXT), min(frames.shape[2], end + CONTEXT)
            inputs = _wanted(self.decoder, feeds) | {port: frames[:, :, first:last]}
            audio = self.decoder.run(None, inputs, run)[0].reshape(-1)
            hop = len(audio) // (last - first)
            yield audio[(start - first) * hop : (end - first) * hop]


def pieces(frames: int) -> Iterator[tuple[int, int]]:
    """Ranges that cover `frames`: short at first, then longer; a rest the context covers anyway is not left over."""
    start, size = 0, FIRST_FRAMES if frames > WHOLE_FRAMES else WHOLE_FRAMES
    while start < frames:
        end = start + size if frames - start - size > CONTEXT else frames
        yield start, end
        start, size = end, min(MOST_FRAMES, round(size * GROWTH))


def open_split(model: Path, symbols: int, threads: int = 0) -> SplitVoice | None:
    """The voice in two parts, cut now or earlier; None when it cannot be cut or differs, with the reason in the log.

    `symbols` is the number of phoneme ids. The parts are kept beside the voice, or in the user's cache when that folder
    cannot be written; their names carry the hash of the voice, and are given only to checked parts. A damaged voice
    raises what onnxruntime raises.
    """
    with model.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8)).hexdigest()
    for folder in (model.parent, user_cache()):
        files = [folder / f"{model.stem}.{digest}.{part}" for part in ("encoder", "decoder")]
        refusal = folder / f"{model.stem}.{digest}.uncut"
        try:
            if refusal.exists():
                _log.info("%s is spoken whole: %s", model.name, refusal.read_text(encoding="utf-8"))
                return None
            if parts := _load(files, threads):
                return parts
            folder.mkdir(parents=True, exist_ok=True)
            _remove_others(folder, model.stem, digest)
            try:
                return _make(model, symbols, files, threads)
            except CutError as error:
                _log.info("%s is spoken whole: %s", model.name, error)
                refusal.write_text(str(error), encoding="utf-8")
                return None
        except OSError as error:
            _log.info("cannot keep the parts of %s in %s: %s", model.name, folder, error)
    return None


def _load(files: list[Path], threads: int) -> SplitVoice | None:
    """Parts made earlier; None when they are not there or have been damaged since."""
    if not all(file.exists() for file in files):
        return None
    try:
        return SplitVoice(*(_open_part(file, threads) for file in files))
    except CutError as error:
        _log.info("made again: %s", error)
        return None


def _open_part(file: Path, threads: int) -> Any:
    try:
        return open_session(file, threads)
    except Exception as error:
        raise CutError(f"{file.name} does not load: {error}") from error


def _make(model: Path, symbols: int, files: list[Path], threads: int) -> SplitVoice:
    """Cut, check, and only then give the parts their names. Raises CutError."""
    feeds = check_feeds(symbols)
    # One thing at a time: the whole network, the file in memory and the parts together would be three times the voice.
    expected = speak_whole(open_session(model, threads), feeds)
    with tempfile.TemporaryDirectory(dir=files[0].parent, prefix=".cut-") as folder:
        drafts = [Path(folder) / file.name for file in files]
        for draft, data in zip(drafts, cut(model.read_bytes()), strict=True):
            draft.write_bytes(data)
        parts = SplitVoice(*(_open_part(draft, threads) for draft in drafts))
        try:
            difference = compare(expected, parts, feeds)
        except Exception as error:
            raise CutError(f"its parts do not run: {error}") from error
        if not difference <= TOLERANCE:
            raise CutError(f"in parts it differs by {difference:.2g}")
        for draft, file in zip(drafts, files, strict=True):
            draft.replace(file)
    return parts


def cut(model: bytes) -> tuple[bytes, bytes]:
    """Serialized encoder (inputs as before; outputs frames and durations) and decoder (input frames; output audio).

    Raises CutError when the file holds no graph that ends in one decoder with a `conv_pre`.
    """
    whole = message("Model").FromString(model)
    graph = whole.graph
    starts = [
        node
        for node in graph.node
        if node.op_type == "Conv" and any("conv_pre" in name for name in [node.name, *node.input])
    ]
    if len(starts) != 1 or len(graph.output) != 1:
        raise CutError(f"it has {len(starts)} nodes named conv_pre and {len(graph.output)} outputs, not one of each")
    frames = starts[0].input[0]
    durations = [node.output[0] for node in graph.node if node.op_type == "Ceil"]
    encoder = _part(whole, [frames, *(durations if len(durations) == 1 else [])], given="")
    decoder = _part(whole, [graph.output[0].name], given=frames)
    more = {port.name for port in decoder.graph.input} - {frames, "sid"}
    if more:
        raise CutError(f"its decoder also reads {', '.join(sorted(more))}")
    return encoder.SerializeToString(), decoder.SerializeToString()


def _part(whole: Any, outputs: list[str], given: str) -> Any:
    """The model that computes `outputs` from the whole's inputs and from the tensor `given`."""
    makers = {name: node for node in whole.graph.node for name in node.output}
    needed: set[str] = set()
    open_names = [*outputs]
    while open_names:
        name = open_names.pop()
        if name in needed:
            continue
        needed.add(name)
        if name != given and name in makers:
            open_names.extend(_read_by(makers[name]))
    part = message("Model")(ir_version=whole.ir_version, producer_name=whole.producer_name)
    part.opset_import.extend(whole.opset_import)
    part.graph.name = whole.graph.name
    part.graph.node.extend(
        node for node in whole.graph.node if any(name in needed and name != given for name in node.output)
    )
    part.graph.initializer.extend(weight for weight in whole.graph.initializer if weight.name in needed)
    part.graph.input.extend(port for port in whole.graph.input if port.name in needed)
    if given:
        part.graph.input.add(name=given).type.tensor_type.elem_type = FLOAT
    known = {port.name: port for port in whole.graph.output}
    part.graph.output.extend(known.get(name) or message("ValueInfo")(name=name) for name in outputs)
    return part


def _read_by(node: Any) -> list[str]:
    """Names a node reads, those read inside its branches and loops included."""
    names = list(node.input)
    for attribute in node.attribute:
        for graph in [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]:
            names.extend(name for inner in graph.node for name in _read_by(inner))
            names.extend(port.name for port in graph.output)
    return names


def check_feeds(symbols: int) -> Feeds:
    """Ids for several pieces of audio, without noise, since the random numbers of two runs differ."""
    ids = np.arange(120, dtype=np.int64)[None, :] % symbols
    return {
        "input": ids,
        "input_lengths": np.array([ids.shape[1]], np.int64),
        "scales": np.array([0.0, 1.0, 0.0], np.float32),
        "sid": np.zeros(1, np.int64),
    }


def speak_whole(session: Any, feeds: Feeds) -> Audio:
    """Samples of an uncut voice."""
    audio: Audio = session.run(None, _wanted(session, feeds))[0].reshape(-1)
    return audio


def compare(expected: Audio, parts: SplitVoice, feeds: Feeds) -> float:
    """Largest difference between `expected` and the audio of the parts, infinite for another length."""
    audio = np.concatenate(list(parts.decode(parts.encode(feeds)[0], feeds)))
    if audio.shape != expected.shape:
        return float("inf")
    return float(np.max(np.abs(audio - expected), initial=0.0))


def _wanted(session: Any, feeds: Feeds) -> Feeds:
    """Those of `feeds` that this session takes."""
    names = {port.name for port in session.get_inputs()}
    return {name: value for name, value in feeds.items() if name in names}


def _remove_others(folder: Path, stem: str, digest: str) -> None:
    """Delete the parts of a voice that had this name before."""
    part = re.compile(rf"{re.escape(stem)}\.([0-9a-f]{{16}})\.(encoder|decoder|uncut)")
    for file in folder.iterdir():
        found = part.fullmatch(file.name)
        if found and found[1] != digest:
            file.unlink(missing_ok=True)


def user_cache() -> Path:
    """Where files go that can be made again."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "voice-assistant"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voice-assistant"
