"""`voice bench speakers`: what its figures mean, on voices that are made up, and folders it cannot measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from voice.cli import main
from voice.cli.bench.speakers import Clip, equal_error_rate, measure
from voice.errors import MissingError
from voice.speakers.recognition import Sample


def clip(person: int, like: float = 1.0) -> Clip:
    """A recording of 3.2 s whose voice has this cosine to the person's."""
    voice = np.zeros(8, np.float32)
    voice[person], voice[7] = like, (1 - like**2) ** 0.5
    return [Sample(voice, 1.6), Sample(voice, 1.6)]


def test_people_who_are_unlike_are_all_known() -> None:
    found = measure({name: [clip(n) for _ in range(4)] for n, name in enumerate("abc")}, known_s=6, speech_s=3.2)
    assert (found.people, found.clips) == (3, 12)
    assert (found.right, found.unknown, found.wrong, found.strangers_taken) == (1.0, 0.0, 0.0, 0.0)
    assert found.equal_error_rate == 0.0


def test_people_with_one_voice_are_never_told_apart() -> None:
    found = measure({name: [clip(0) for _ in range(4)] for name in "ab"}, known_s=6, speech_s=3.2)
    assert (found.right, found.unknown) == (0.0, 1.0)  # neither is better than the other
    assert found.strangers_taken == 1.0
    assert found.equal_error_rate == pytest.approx(0.5)


def test_whose_recordings_are_few_is_a_stranger_only() -> None:
    found = measure({"a": [clip(0)] * 4, "b": [clip(1)] * 4, "c": [clip(2)]}, known_s=6, speech_s=3.2)
    assert (found.people, found.utterances) == (3, 40)
    with pytest.raises(MissingError, match="too few recordings"):
        measure({"a": [clip(0)], "b": [clip(1)]}, known_s=6, speech_s=3.2)


def test_the_equal_error_rate() -> None:
    assert equal_error_rate([0.9, 0.8], [0.1, 0.2]) == 0.0
    assert equal_error_rate([0.9, 0.8, 0.7, 0.3], [0.1, 0.2, 0.2, 0.75]) == pytest.approx(0.25)


def test_a_folder_without_people_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "ann").mkdir()
    result = CliRunner().invoke(main, ["bench", "speakers", str(tmp_path)])
    assert result.exit_code == 66
    assert "too few people" in result.stderr
