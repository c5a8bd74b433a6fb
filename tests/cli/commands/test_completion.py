"""Completion: the scripts are valid in their shells, and what they are given fits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tests.support.patience import PATIENCE_S
from voice.cli import COMMANDS, main


def completed(*words: str) -> list[str]:
    environment = {
        **os.environ,
        "_VOICE_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    command = [sys.executable, "-m", "voice"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "some"),
    [
        (["voice", "se"], {"setup", "serve", "service"}),
        (["voice", "models", "ve"], {"verify"}),
        (["voice", "talk", "--asr", "wh"], {"whisper"}),
        (["voice", "talk", "--set", "turn.silence"], {"turn.silence_ms="}),
        (["voice", "talk", "--profile", "p"], {"pi"}),
        (["voice", "ctl", "mu"], {"mute"}),
        (["voice", "completion", "z"], {"zsh"}),
        (["voice", "setup", "wa"], {"wake"}),
    ],
)
def test_what_is_begun_is_completed(words: list[str], some: set[str]) -> None:
    assert set(completed(*words)) == some


def test_every_command_is_completed() -> None:
    assert set(COMMANDS) <= set(completed("voice", ""))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_can_read_it(shell: str) -> None:
    printed = CliRunner().invoke(main, ["completion", shell])
    assert printed.exit_code == 0
    assert "_VOICE_COMPLETE" in printed.stdout
    if shutil.which(shell) is not None:
        flag = "--no-execute" if shell == "fish" else "-n"
        read = subprocess.run([shell, flag], input=printed.stdout, capture_output=True, text=True)
        assert read.returncode == 0, read.stderr


def test_another_shell_is_refused() -> None:
    refused = CliRunner().invoke(main, ["completion", "tcsh"])
    assert refused.exit_code == 2
    assert "bash" in refused.stderr
