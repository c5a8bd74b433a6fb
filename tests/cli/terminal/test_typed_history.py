"""Typed lines that the arrow keys find again: kept privately, and never at the cost of a conversation."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from voice.cli.terminal.typed_history import LONGEST_BYTES, TypedHistory, forget_typed, history_file


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def history(name: str = "ada") -> TypedHistory:
    def failed(error: OSError) -> None:
        raise error

    return TypedHistory(history_file(name), lambda line: line.replace("555", "[number]"), failed)


def test_lines_are_found_again_the_newest_first_and_only_by_their_owner() -> None:
    first = history()
    for line in ("one", "two\nlines", "call 555", "末"):
        first.store_string(line)
    assert list(history().load_history_strings()) == ["末", "call [number]", "two\nlines", "one"]
    assert list(history("bob").load_history_strings()) == []
    file = history_file("ada")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert "ada" not in str(file)


def test_a_file_that_others_could_read_is_closed_to_them() -> None:
    history().store_string("one")
    history_file("ada").chmod(0o644)
    history().store_string("two")
    assert stat.S_IMODE(history_file("ada").stat().st_mode) == 0o600


def test_what_is_forgotten_is_gone() -> None:
    for name in ("ada", "bob"):
        history(name).store_string("secret")
    history().erase()
    assert not history_file("ada").exists()
    forget_typed("bob")
    forget_typed("nobody")
    assert not history_file("bob").exists()
    history().store_string("secret")
    forget_typed(None)
    assert not history_file("ada").exists()


def test_a_long_file_loses_its_older_half() -> None:
    kept = history()
    kept.store_string("old " * 1000)
    with history_file("ada").open("a") as file:
        file.write("\n# typed\n+" + "x" * LONGEST_BYTES + "\n\n# typed\n+new\n")
    lines = list(history().load_history_strings())
    assert lines == ["new"]
    assert history_file("ada").stat().st_size < LONGEST_BYTES


def test_a_disk_that_cannot_be_written_is_told_once(home: Path) -> None:
    (home / "voice-assistant").write_text("in the way")
    failures: list[OSError] = []
    broken = TypedHistory(history_file("ada"), str, failures.append)
    broken.store_string("one")
    broken.store_string("two")
    assert len(failures) == 1
