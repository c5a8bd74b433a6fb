"""A newcomer's first minute: from a clean tree, in a pseudo-terminal, to a spoken turn; and the second start."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pyte
import pytest

from benchmarks.upstream import Script
from tests.support.patience import PATIENCE_S
from tests.support.real_models import models_folder, piper_voice, smart_turn_file, whisper_folder
from tests.support.scripted_upstream import UpstreamProcess

ROOT = Path(__file__).parents[4]
ENTER = "\r"
REPLY = "Nobody knows, but it is late enough."
MOST_ANSWERS = 6
NO_SOUND = """
class PortAudioError(Exception): ...
def query_hostapis(): return ()
def query_devices(kind=None):
    if kind: raise PortAudioError(kind)
    return ()
"""
"""In place of sounddevice: a machine without sound, as over SSH, wherever this runs."""


class Terminal:
    """A program in a pseudo-terminal of 100 × 40, and what its screen shows."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._screen = pyte.Screen(100, 40)
        self._stream = pyte.Stream(self._screen)
        self.answers = 0
        self.all = ""
        self._program = pexpect.spawn(
            command[0], command[1:], cwd=str(folder), env=environment, dimensions=(40, 100), encoding="utf-8"
        )

    @property
    def shown(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    def until(self, *parts: str) -> None:
        """Wait until the screen shows all these parts."""
        while not all(part in self.shown for part in parts):
            try:
                piece = self._program.read_nonblocking(4096, timeout=PATIENCE_S)
            except (pexpect.TIMEOUT, pexpect.EOF) as error:
                raise AssertionError(f"no {parts} on the screen:\n{self.shown}") from error
            self.all += piece
            self._stream.feed(piece)

    def answer(self, question: str, first: str) -> None:
        """Answer the question whose first answer is `first`, once the screen shows both."""
        self.until(question, f">  1. {first}")
        self._program.send(ENTER)
        self.answers += 1

    def close(self) -> None:
        self._program.close(force=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A clean tree whose .venv is made already: it borrows the packages, and the stamp says that all are there."""
    folder = tmp_path / "tree"
    for name in ("voice", "config", "scripts"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "audio_models").mkdir()
    for name in ("pyproject.toml", "audio_models/registry.toml"):
        shutil.copyfile(ROOT / name, folder / name)
    venv.create(folder / ".venv", with_pip=False)
    (site,) = (folder / ".venv").glob("lib/python*/site-packages")
    (site / "tree.pth").write_text(f"{folder}\n{sysconfig.get_path('purelib')}\n")
    (folder / "sounddevice.py").write_text(NO_SOUND)
    program = folder / ".venv" / "bin" / "voice"
    program.write_text(f"#!{folder}/.venv/bin/python\nfrom voice.__main__ import main\n\nmain()\n")
    program.chmod(0o755)
    lock = "scripts/lock/runtime.txt"
    stamp = f'echo "$(cat {lock} pyproject.toml | cksum) $(.venv/bin/python -V) {lock}" > .venv/.lock-stamp'
    subprocess.run(["bash", "-c", stamp], cwd=folder, check=True)
    return folder


@contextmanager
def started(tree: Path, environment: dict[str, str]) -> Iterator[Terminal]:
    terminal = Terminal(["./scripts/start"], tree, environment)
    try:
        yield terminal
    finally:
        terminal.close()


def test_from_a_clean_tree_to_a_spoken_turn(tree: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    for found in (whisper_folder(), piper_voice(), smart_turn_file().parent):
        (models / found.name).symlink_to(models_folder() / found.name)
    with UpstreamProcess(kind="ollama") as server:
        server.default(Script(text=REPLY))
        environment = {
            **os.environ,
            "HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "XDG_DATA_HOME": str(tmp_path / "data"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "VOICE_MODELS_FOLDER": str(models),
            "VOICE_ASR_MODEL": "tiny.en",  # a fast machine would fetch base, 145 MB
            "OLLAMA_HOST": f"127.0.0.1:{server.port}",
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "PROMPT_TOOLKIT_NO_CPR": "1",
        }
        with started(tree, environment) as terminal:
            terminal.answer("Which language do you speak?", "English")
            terminal.answer("Speech models?", "fetch what fits this machine")
            terminal.until("Ollama runs here")
            terminal.answer("Which language model answers?", "scripted (Ollama")
            terminal.answer("Anything else?", "no, start")
            terminal.until("What time is it", REPLY)
            assert terminal.answers <= MOST_ANSWERS
            assert "whisper tiny.en" in terminal.all
            assert "piper en_US-joe-medium" in terminal.all
        saved = (tmp_path / "config" / "voice-assistant" / "config.toml").read_text("utf-8")
        assert f'llm = "{server.url}"' in saved
        assert 'language = "en"' in saved
        with started(tree, environment) as terminal:
            terminal.until("ready in")
            assert ">  1." not in terminal.all, "the second start asks nothing"
        assert server.calls() >= 1
