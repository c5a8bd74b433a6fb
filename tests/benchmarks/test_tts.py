import json
from pathlib import Path

from click.testing import CliRunner

from tests.support.real_models import joe
from voice.cli import main


def test_it_measures_espeak_and_a_voice_whole_and_cut(tmp_path: Path) -> None:
    voice = joe(tmp_path)
    target = tmp_path / "figures.json"
    done = CliRunner().invoke(main, ["bench", "tts", str(voice), "--runs", "1", "--json", str(target)])
    assert done.exit_code == 0, done.output
    rows = json.loads(target.read_text())["speech"]
    assert [(row["engine"], row["words"]) for row in rows] == [
        (engine, words)
        for engine in ("espeak en-us", f"piper {voice.stem} whole", f"piper {voice.stem} cut")
        for words in (4, 12)
    ]
    assert all(0 < row["first_ms"] <= row["all_ms"] and row["audio_s"] > 0.5 for row in rows)


def test_a_voice_that_is_not_there_is_one_line() -> None:
    done = CliRunner().invoke(main, ["bench", "tts", "nowhere.onnx"])
    assert "nowhere.onnx: voice file not found" in str(done.exception) + done.output
