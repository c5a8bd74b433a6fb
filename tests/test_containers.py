"""The image and the editor's container: linted, and what they start exists. Built where there is an engine."""

from __future__ import annotations

import fnmatch
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from voice.cli import main
from voice.settings.layers import OPTIONS, environment_name

ROOT = Path(__file__).parent.parent
IMAGE = (ROOT / "Dockerfile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
ENGINES = ("docker", "podman")
BUILD_S = 900
HADOLINT = Path(sys.executable).parent / "hadolint"


def instruction(name: str) -> str:
    (found,) = re.findall(rf"^{name} (.*(?:\\\n.*)*)$", IMAGE, re.MULTILINE)
    return str(found)


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not installed")
def test_the_linter_has_nothing_to_say() -> None:
    linted = subprocess.run([HADOLINT, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout


def test_it_installs_extras_that_exist() -> None:
    extras = re.findall(r"/src\[([a-z,]+)\]", IMAGE)[0].split(",")
    assert set(extras) <= set(PROJECT["project"]["optional-dependencies"])


@pytest.mark.parametrize("arguments", [["kiosk", "--no-browser", "--host", "0.0.0.0"], None])
def test_what_it_starts_exists(arguments: list[str] | None) -> None:
    assert json.loads(instruction("ENTRYPOINT")) == ["voice"]
    started = arguments or json.loads(instruction("CMD"))
    assert CliRunner().invoke(main, [*started, "--help"]).exit_code == 0


def test_its_variables_are_known() -> None:
    known = {environment_name(key) for key in OPTIONS} | {"XDG_DATA_HOME", "XDG_CONFIG_HOME"}
    assert {pair.partition("=")[0] for pair in instruction("ENV").split()} <= known


def test_what_is_built_from_is_not_ignored() -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    for needed in (*PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"], "pyproject.toml"):
        assert any(fnmatch.fnmatch(needed, pattern) for pattern in kept), needed


def test_the_editors_container_prepares_what_the_tests_need() -> None:
    told = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    for command in told["postCreateCommand"].split(" && "):
        assert (ROOT / command.split()[0]).is_file()


@pytest.fixture
def engine() -> str:
    """A container engine that runs here."""
    for name in filter(shutil.which, ENGINES):
        if subprocess.run([name, "info"], capture_output=True).returncode == 0:
            return name
    pytest.skip("no container engine runs here")


def test_the_image_is_built_and_answers(engine: str) -> None:
    subprocess.run([engine, "build", "--tag", "voice-test", str(ROOT)], check=True, timeout=BUILD_S)
    told = subprocess.run(
        [engine, "run", "--rm", "voice-test", "--version"], check=True, capture_output=True, text=True
    )
    assert told.stdout.startswith("voice ")
