"""`voice config` shows values, sources and meanings, and never a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from voice.cli import main
from voice.settings.layers import OPTIONS


def run(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["config", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_every_setting_is_shown_with_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[turn]\nmax_turn_s = 33\n")
    monkeypatch.setenv("VOICE_VAD_START_MS", "90")
    shown = json.loads(run("--json", "--profile", "pi", "--config", str(file), "--set", "tts.speed=1.2"))
    assert list(shown) == list(OPTIONS)
    assert shown["tts.speed"] == {"value": 1.2, "source": "--set"}
    assert shown["vad.start_ms"] == {"value": 90, "source": "VOICE_VAD_START_MS"}
    assert shown["turn.max_turn_s"] == {"value": 33.0, "source": str(file)}
    assert shown["audio.echo"] == {"value": "half", "source": "config/pi.toml"}
    assert shown["asr.engine"] == {"value": "auto", "source": "default"}


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICE_CHAT_API_KEY", "sk-hush")
    for output in (run(), run("--json"), run("chat.api_key")):
        assert "hush" not in output
        assert "(set)" in output


def test_one_section_or_key_comes_with_its_meaning() -> None:
    lines = run("turn").splitlines()
    assert all(line.startswith(("turn.", " ")) for line in lines)
    assert "VOICE_TURN_SILENCE_MS" in run("turn.silence_ms")


def test_the_reference_page_is_true() -> None:
    page = Path(__file__).parents[3] / "docs" / "configuration.md"
    remedy = "a setting changed; type: .venv/bin/voice config --markdown > docs/configuration.md"
    assert page.read_text("utf-8") == run("--markdown"), remedy
