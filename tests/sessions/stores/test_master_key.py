"""The machine's key: made once, private, never replaced, refused in one line."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from voice.errors import ConfigError
from voice.sessions.stores.interface import StoreError
from voice.sessions.stores.master_key import master_key

KEY = base64.b64encode(bytes(range(224, 256))).decode()


def test_it_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "store.key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: master_key("", path), range(32)))
    assert len(keys) == 1
    assert len(keys.pop()) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["store.key"]


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "store.key"
    assert master_key(KEY, path) == bytes(range(224, 256))
    assert master_key(KEY.replace("/", "_").replace("+", "-") + "\n", path) == bytes(range(224, 256))
    assert not path.exists()


@pytest.mark.parametrize("text", ["secret", "", "é" * 32, KEY[:-4], KEY + KEY])
def test_what_is_no_key_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "store.key"
    path.write_text(text, "utf-8")
    with pytest.raises(StoreError) as from_file:
        master_key("", path)
    assert str(path) in str(from_file.value)
    if text:
        with pytest.raises(ConfigError) as from_environment:
            master_key(text, path)
        assert "VOICE_CHAT_STORE_KEY" in str(from_environment.value)
        assert text not in str(from_environment.value)
        assert text not in str(from_file.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.key").mkdir()
    with pytest.raises(StoreError, match="cannot be read"):
        master_key("", tmp_path / "store.key")
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be read"):
        master_key("", tmp_path / "file" / "store.key")
