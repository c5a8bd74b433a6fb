"""`voice memory`: what is remembered, as its owner sees, exports and forgets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support import canaries
from voice.cli import main
from voice.memory.fact_book import keep
from voice.settings.schema import Settings
from voice.wiring.memory import own_person, vault


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "voice-assistant"


def voice(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments])


def tell(*told: str) -> None:
    from datetime import date

    with vault(Settings()).writing(own_person(Settings())) as database:
        for fact in told:
            keep(database, fact, date(2026, 3, 4))


def test_looking_creates_nothing(home: Path) -> None:
    result = voice("memory", "list")
    assert (result.exit_code, result.stderr.strip()) == (0, "nothing is remembered of me")
    assert json.loads(voice("memory", "export").stdout) == [{"person": "me", "facts": [], "records": {}, "talks": []}]
    assert not home.exists()


def test_what_is_remembered_is_shown_exported_and_forgotten(home: Path) -> None:
    tell("the word is swordfish", "I live in Hamburg")
    canaries.check_folder(home)
    assert voice("memory", "list").stdout.splitlines() == ["the word is swordfish", "I live in Hamburg"]
    assert voice("memory", "list", "--people").stdout == "me\n"
    assert voice("memory", "list", "--person", "bob").stdout == ""
    (mine,) = json.loads(voice("memory", "export", "--all").stdout)
    assert mine == {"person": "me", "facts": ["the word is swordfish", "I live in Hamburg"], "records": {}, "talks": []}
    assert voice("memory", "forget", "Hamburg").stdout == "forgotten: I live in Hamburg\n"
    assert voice("memory", "forget", "--all").stdout == "everything about me is forgotten\n"
    assert list(home.glob("people/*.person")) == []


@pytest.mark.parametrize("arguments", [(), ("x", "--all"), ("the price of tea",)])
def test_what_cannot_be_forgotten_is_one_line(arguments: tuple[str, ...]) -> None:
    tell("I live in Hamburg")
    result = voice("memory", "forget", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("voice: ")
    assert len(result.stderr.splitlines()) == 1


def test_forgetting_all_conversations_forgets_people_too(home: Path) -> None:
    tell("I live in Hamburg")
    assert "the memory of 1 person removed" in voice("forget", "--all").stdout
    assert list(home.glob("people/*.person")) == []
