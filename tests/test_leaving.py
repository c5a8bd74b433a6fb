"""A process that runs real engines leaves with the right exit code, whenever it is stopped and however it ends.

Threads that come back from CTranslate2 or ONNX Runtime while the interpreter ends would abort the process. More tries:
VOICE_LEAVING_TRIES=100.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.real_models import piper_voice, whisper_folder

SPEECH = Path(__file__).parent / "fixtures" / "speech" / "times.wav"
TRIES = int(os.environ.get("VOICE_LEAVING_TRIES", "8"))
STARTED, READY = "words: whisper", "ready in"
LONGEST_S = {STARTED: 2.0, READY: 4.0}
"""After the line, how long loading the engines takes, and the conversation."""

SCRIPT = """
import asyncio, json, sys
from pathlib import Path
from voice.wiring.conversation import converse
from voice.clock import VirtualLoop
from voice.settings.layers import load
from voice.settings.layers import Given

source, sink, settings = sys.argv[1:]
flags = [Given(key, value, "argument", text=True) for key, value in json.loads(settings).items()]
wanted = load(profile="desktop", config=None, environment={}, flags=flags).settings
with asyncio.Runner(loop_factory=VirtualLoop) as runner:
    runner.run(converse(wanted, source=Path(source), sink=Path(sink), fast=True, observer=lambda event: None))
"""


def settings() -> dict[str, str]:
    voice = piper_voice()
    return {
        "asr.engine": "whisper",
        "asr.model": str(whisper_folder()),
        "tts.engine": "piper",
        "tts.voice": str(voice / f"{voice.name}.onnx"),
    }


def started(*arguments: str) -> subprocess.Popen[str]:
    flags = [word for key, value in settings().items() for word in ("--set", f"{key}={value}")]
    command = [sys.executable, "-m", "voice", *arguments, *flags]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("attempt", range(TRIES))
def test_a_stopped_conversation_leaves_with_130(attempt: int, tmp_path: Path) -> None:
    number = (signal.SIGINT, signal.SIGTERM)[attempt % 2]
    line = (STARTED, READY)[attempt // 2 % 2]
    after_s = LONGEST_S[line] * (attempt // 4 * 4 + 1) / max(TRIES, 4)
    with started("talk", "--input", str(SPEECH), "--output", str(tmp_path / "out.wav")) as process:
        assert process.stdout is not None
        shown: list[str] = []
        while not shown or line not in shown[-1]:
            shown.append(process.stdout.readline())
            assert shown[-1], f"it ended before it said {line!r}: {shown}"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after_s)
        ended = process.poll() is not None
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == (0 if ended else 130), errors
    assert errors == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_transcription_leaves_with_130(number: signal.Signals) -> None:
    with started("transcribe", *[str(SPEECH)] * 200) as process:
        assert process.stdout is not None
        assert "times 7" in process.stdout.readline()
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")


def test_a_second_stop_leaves_at_once(tmp_path: Path) -> None:
    with started("talk", "--input", str(SPEECH), "--output", str(tmp_path / "out.wav")) as process:
        assert process.stdout is not None
        while READY not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 130


@pytest.mark.parametrize("attempt", range(max(1, TRIES // 4)))
def test_a_program_that_ends_right_after_its_conversation_leaves_with_0(attempt: int, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(SPEECH), str(tmp_path / "out.wav"), json.dumps(settings())],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
