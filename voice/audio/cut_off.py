"""The stated length of a recording, and whether it is cut off, which FFmpeg does not report."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable
from typing import IO, Any

STATES_LENGTH = {"wav", "flac", "matroska", "mov", "asf"}
"""Containers that state the length of their sound; for others FFmpeg derives it from the size that is there."""

UNKNOWN_SIZE = 0x7FFF0000
"""Programs that stream a WAV file write 0 or a size from here on; the data then runs to the end of the file."""

_PAGE_BYTES = 27 + 255 + 255 * 255
"""The longest page of an Ogg file."""


def declared_s(file: IO[bytes], container: Any, stream: Any) -> float | None:
    """The stated length in seconds, or None if there is none. Keeps the file's position."""
    name = container.format.name
    own = None if stream.duration is None else float(stream.duration * stream.time_base)
    if name == "mp3":
        return own if _at(file, _states_frames) else None
    if not STATES_LENGTH & set(name.split(",")):
        return None
    if own is None:
        own = _clock_s(stream.metadata.get("DURATION", ""))
    if own is None and container.duration is not None and len(container.streams) == 1:
        own = container.duration / 1e6
    return own


def is_cut_off(file: IO[bytes]) -> bool:
    """Whether a WAV file is shorter than it states, or an Ogg file ends within a page; False for any other."""
    return _at(file, _ends_early)


def _at(file: IO[bytes], read: Callable[[IO[bytes]], bool]) -> bool:
    """What `read` says from the file's beginning."""
    place = file.tell()
    file.seek(0)
    try:
        return read(file)
    finally:
        file.seek(place)


def _clock_s(text: str) -> float | None:
    found = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text)
    return None if found is None else int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])


def _wav_cut(file: IO[bytes]) -> bool:
    file.seek(12)
    while len(chunk := file.read(8)) == 8:
        length = struct.unpack("<I", chunk[4:])[0]
        if chunk[:4] == b"data":
            there = file.seek(0, os.SEEK_CUR), file.seek(0, os.SEEK_END)
            return bool(0 < length < UNKNOWN_SIZE and there[1] - there[0] < length)
        file.seek(length + length % 2, os.SEEK_CUR)
    return True


def _states_frames(file: IO[bytes]) -> bool:
    """Whether the first frame of an MP3 file counts the others; without it the length is a guess from the bit rate."""
    head = file.read(10)
    size = 0
    if head[:3] == b"ID3" and len(head) == 10:
        for seven_bits in head[6:10]:
            size = size << 7 | seven_bits & 0x7F
        size += 10
    file.seek(size)
    frame = file.read(256)
    return any(mark in frame for mark in (b"Xing", b"Info", b"VBRI"))


def _ogg_cut(file: IO[bytes]) -> bool:
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - _PAGE_BYTES))
    tail = file.read()
    page = tail.rfind(b"OggS")
    if page < 0 or len(tail) < page + 27:
        return True
    counts = tail[page + 27 : page + 27 + tail[page + 26]]
    return len(tail) < page + 27 + tail[page + 26] + sum(counts)


def _ends_early(file: IO[bytes]) -> bool:
    kind = file.read(4)
    return _wav_cut(file) if kind == b"RIFF" else kind == b"OggS" and _ogg_cut(file)
