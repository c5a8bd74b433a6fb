from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.real_models import whisper_folder
from tests.support.speech import FOLDER
from voice.cli.bench.asr import RecognitionFigures, advice, command, table
from voice.errors import ConfigError, MissingError, UsageError


def figures(name: str, errors: int, final_ms: float, said: int = 200) -> RecognitionFigures:
    return RecognitionFigures(name, errors, said, errors / said, final_ms, final_ms, 0.1, {})


@pytest.mark.parametrize(
    ("full", "auto", "taken"),
    [
        ((10, 360.0), (10, 90.0), "asr.window = auto: no more errors, 4.0 times as fast"),
        ((10, 360.0), (9, 90.0), "asr.window = auto"),
        ((10, 360.0), (13, 90.0), "asr.window = full: the short window made 3 more errors"),
        ((10, 360.0), (10, 350.0), "asr.window = full: the short window is hardly faster here"),
    ],
)
def test_the_short_window_is_advised_only_where_it_is_faster_and_no_worse(
    full: tuple[int, float], auto: tuple[int, float], taken: str
) -> None:
    assert taken in advice([figures("whisper full", *full), figures("whisper auto", *auto)])


def test_few_words_and_a_better_pocketsphinx_are_said() -> None:
    rows = [figures("whisper full", 9, 300.0, said=40), figures("whisper auto", 9, 100.0, said=40)]
    assert "only 40 words" in advice(rows)
    assert "asr.engine = pocketsphinx" in advice([*rows, figures("pocketsphinx", 3, 1.0, said=40)])
    assert "voice models pull" in advice([figures("pocketsphinx", 3, 1.0)])


def test_it_measures_both_windows_and_pocketsphinx_and_writes_every_figure(tmp_path: Path) -> None:
    for name in ("moon.wav", "help.wav"):
        shutil.copy(FOLDER / name, tmp_path / name)
    rows = "moon.wav\thow far away is the moon\nhelp.wav\twhat can you do\n"
    (tmp_path / "transcripts.tsv").write_text(rows, encoding="utf-8")
    out = tmp_path / "figures.json"
    flags = ["--model", str(whisper_folder()), "--language", "en", "--json", str(out)]
    done = CliRunner().invoke(command, [str(tmp_path), *flags], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found = json.loads(out.read_text(encoding="utf-8"))
    assert [row["name"] for row in found["asr"]] == ["whisper full", "whisper auto", "pocketsphinx"]
    assert all(row["wer"] <= 0.2 for row in found["asr"][:2]), "two words of ten"
    assert found["asr"][0]["said"] == 10
    assert found["advice"] in done.output


def test_a_folder_without_a_table_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="transcripts") as refused:
        table(tmp_path)
    assert "FILE<tab>WORDS" in str(refused.value)


@pytest.mark.parametrize(("text", "error"), [("a.wav hello", ConfigError), ("\n", UsageError)])
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str, error: type[Exception]) -> None:
    (tmp_path / "transcripts.tsv").write_text(text, encoding="utf-8")
    with pytest.raises(error):
        table(tmp_path)
