"""`voice people`: whose voices are known, as the owner sees, renames and forgets them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.voices import ANN, BEN, voice_of
from voice.cli import main
from voice.memory.vault import Who
from voice.memory.voice_book import keep_voice
from voice.settings.schema import Settings
from voice.speakers.recognition import Sample
from voice.wiring.memory import vault


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "voice-assistant"


def voice(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["people", *arguments])


def keep(id: str, name: str, person: int) -> None:
    with vault(Settings()).writing(Who("", id)) as database:
        keep_voice(database, name, "constant", Sample(voice_of(person), 4.0))


def test_looking_creates_nothing(home: Path) -> None:
    result = voice("list")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "no voice is known" in result.stderr
    assert not home.exists()


def test_people_are_shown_renamed_and_forgotten(home: Path) -> None:
    keep("me", "Ann", ANN)
    keep("ben", "Ben", BEN)
    assert voice("list").stdout == "Ben\tben\t4 s\nAnn\tme\t4 s\n"
    assert voice("rename", "ann", "Anna").stdout == "Ann is Anna from now on\n"
    assert voice("forget", "ben").stdout.startswith("the voice of Ben is forgotten")
    assert voice("list").stdout == "Anna\tme\t4 s\n"
    assert voice("forget", "--all").exit_code == 0
    assert not list(home.glob("people/*.person"))


@pytest.mark.parametrize(
    "arguments",
    [("forget",), ("forget", "Ann", "--all"), ("forget", "Eva"), ("rename", "Eva", "Ev"), ("rename", "Ann", "ben"),
     ("rename", "Ann", "a:b")],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line(arguments: tuple[str, ...]) -> None:
    keep("me", "Ann", ANN)
    keep("ben", "Ben", BEN)
    result = voice(*arguments)
    assert result.exit_code in (2, 69)
    assert len(result.stderr.strip().splitlines()) == 1
    assert len(voice("list").stdout.splitlines()) == 2
