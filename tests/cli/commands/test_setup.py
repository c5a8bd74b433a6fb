"""`voice setup` from the shell: flags, files and what is refused; the questions are in tests/cli/setup."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from voice.cli import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def voice(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, arguments, input=typed)


def shown(key: str) -> object:
    return json.loads(voice("config", "--json", key).output)[key]["value"]


def test_without_a_terminal_it_names_the_flags(home: Path) -> None:
    refused = voice("setup")
    assert refused.exit_code == 2
    assert "--language" in refused.stderr
    assert "--llm" in refused.stderr
    assert not (home / "config").exists()


def test_every_flag_is_kept_for_every_command(home: Path) -> None:
    given = {
        "--language": ("asr.language", "de"),
        "--input": ("audio.input", "headset"),
        "--output": ("audio.output", "headset"),
        "--voice": ("tts.voice", "de_DE-thorsten-medium"),
        "--echo": ("audio.echo", "half"),
        "--llm": ("chat.llm", "http://127.0.0.1:1/v1"),
        "--model": ("chat.model", "small"),
        "--name": ("chat.name", "Nova"),
        "--wake": ("wake.mode", "button"),
        "--wake-words": ("wake.words", "alexa"),
    }
    for flag, (_, value) in given.items():
        done = voice("setup", flag, value)
        assert done.exit_code == 0, done.stderr
    for key, value in given.values():
        assert shown(key) == value
    assert (home / "config" / "voice-assistant" / "config.toml").is_file()


def test_any_setting_can_be_kept(home: Path) -> None:
    assert voice("setup", "--set", "turn.silence_ms=400").exit_code == 0
    assert shown("turn.silence_ms") == 400
    assert voice("setup", "--set", "turn.silence_ms=much").exit_code == 78
    assert shown("turn.silence_ms") == 400


def test_a_key_goes_into_the_private_file_and_nowhere_else(home: Path) -> None:
    done = voice("setup", "--llm", "https://box/v1", "--key-file", "-", typed="sk-secret\n")
    assert done.exit_code == 0, done.stderr
    file = home / "config" / "voice-assistant.env"
    assert file.read_text("utf-8") == "VOICE_CHAT_API_KEY=sk-secret\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "sk-secret" not in done.output
    assert "sk-secret" not in (home / "config" / "voice-assistant" / "config.toml").read_text("utf-8")
    assert shown("chat.api_key") == "(set)"


def test_a_key_on_the_command_line_is_refused(home: Path) -> None:
    assert voice("setup", "--set", "chat.api_key=sk-secret").exit_code == 78


def test_a_key_file_that_is_not_there(home: Path) -> None:
    assert voice("setup", "--key-file", str(home / "none")).exit_code == 66


def test_a_home_without_a_token_is_refused(home: Path) -> None:
    refused = voice("setup", "--home", "http://home:8123")
    assert refused.exit_code == 2
    assert "--home-token-file" in refused.stderr
    token = home / "token"
    token.write_text("abc\n", "utf-8")
    assert voice("setup", "--home", "http://home:8123", "--home-token-file", str(token)).exit_code == 0
    assert shown("tools.home_url") == "http://home:8123"


def test_a_step_that_is_none(home: Path) -> None:
    refused = voice("setup", "colour")
    assert refused.exit_code == 2
    assert "language" in refused.stderr


def test_a_broken_file_of_settings_is_one_line_for_every_command(home: Path) -> None:
    file = home / "config" / "voice-assistant" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("[asr\n", "utf-8")
    for command in (("config",), ("setup", "--name", "x"), ("devices",)):
        refused = voice(*command)
        assert refused.exit_code == 78
        assert str(file) in refused.stderr


def test_yes_asks_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    done = voice("setup", "name", "--yes")
    assert done.exit_code == 0, done.stderr
    assert shown("chat.name") == "Nova"


def test_leaving_keeps_what_was_answered(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = ["de"]

    def choose(prompts: object, question: str, offered: object) -> str:
        if not answers:
            raise KeyboardInterrupt
        return answers.pop()

    monkeypatch.setattr("voice.cli.commands.setup._in_terminal", lambda: True)
    monkeypatch.setattr("voice.cli.commands.setup.prompts.KeyPrompts.choose", choose)
    left = voice("setup", "--offline")
    assert left.exit_code != 0 and "saved: " in left.output
    assert shown("asr.language") == "de"


def test_a_step_without_an_answer_saves_nothing(home: Path) -> None:
    done = voice("setup", "microphone", "--yes")
    assert done.exit_code == 0 and "saved" not in done.output
