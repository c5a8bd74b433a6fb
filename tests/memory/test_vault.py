"""Memories at rest: private, whole or not there, shared by processes, and gone when they are forgotten."""

from __future__ import annotations

import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import canaries
from voice.memory.vault import Vault, Who
from voice.sessions.stores.interface import StoreError

ANN, BOB = Who("", "ann"), Who("", "bob")
KEY = b"k" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where memories are kept; nothing in it may be readable."""
    yield tmp_path / "data" / "people"
    canaries.check_folder(tmp_path)


def opened(folder: Path | None, key: bytes = KEY) -> Vault:
    return Vault(folder, lambda: key)


def told(vault: Vault, who: Who) -> list[str]:
    with vault.reading(who) as database:
        return [] if database is None else [row[0] for row in database.execute("SELECT text FROM facts ORDER BY id")]


def tell(vault: Vault, who: Who, fact: str) -> None:
    with vault.writing(who) as database:
        database.execute("INSERT INTO facts (text, about, day) VALUES (?, '', '')", (fact,))


def test_what_is_kept_is_there_for_the_next_process_and_for_no_one_else(folder: Path) -> None:
    tell(opened(folder), ANN, "the word is swordfish 剑鱼")
    assert told(opened(folder), ANN) == ["the word is swordfish 剑鱼"]
    assert told(opened(folder), BOB) == []
    assert told(opened(folder), Who("other", "ann")) == told(opened(folder), Who("", "\0ann")) == []
    assert opened(folder).people() == [ANN]


def test_files_are_their_owners_only_and_tell_no_names(folder: Path) -> None:
    tell(opened(folder), Who("", "swordfish"), "x")
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_written_and_no_key_made_before_there_is_something_to_keep(folder: Path) -> None:
    def key() -> bytes:
        raise AssertionError("no key is needed")

    vault = Vault(folder, key)
    assert told(vault, ANN) == []
    assert vault.people() == []
    assert not vault.forget(ANN)
    assert vault.forget_all() == 0
    assert not folder.exists()


def test_a_change_that_fails_leaves_everything_as_it_was(folder: Path) -> None:
    vault = opened(folder)
    tell(vault, ANN, "one")
    with pytest.raises(RuntimeError), vault.writing(ANN) as database:
        database.execute("DELETE FROM facts")
        raise RuntimeError
    assert told(vault, ANN) == told(opened(folder), ANN) == ["one"]


def test_two_processes_see_what_the_other_writes(folder: Path) -> None:
    first, second = opened(folder), opened(folder)
    for number in range(3):
        tell(first, ANN, f"first {number}")
        tell(second, ANN, f"second {number}")
    assert told(first, ANN) == told(second, ANN)
    assert len(told(first, ANN)) == 6
    second.forget(ANN)
    assert told(first, ANN) == []


def test_threads_and_vaults_lose_nothing(folder: Path) -> None:
    vaults = [opened(folder), opened(folder)]

    def write(vault: Vault) -> None:
        for _ in range(5):
            tell(vault, ANN, "x")

    writers = [threading.Thread(target=write, args=(vaults[number % 2],)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(told(vaults[0], ANN)) == 20


def test_a_killed_writer_leaves_the_memory_whole(folder: Path) -> None:
    tell(opened(folder), ANN, "before")
    code = (
        "import os, sys; from pathlib import Path; from voice.memory.vault import Vault, Who\n"
        "vault = Vault(Path(sys.argv[1]), lambda: b'k' * 32)\n"
        "os.fsync = lambda number: os._exit(9)\n"
        "with vault.writing(Who('', 'ann')) as database:\n"
        "    database.execute(\"INSERT INTO facts (text, about, day) VALUES ('swordfish', '', '')\")\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(folder)], check=False).returncode == 9
    vault = opened(folder)
    assert told(vault, ANN) == ["before"]
    tell(vault, ANN, "after")
    assert told(opened(folder), ANN) == ["before", "after"]


def test_another_key_and_a_changed_file_are_reported_in_one_line(folder: Path) -> None:
    tell(opened(folder), ANN, "swordfish")
    (file,) = folder.glob("*.person")
    other = opened(folder, b"o" * 32)
    assert told(other, ANN) == []  # its name is another one, too
    assert other.people() == []
    raw = file.read_bytes()
    file.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(StoreError, match="damaged, or was encrypted with another key"):
        told(opened(folder), ANN)
    assert opened(folder).forget(ANN)
    assert told(opened(folder), ANN) == []


def test_a_file_moved_to_another_person_is_refused(folder: Path) -> None:
    tell(opened(folder), ANN, "a")
    (ann,) = folder.glob("*.person")
    tell(opened(folder), BOB, "b")
    (bob,) = set(folder.glob("*.person")) - {ann}
    bob.write_bytes(ann.read_bytes())
    with pytest.raises(StoreError):
        told(opened(folder), BOB)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "people").write_text("a file", "utf-8")
    with pytest.raises(StoreError, match="memory cannot be kept"):
        tell(opened(tmp_path / "people"), ANN, "x")


def test_a_memory_without_content_leaves_no_file(folder: Path) -> None:
    vault = opened(folder)
    tell(vault, ANN, "x")
    with vault.writing(ANN) as database:
        database.execute("DELETE FROM facts")
    assert list(folder.glob("*.person")) == []


def test_what_is_not_used_is_closed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    vault = Vault(folder, lambda: KEY, lambda: now)
    monkeypatch.setattr("voice.memory.vault.MOST_OPEN", 4)
    for number in range(6):
        tell(vault, Who("", str(number)), "x")
    assert len(vault._open) == 4
    now = 100.0
    told(vault, Who("", "5"))
    vault.drop_unused(60)
    assert list(vault._open) == [Who("", "5")]
    assert vault.size(Who("", "5")) > 100
    assert vault.size(BOB) == 0


def test_everyone_can_be_forgotten_also_without_the_key(folder: Path) -> None:
    tell(opened(folder), ANN, "x")
    tell(opened(folder), BOB, "x")
    assert opened(folder, b"o" * 32).forget_all() == 2
    assert opened(folder).people() == []


def test_without_a_folder_all_stays_in_the_process() -> None:
    vault = Vault(None, bytes)
    tell(vault, ANN, "x")
    vault.drop_unused(0)
    assert told(vault, ANN) == ["x"]
    assert vault.people() == [ANN]
    assert vault.size(ANN) == 0
    assert vault.forget(ANN)
    assert told(vault, ANN) == []
    tell(vault, ANN, "y")
    assert vault.forget_all() == 1


@settings(max_examples=15)
@given(st.lists(st.text(max_size=50), min_size=1, max_size=3), st.text(min_size=1))
def test_any_text_of_any_person_comes_back(told_facts: list[str], person: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        for fact in told_facts:
            tell(opened(Path(place) / "people"), Who("", person), fact)
        assert told(opened(Path(place) / "people"), Who("", person)) == told_facts
