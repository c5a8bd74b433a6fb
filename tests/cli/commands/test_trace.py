"""`voice trace`: table, picture, and files that are none."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner

from voice.cli import main
from voice.trace import TurnTrace


@pytest.fixture
def file(tmp_path: Path) -> Path:
    turns = [
        TurnTrace(
            1, text="what time is it", outcome="answered", moments={"speech_end": 1, "endpoint": 1.5, "audible": 1.6}
        ),
        TurnTrace(2, text="well", outcome="interrupted", moments={"speech_end": 5, "endpoint": 5.5, "audible": 5.8}),
    ]
    path = tmp_path / "trace.json"
    path.write_text("".join(json.dumps(turn.to_json()) + "\n" for turn in turns))
    return path


def test_the_table_holds_spans_that_sum_and_the_percentiles(file: Path) -> None:
    output = CliRunner(env={"COLUMNS": "120"}).invoke(main, ["trace", str(file)]).output
    assert "what time is it" in output
    for number in ("500", "100", "600", "800", "p50", "p95"):
        assert number in output


def test_the_picture_is_written(file: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["trace", str(file), "--plot", str(tmp_path / "out.svg")])
    assert done.exit_code == 0
    ET.parse(tmp_path / "out.svg")


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "no turns"), ("{}\n", "line 1: not a turn"), ('{"turn": 1}\nnonsense\n', "line 2: not a turn")],
)
def test_a_file_that_is_no_trace_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "bad.json"
    file.write_text(text)
    done = CliRunner().invoke(main, ["trace", str(file)])
    assert done.exit_code == 66
    assert words in done.stderr


def test_a_picture_that_cannot_be_written_is_one_line(file: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["trace", str(file), "--plot", str(tmp_path / "none" / "out.svg")])
    assert done.exit_code == 66
    assert len(done.stderr.splitlines()) == 1
