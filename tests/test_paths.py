"""Where things lie, in a checkout and in an installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from voice import paths as folders


def test_a_checkout_keeps_models_in_itself_unless_told_otherwise(tmp_path: Path) -> None:
    root = folders.checkout()
    assert root is not None
    assert folders.models() == root / "audio_models"
    assert folders.models(str(tmp_path)) == tmp_path
    assert folders.shipped("config/pi.toml").is_file()


def test_an_installed_package_ships_files_within_and_keeps_models_with_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(folders, "PACKAGE", tmp_path / "site-packages" / "voice")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert folders.checkout() is None
    assert folders.shipped("config/pi.toml") == tmp_path / "site-packages" / "voice" / "config" / "pi.toml"
    assert folders.models() == tmp_path / "data" / "voice-assistant" / "models"
    assert folders.models("~/m") == Path.home() / "m"


def test_the_users_data_lies_where_the_system_expects_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert folders.user_data() == Path.home() / ".local" / "share" / "voice-assistant"
    monkeypatch.setattr("sys.platform", "darwin")
    assert folders.user_data() == Path.home() / "Library" / "Application Support" / "voice-assistant"
