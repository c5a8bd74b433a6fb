"""Fault 19 at the server: what cannot be configured is said in one line, with the exit code that fits."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from benchmarks.processes import VOICE
from tests.support.patience import PATIENCE_S


def serve(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*VOICE, "serve", "--port", "0", "--llm", "builtin", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, **environment},
    )


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert all(word in done.stderr for word in words), done.stderr


def test_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused(serve("--port", port, "--store", f"sqlite:///{tmp_path}/s.db"), 69, port)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--port", "many"), ("serve.port", "many")),
        (("--port", "70000"), ("serve.port", "65535")),
        (("--host", "0.0.0.0"), ("VOICE_SERVE_API_KEYS",)),
        (("--set", "serve.portt=1"), ("serve.portt", "serve.port")),
        (("--store", "postgres://x"), ("chat.store", "sqlite:///")),
        (("--llm", "nonsense"), ("chat.llm", "http")),
    ],
)
def test_setting_that_cannot_be_used(tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    store = () if "--store" in arguments else ("--store", f"sqlite:///{tmp_path}/s.db")
    refused(serve(*store, *arguments), 78, *words)


def test_config_file_with_an_unknown_key_and_one_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "voice.toml"
    path.write_text("[serve]\nprot = 1\n")
    refused(serve("--config", str(path)), 78, str(path), "serve.prot")
    missing = serve("--config", str(tmp_path / "none.toml"))
    refused(missing, missing.returncode, "none.toml")
    assert missing.returncode in (66, 78)


def test_store_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    path.write_text("this is not a database, " * 100)
    done = serve("--port", "0", "--store", f"sqlite:///{path}")
    refused(done, done.returncode, str(path))
    assert done.returncode in (66, 78)
