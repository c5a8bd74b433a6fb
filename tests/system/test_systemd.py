"""The unit's text: what it runs is quoted, systemd itself accepts it, and it is held in."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.system.systemd import NAME, ServiceUnit, quoted

WORDS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1)


@given(WORDS)
def test_a_quoted_word_is_read_back_as_it_was(word: str) -> None:
    read = shlex.split(quoted(word)) if '"' in quoted(word) else [quoted(word)]
    assert [each.replace("%%", "%").replace("$$", "$") for each in read] == [word]


@pytest.mark.parametrize("system", [False, True])
@pytest.mark.parametrize("version", [252, 257])
def test_systemd_accepts_it(tmp_path: Path, system: bool, version: int) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    here = subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True, check=True).stdout.split()
    if int(here[1]) < version:
        pytest.skip(f"systemd {here[1]} does not know what {version} does")
    command = [sys.executable, "-m", "voice", "talk", "--set", 'chat.system=100% sure; $HOME "quoted"']
    path = tmp_path / NAME
    path.write_text(
        ServiceUnit(command, system, str(tmp_path / "my data"), user="root", version=version).text(), "utf-8"
    )
    done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_a_new_start_cannot_mend_is_not_started_again() -> None:
    text = ServiceUnit(["/usr/bin/voice", "talk"], False, "/data").text()
    assert "RestartPreventExitStatus=2 78\n" in text
    assert "SuccessExitStatus=130\n" in text
    assert "RestartSteps" not in text
    assert "RestartMaxDelaySec=300\n" in ServiceUnit(["/usr/bin/voice"], False, "/data", version=255).text()


def test_only_the_systems_own_unit_names_a_user_and_the_folder_it_writes() -> None:
    mine, system = (ServiceUnit(["/usr/bin/voice"], each, "/my data", user="pi").text() for each in (False, True))
    assert 'ReadWritePaths=-"/my data"\n' in system
    assert "User=pi\n" in system
    assert "User=" not in mine
    assert "WantedBy=default.target" in mine
    assert "NoNewPrivileges=yes" in mine
