"""`voice doctor --security`: each thing that is open to others is found, and what is closed is said to be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from voice.cli import main
from voice.cli.findings import BROKEN, GOOD, LIMITED
from voice.cli.security_checks import CHECKS
from voice.sessions.stores.sqlite import SqliteStore
from voice.settings.layers import Given, Resolved, load
from voice.settings.personal import save_key

LONG = "0123456789abcdefghijklmnop"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / "voice-assistant"
    folder.mkdir(mode=0o700)
    return folder


def resolved(**given: str) -> Resolved:
    return load(
        flags=[Given(key.replace("__", "."), text, "test", text=True, secrets=True) for key, text in given.items()]
    )


def state(check: str, **given: str) -> str:
    finding = CHECKS[check](resolved(**given))
    assert finding.state == GOOD or finding.remedy, "what is wrong has a remedy"
    for secret in (LONG, "hunter2"):
        assert secret not in finding.text + finding.remedy
    return finding.state


def _open_folder(data: Path) -> None:
    data.chmod(0o755)


def _writable_folder(data: Path) -> None:
    data.chmod(0o777)


def _open_key(data: Path) -> None:
    CHECKS["encryption"](resolved())
    (data / "store.key").write_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    (data / "store.key").chmod(0o644)


def _open_store(data: Path) -> None:
    asyncio.run(SqliteStore(data / "sessions.sqlite").close())
    (data / "sessions.sqlite").chmod(0o640)


def _report(data: Path) -> None:
    (data.parent / "voice-defect-1.txt").write_text("Traceback")


@pytest.mark.parametrize(
    ("check", "spoil", "expected"),
    [
        ("data folder", _open_folder, LIMITED),
        ("data folder", _writable_folder, BROKEN),
        ("encryption", _open_key, BROKEN),
        ("store", _open_store, BROKEN),
        ("leftovers", _report, LIMITED),
    ],
)
def test_files_that_others_may_use_are_found(
    data: Path, check: str, spoil: Callable[[Path], None], expected: str
) -> None:
    assert state(check) == GOOD
    spoil(data)
    assert state(check) == expected


@pytest.mark.parametrize(
    ("check", "given", "expected"),
    [
        ("network", {"serve__host": "0.0.0.0"}, BROKEN),
        ("network", {"serve__host": "0.0.0.0", "serve__api_keys": LONG}, LIMITED),
        ("API keys", {"serve__api_keys": f"{LONG},kitchen:read:hunter2"}, BROKEN),
        ("API keys", {"serve__api_keys": f"{LONG},kitchen:read:{LONG}"}, GOOD),
        ("web pages", {"serve__origins": "*"}, BROKEN),
        ("web pages", {"serve__origins": "kiosk.example"}, BROKEN),
        ("web pages", {"serve__origins": "http://kiosk.example"}, LIMITED),
        ("web pages", {"serve__origins": "https://kiosk.example,http://localhost:3000"}, GOOD),
        ("store", {"chat__store": "redis://db.example/0"}, BROKEN),
        ("store", {"chat__store": "redis://db.example/0", "chat__store_password": "hunter2"}, LIMITED),
        ("store", {"chat__store": "rediss://db.example/0", "chat__store_password": "hunter2"}, GOOD),
        ("store", {"chat__store": "redis://127.0.0.1:6379/0"}, GOOD),
        ("redaction", {"safety__redact": "off"}, LIMITED),
        ("moderation", {"safety__moderate": "off"}, LIMITED),
        ("retention", {"chat__retain": "days=30"}, GOOD),
        ("words go out", {"chat__llm": "http://models.example/v1"}, LIMITED),
        ("words go out", {"chat__llm": "https://models.example/v1"}, GOOD),
        ("words go out", {"chat__llm": "http://127.0.0.1:11434/v1"}, GOOD),
    ],
)
def test_settings_that_open_something_are_found(data: Path, check: str, given: dict[str, str], expected: str) -> None:
    assert state(check) == GOOD, "the defaults are closed"
    assert state(check, **given) == expected


def test_a_file_of_settings_that_everybody_may_change_is_found(data: Path, tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text("[turn]\nsilence_ms = 400\n")
    assert CHECKS["settings"](load(config=config)).state == GOOD
    config.chmod(0o666)
    assert CHECKS["settings"](load(config=config)).state == BROKEN


def test_the_command_ends_with_69_where_something_is_open(data: Path) -> None:
    closed = CliRunner().invoke(main, ["doctor", "--security"])
    assert closed.exit_code == 0, closed.output
    assert all(name in closed.output for name in CHECKS)
    (data / "store.key").write_text("no key")
    broken = CliRunner().invoke(main, ["doctor", "--security"])
    assert broken.exit_code == 69
    assert "restore it from a backup" in broken.output


def test_keys_that_others_can_read_are_found(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert state("key file") == GOOD
    save_key(tmp_path / "voice-assistant.env", "VOICE_CHAT_API_KEY", "sk-1")
    assert state("key file") == GOOD
    (tmp_path / "voice-assistant.env").chmod(0o644)
    assert state("key file") == BROKEN
