"""The file that keeps the names and tokens of conversations on servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from voice.client.keyring import Keyring
from voice.errors import ConfigError


def test_a_name_is_found_again_only_at_its_server(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "sessions.json"
    Keyring(path).keep("http://a", "木", "s_1", "vt_1")
    Keyring(path).keep("http://b", "木", "s_2", "vt_2")
    assert Keyring(path).find("http://a", "木") == ("s_1", "vt_1")
    assert Keyring(path).find("http://b", "木") == ("s_2", "vt_2")
    assert Keyring(path).find("http://a", "other") is None


def test_tokens_are_nobody_elses_business(tmp_path: Path) -> None:
    path = tmp_path / "sessions.json"
    Keyring(path).keep("http://a", "x", "s_1", "vt_1")
    assert path.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [path]


def test_damaged_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "sessions.json"
    path.write_text("{half")
    with pytest.raises(ConfigError, match="move it away"):
        Keyring(path).find("http://a", "x")
