"""The command as a process and as a group: help at once, one line per failure, the exit code that fits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.support.patience import PATIENCE_S
from voice import __version__
from voice.cli import COMMANDS, main
from voice.cli.group import failures_in_one_line
from voice.errors import ConfigError, MissingError, UnavailableError, UsageError


def voice(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voice", *arguments], capture_output=True, text=True, timeout=PATIENCE_S
    )


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from voice.cli import main; sys.argv = ['voice', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'rich', 'asyncio', 'huggingface_hub', 'openai'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S)
    for name, words in COMMANDS.items():
        assert f"  {name} " in done.stdout
        assert words.split(",")[0] in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_version() -> None:
    assert voice("--version").stdout == f"voice {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"Usage: main {name}")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("tallk",), 2, "voice: No such command 'tallk'. Did you mean 'talk'?"),
        (("config", "--bad"), 2, "voice config: No such option '--bad'."),
        (("config", "--set", "turn.silence_ms"), 2, "no value; expected --set SECTION.KEY=VALUE"),
        (("config", "--set", "turn.silence=5"), 78, "expected turn.silence_ms"),
        (("config", "--profile", "phone"), 78, "one of desktop, pi, kiosk"),
        (("talk", "--fast"), 2, "--fast requires --input"),
        (("talk", "--text", "--input", "x.wav"), 2, "--text and --input cannot be combined"),
        (("trace", "none.json"), 66, "none.json: No such file or directory"),
        (("models", "path", "tinny"), 2, "unknown model: 'tinny'; expected tiny"),
        (("models", "path", "zz"), 2, "unknown model: 'zz'; `voice models list` shows all"),
        (("config", "--set", "zz.qq=1"), 78, "unknown setting; expected SECTION.KEY; `voice config` lists all"),
        (("models", "path", "tiny", "--folder", "/nowhere"), 66, "voice models pull tiny"),
    ],
)
def test_a_refusal_is_one_line_with_its_exit_code(arguments: tuple[str, ...], code: int, words: str) -> None:
    done = CliRunner().invoke(main, arguments, prog_name="voice")
    assert done.exit_code == code
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr


def failing(error: BaseException) -> click.Command:
    @click.command()
    @click.option("--debug", is_flag=True)
    @click.pass_context
    def command(ctx: click.Context, debug: bool) -> None:
        with failures_in_one_line(ctx, debug=debug):
            raise error

    return command


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (MissingError("x"), 66),
        (UnavailableError("x"), 69),
        (ConfigError("x"), 78),
        (KeyboardInterrupt(), 130),
        (BaseExceptionGroup("both", [ValueError("y"), KeyboardInterrupt()]), 130),
        (ExceptionGroup("outer", [ExceptionGroup("inner", [MissingError("x", where="here", remedy="do this")])]), 66),
    ],
)
def test_every_failure_ends_in_its_exit_code(error: BaseException, code: int) -> None:
    done = CliRunner().invoke(failing(error))
    assert done.exit_code == code
    assert "Traceback" not in done.output


def test_a_defect_is_one_line_and_a_report_file() -> None:
    done = CliRunner().invoke(failing(KeyError("wheel")))
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("voice: internal error: KeyError; please report it with ")
    report = Path(line.rpartition(" ")[2])
    told = report.read_text("utf-8")
    report.unlink()
    assert "Traceback" in told
    assert told.endswith("KeyError\n"), "its message might quote what was said"


def test_debug_shows_the_traceback_of_a_defect() -> None:
    done = CliRunner().invoke(failing(KeyError("wheel")), ["--debug"])
    assert done.exit_code == 1
    assert "Traceback" in done.stderr
    assert "KeyError: 'wheel'" in done.stderr
    assert "please report" not in done.stderr
