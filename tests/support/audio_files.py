"""Recordings of many kinds, made when a test runs: nothing but WAV files is kept in the repository."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from voice.audio.frames import Pcm

KINDS: dict[str, tuple[str, int]] = {
    "mp3": ("libmp3lame", 22_050),
    "m4a": ("aac", 44_100),
    "mp4": ("aac", 48_000),
    "ogg": ("libopus", 48_000),
    "opus": ("libopus", 48_000),
    "flac": ("flac", 16_000),
    "webm": ("libopus", 48_000),
    "mkv": ("aac", 32_000),
    "aac": ("aac", 44_100),
    "aiff": ("pcm_s16be", 44_100),
}
"""Endings, each with its encoder and a sample rate."""


def encode(path: Path, pcm: Pcm, rate: int, *, layout: str = "mono", options: Mapping[str, str] | None = None) -> Path:
    """Write samples of shape (n,) or (channels, n) into a file of the kind that its ending names."""
    import av

    codec, to_rate = KINDS[path.suffix[1:]]
    kind = {"opus": "ogg", "m4a": "ipod", "aac": "adts"}.get(path.suffix[1:])
    with av.open(str(path), "w", format=kind, options=dict(options or {})) as container:
        stream: Any = container.add_stream(codec, rate=to_rate, layout=layout)
        convert = av.AudioResampler(stream.codec_context.format, layout, to_rate)
        frame = av.AudioFrame.from_ndarray(np.atleast_2d(pcm), format="s16p", layout=layout)
        frame.sample_rate = rate
        fifo = av.AudioFifo()
        for made in (*convert.resample(frame), *convert.resample(None)):
            made.pts = None
            fifo.write(made)
        size = stream.codec_context.frame_size or 1024
        while (part := fifo.read(size, partial=True)) is not None:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path
