"""Piper's network cut in three, so that a sentence's audio need not wait for its last word.

The first part turns the text of a whole sentence into a column of numbers per 256 samples, which is quick. The flow
turns these columns into others, the frames; the decoder, a HiFi-GAN, turns frames into samples. Both see only some
columns to each side, so that they can run piece by piece with the same result.
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
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice.tts.piper_cut import CutError, cut

Audio = NDArray[np.float32]
Feeds = dict[str, NDArray[Any]]

FIRST_FRAMES = 24
GROWTH = 1.5
MOST_FRAMES = 96
"""A piece is that much longer than the one before: while it is made, the one before is heard."""
CONTEXT = 14
"""Frames to each side that a sample can depend on, in the widest of the published decoders."""
FLOW_CONTEXT = 32
"""Columns to each side that a frame depends on: four times four convolutions over five."""
FLOW_GROWTH = 3
"""So many times the frames that there are come next: while they are made, the others are heard."""
WHOLE_FRAMES = 2 * (FIRST_FRAMES + CONTEXT)
"""Up to this (0.9 s, a word or two) a sentence is decoded at once: a first piece with its context would be more than
half of it, and the pieces together cost half as much again."""
PARTS = ("text", "flow", "decoder")
NO_FLOW = b"with the text"
"""Stands for the flow of a voice that was cut in two; an empty file is a damaged one."""
TOLERANCE = 1e-4
"""Largest difference from the uncut voice, full scale 1; a step of int16 is 3e-5."""
FATAL = 4
"""onnxruntime's log level: it would print each cancelled run as an error."""

_log = logging.getLogger(__name__)


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
    """The parts of a voice, loaded; one whose flow was not found has it in `encoder`.

    `run` arguments are onnxruntime RunOptions, whose `terminate` ends a call.
    """

    encoder: Any
    flow: Any | None
    decoder: Any

    def encode(self, feeds: Feeds, run: Any = None) -> tuple[Audio, NDArray[np.int64] | None]:
        """Columns (1, channels, n) of a sentence, and how many of them each phoneme id takes, if the voice says."""
        columns, *durations = self.encoder.run(None, _wanted(self.encoder, feeds), run)
        return columns, durations[0].reshape(-1).astype(np.int64) if durations else None

    def decode(self, columns: Audio, feeds: Feeds, run: Any = None) -> Iterator[Audio]:
        """Samples of the columns, piece by piece, 256 for each."""
        (port,) = (port.name for port in self.decoder.get_inputs() if port.name not in feeds)
        size, frames = columns.shape[2], columns[:, :, :0]
        for start, end in pieces(size):
            first, last = max(0, start - CONTEXT), min(size, end + CONTEXT)
            if last > (known := frames.shape[2]):
                soon = max(last, FLOW_GROWTH * known)
                more = self._frames(columns, known, soon if size - soon > 2 * FLOW_CONTEXT else size, feeds, run)
                frames = np.concatenate((frames, more), axis=2)
            inputs = _wanted(self.decoder, feeds) | {port: frames[:, :, first:last]}
            audio = self.decoder.run(None, inputs, run)[0].reshape(-1)
            hop = len(audio) // (last - first)
            yield audio[(start - first) * hop : (end - first) * hop]

    def _frames(self, columns: Audio, start: int, end: int, feeds: Feeds, run: Any) -> Audio:
        """The decoder's frames from `start` to `end`."""
        if self.flow is None:
            return columns[:, :, start:end]
        first, last = max(0, start - FLOW_CONTEXT), min(columns.shape[2], end + FLOW_CONTEXT)
        port, mask = (port.name for port in self.flow.get_inputs() if port.name not in feeds)
        whole = {port: columns[:, :, first:last], mask: np.ones((1, 1, last - first), np.float32)}
        frames: Audio = self.flow.run(None, _wanted(self.flow, feeds) | whole, run)[0]
        return frames[:, :, start - first : end - first]


def pieces(frames: int) -> Iterator[tuple[int, int]]:
    """Ranges that cover `frames`: short at first, then longer; a rest the context covers anyway is not left over."""
    start, size = 0, FIRST_FRAMES if frames > WHOLE_FRAMES else WHOLE_FRAMES
    while start < frames:
        end = start + size if frames - start - size > CONTEXT else frames
        yield start, end
        start, size = end, min(MOST_FRAMES, round(size * GROWTH))


def open_split(model: Path, symbols: int, threads: int = 0) -> SplitVoice | None:
    """The voice in parts, cut now or earlier; None when it cannot be cut or differs, with the reason in the log.

    `symbols` is the number of phoneme ids. The parts are kept beside the voice, or in the user's cache when that folder
    cannot be written; their names carry the hash of the voice, and are given only to checked parts. A damaged voice
    raises what onnxruntime raises.
    """
    with model.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8)).hexdigest()
    for folder in (model.parent, user_cache()):
        files = [folder / f"{model.stem}.{digest}.{part}" for part in PARTS]
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
    try:
        return _open_parts(files, threads) if all(file.exists() for file in files) else None
    except CutError as error:
        _log.info("made again: %s", error)
        return None


def _open_parts(files: list[Path], threads: int) -> SplitVoice:
    encoder, flow, decoder = files
    uncut = flow.stat().st_size == len(NO_FLOW) and flow.read_bytes() == NO_FLOW
    return SplitVoice(
        _open_part(encoder, threads), None if uncut else _open_part(flow, threads), _open_part(decoder, threads)
    )


def _open_part(file: Path, threads: int) -> Any:
    try:
        return open_session(file, threads)
    except Exception as error:
        raise CutError(f"{file.name} does not load: {error}") from error


def _make(model: Path, symbols: int, files: list[Path], threads: int) -> SplitVoice:
    """Cut, check, and only then give the parts their names; where the flow cannot be, it stays. Raises CutError."""
    feeds = check_feeds(symbols)
    # One thing at a time: the whole network, the file in memory and the parts together would be three times the voice.
    expected = speak_whole(open_session(model, threads), feeds)
    try:
        return _made(model, files, threads, feeds, expected, flow=True)
    except CutError as error:
        _log.info("the flow of %s is not cut: %s", model.name, error)
        return _made(model, files, threads, feeds, expected, flow=False)


def _made(model: Path, files: list[Path], threads: int, feeds: Feeds, expected: Audio, *, flow: bool) -> SplitVoice:
    with tempfile.TemporaryDirectory(dir=files[0].parent, prefix=".cut-") as folder:
        drafts = [Path(folder) / file.name for file in files]
        for draft, data in zip(drafts, cut(model.read_bytes(), flow=flow), strict=True):
            with draft.open("wb") as part:
                part.write(data or NO_FLOW)
                part.flush()
                os.fsync(part.fileno())  # else a power cut may leave a new name without content
        parts = _open_parts(drafts, threads)
        try:
            difference = compare(expected, parts, feeds)
        except Exception as error:
            raise CutError(f"its parts do not run: {error}") from error
        if not difference <= TOLERANCE:
            raise CutError(f"in parts it differs by {difference:.2g}")
        for draft, file in zip(drafts, files, strict=True):
            draft.replace(file)
    return parts


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
    """Delete the parts of a voice that had this name before, and those of an earlier cut."""
    part = re.compile(rf"{re.escape(stem)}\.([0-9a-f]{{16}})\.({'|'.join(PARTS)}|encoder|uncut)")
    for file in folder.iterdir():
        found = part.fullmatch(file.name)
        if found and (found[1] != digest or found[2] == "encoder"):
            file.unlink(missing_ok=True)


def user_cache() -> Path:
    """Where files go that can be made again."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "voice-assistant"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voice-assistant"
