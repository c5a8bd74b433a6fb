"""Nothing that an engine's library would report about its use leaves the machine, or is prepared to leave it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RUN_A_MODEL = """
from faster_whisper.vad import get_vad_model
get_vad_model()
"""


@pytest.mark.parametrize("package", ["voice", "voice.vad.silero"])
def test_onnx_runtime_keeps_no_number_for_this_machine(tmp_path: Path, package: str) -> None:
    # Only these variables: the library is silent by itself where it sees a continuous integration service.
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", f"import {package}\n{RUN_A_MODEL}"]
    done = subprocess.run(command, env=environment, cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [str(path) for path in tmp_path.rglob("*") if path.is_file()] == []
