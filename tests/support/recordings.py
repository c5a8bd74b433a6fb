"""Recorded people for tests: ../shared/audio beside the checkout, where it exists."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "shared" / "audio"


def recordings() -> list[tuple[Path, str]]:
    """Each recorded clip with what is said in it; skips the test, saying so, where the recordings are absent."""
    table = FOLDER / "transcripts.tsv"
    if not table.is_file():
        pytest.skip("the recorded human speech (../shared/audio) is not here")
    rows = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines() if line]
    return [(FOLDER / name, words) for name, words in rows]
