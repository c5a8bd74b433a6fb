"""`voice service` where no systemd runs: the unit is written, shown and removed, and each step says what to type."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from voice.cli import main
from voice.system.systemd import NAME


@pytest.fixture
def unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))  # no systemctl
    return tmp_path / "systemd/user" / NAME


def voice(*words: str) -> Result:
    return CliRunner().invoke(main, ["service", *words])


def test_install_writes_the_unit_and_uninstall_removes_it(unit: Path) -> None:
    installed = voice("install", "--", "talk", "--config", "kitchen.toml", "--session", "kitchen")
    assert installed.exit_code == 0, installed.output
    assert "systemctl --user enable voice-assistant.service" in installed.output
    line = next(line for line in unit.read_text("utf-8").splitlines() if line.startswith("ExecStart="))
    program, *words = line.removeprefix("ExecStart=").split()
    assert Path(program).is_file()
    assert words == ["talk", "--config", str(Path("kitchen.toml").absolute()), "--session", "kitchen"]
    removed = voice("uninstall")
    assert removed.exit_code == 0, removed.output
    assert not unit.exists()


def test_print_changes_nothing(unit: Path) -> None:
    printed = voice("install", "--print", "--memory", "300")
    assert "MemoryMax=300M" in printed.output
    assert not unit.exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["status"], 66, "the service is not installed; voice service install"),
        (["uninstall"], 66, "the service is not installed"),
        (["install", "--", "dance"], 2, "cannot run 'dance'; expected talk or serve or kiosk"),
        (["install", "--system", "--user", "nobody-here"], 2, "no user 'nobody-here'"),
    ],
)
def test_what_cannot_be_done_is_one_line(unit: Path, words: list[str], code: int, said: str) -> None:
    refused = voice(*words)
    assert (refused.exit_code, said in refused.output) == (code, True), refused.output
    assert len(refused.output.splitlines()) == 1


def test_status_without_a_running_systemd(unit: Path) -> None:
    voice("install")
    refused = voice("status")
    assert refused.exit_code == 69
    assert "systemd is not running" in refused.output


def test_alone_it_says_the_state(unit: Path) -> None:
    assert "your service: not installed" in voice().output
    voice("install")
    shown = voice()
    assert shown.exit_code == 0
    assert "your service: installed, but systemd is not running here" in shown.output
    assert str(unit) in shown.output
