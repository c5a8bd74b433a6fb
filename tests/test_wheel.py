"""The built wheel carries everything: installed into an empty environment it talks, in an empty folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_S
from voice.audio.frames import level_dbfs
from voice.audio.wav import read_wav

ROOT = Path(__file__).parent.parent
SPOKEN = ROOT / "voice" / "demo" / "conversation.wav"

Voice = Callable[..., str]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=PATIENCE_S)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def voice(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Voice:
    """The command of a fresh environment that holds the wheel, and borrows only the third-party packages."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    install = ["--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, capture_output=True, timeout=PATIENCE_S)
    (site,) = (folder / "env").glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    empty = folder / "empty"
    empty.mkdir()

    def run(*arguments: str) -> str:
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("VOICE_", "PYTHON"))}
        environment = {**kept, "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data")}
        command = [str(folder / "env" / "bin" / "voice"), *arguments]
        done = subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_it_has_a_name_of_its_own_and_every_extra_in_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    (everything,) = extras["all"]
    assert everything.startswith(f"{project['name']}[")
    assert set(everything.partition("[")[2].rstrip("]").split(",")) == set(extras) - {"all", "pi"}
    for path in [*(ROOT / "voice").rglob("*.py"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("README*.md")]:
        named = re.findall(r"pip install ['\"]?([a-z-]+)\[([a-z,]+)\]", path.read_text("utf-8"))
        for name, wanted in named:
            assert name == project["name"], path
            assert set(wanted.split(",")) <= set(extras), path


def test_the_source_archive_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path)]
    subprocess.run([*build, "--sdist", str(ROOT)], check=True, capture_output=True, timeout=PATIENCE_S)
    (archive,) = tmp_path.glob("voice_at_home-*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path, filter="data")
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    subprocess.run([*build, "--wheel", str(folder)], check=True, capture_output=True, timeout=PATIENCE_S)
    (made,) = tmp_path.glob("*.whl")
    assert zipfile.ZipFile(made).namelist() == zipfile.ZipFile(wheel).namelist()


def test_profiles_registry_and_demo_are_inside(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for profile in ("desktop", "pi", "kiosk"):
        assert f"voice/config/{profile}.toml" in names
    assert "voice/audio_models/registry.toml" in names
    assert "voice/demo/conversation.wav" in names
    assert "voice/kiosk/js/worklets/playback.js" in names
    assert "voice/py.typed" in names
    assert any(name.startswith("voice/demo/knowledge/") for name in names)
    assert not any(name.startswith("tests/") for name in names)


def test_it_talks_in_an_empty_folder(voice: Voice, tmp_path: Path) -> None:
    answers = tmp_path / "answers.wav"
    output = voice("talk", "--input", str(SPOKEN), "--output", str(answers), "--fast")
    assert "you:   what is twelve times seven" in output
    assert "voice: 12 times 7 is 84." in output
    assert level_dbfs(read_wav(answers)) > -50.0


def test_profiles_and_models_are_found(voice: Voice) -> None:
    shown = json.loads(voice("config", "--profile", "kiosk", "--json"))
    assert shown["vad.engine"] == {"value": "silero", "source": "config/kiosk.toml"}
    listed = voice("models", "list")
    assert "en_US-lessac-medium" in listed
    assert "voice-assistant/models" in listed.replace("\n", "")
