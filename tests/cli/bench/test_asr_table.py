from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.speech import FOLDER, command
from voice.audio.frames import Pcm
from voice.cli.bench import asr_table
from voice.cli.bench.acoustics import conditions
from voice.cli.bench.asr_table import Cell, markdown, measured


def parrot(text: str) -> asr_table.Reader:
    return lambda pcm: text


CLIPS: list[tuple[Pcm, str]] = [(command("moon"), "how far away is the moon"), (command("help"), "what can you do")]


def test_errors_and_clips_read_as_nothing_are_counted_under_every_condition() -> None:
    cells = list(measured([("one", parrot("how far away is the moon")), ("deaf", parrot(""))], CLIPS))
    assert len(cells) == 2 * (len(conditions()) + 1)
    one, deaf = cells[0], cells[1]
    assert (one.reader, one.condition, one.said, one.dropped) == ("one", "clean", 10, 0)
    assert one.errors == 6, "all that was heard instead of the second clip"
    assert (deaf.errors, deaf.dropped, deaf.wer) == (10, 2, 1.0)
    noise = {cell.reader: cell for cell in cells if cell.condition == "noises"}
    assert noise["one"].errors == 30 * 6
    assert noise["deaf"].errors == 0


def test_the_table_has_a_row_a_reader_and_compares_time_with_the_library() -> None:
    cells = [
        Cell("whisper auto", "clean", 2, 1, 10, 0, 1.0),
        Cell("faster-whisper beam 1", "clean", 2, 0, 10, 1, 4.0),
        Cell("whisper auto", "noises", 30, 0, 0, 0, 0.0),
        Cell("faster-whisper beam 1", "noises", 30, 7, 0, 0, 0.0),
    ]
    assert markdown(cells) == [
        "| | clean | noises | time |",
        "|---|---:|---:|---:|",
        "| whisper auto | 0.100 | 0 words | 0.25 |",
        "| faster-whisper beam 1 | 0.000 (1) | 7 words | 1.00 |",
    ]


def test_the_command_prints_the_table_and_writes_every_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from voice.cli.bench import asr

    shutil.copy(FOLDER / "moon.wav", tmp_path)
    (tmp_path / "transcripts.tsv").write_text("moon.wav\thow far away is the moon\n", encoding="utf-8")
    monkeypatch.setattr(asr_table, "conditions", lambda: conditions()[:1])
    monkeypatch.setattr(asr_table, "noises", list)
    monkeypatch.setenv("VOICE_MODELS_FOLDER", str(tmp_path / "none"))
    flags = [str(tmp_path), "--degraded", "--json", str(tmp_path / "cells.json")]
    done = CliRunner().invoke(asr.command, flags, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    cells = json.loads((tmp_path / "cells.json").read_text(encoding="utf-8"))["cells"]
    assert [(cell["reader"], cell["condition"], cell["said"]) for cell in cells[:1]] == [("pocketsphinx", "clean", 6)]
    assert "| pocketsphinx | " in done.output
