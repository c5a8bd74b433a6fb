"""The recognition set: recorded people with their words, from packages (scripts/fetch_recordings.py) and ../shared."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.recordings import FOLDER
from voice.audio.frames import Pcm
from voice.audio.wav import read_wav

SAME = "lv-"
"""Clips of ../shared that are among the fetched ones, too."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A recorded utterance; `name` begins with asterisk- where it is a telephone prompt of 8 kHz."""

    name: str
    said: str
    file: Path

    @property
    def pcm(self) -> Pcm:
        return read_wav(self.file)


def recordings_folder() -> Path:
    """Where scripts/fetch_recordings.py puts them."""
    named = os.environ.get("VOICE_TEST_RECORDINGS")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named) if named else Path(cache) / "voice-assistant" / "test-recordings"


def human_speech() -> list[Clip]:
    """All clips; the test fails where the fetched ones are absent, those of ../shared are taken where present."""
    folder = recordings_folder()
    if not (folder / "transcripts.tsv").is_file():
        pytest.fail(f"{folder}: no recordings; ./scripts/fetch_recordings.py fetches them", pytrace=False)
    beside = _listed(FOLDER) if (FOLDER / "transcripts.tsv").is_file() else []
    return [*_listed(folder), *(clip for clip in beside if not clip.name.startswith(SAME))]


def _listed(folder: Path) -> list[Clip]:
    rows = [line.split("\t") for line in (folder / "transcripts.tsv").read_text(encoding="utf-8").splitlines() if line]
    return sorted((Clip(name, said, folder / name) for name, said, *_ in rows), key=lambda clip: clip.name)
