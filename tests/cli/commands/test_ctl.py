"""`voice ctl` with a running `voice talk`, and without one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.patience import PATIENCE_S
from voice.audio.frames import silence
from voice.audio.wav import write_wav
from voice.cli import main


@contextmanager
def talking(tmp_path: Path, *more: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A conversation in a quiet room; gives its socket and, once it is ready, its process."""
    write_wav(tmp_path / "room.wav", silence(60.0))
    path = str(tmp_path / "ctl")
    command = [sys.executable, "-m", "voice", "talk", "--input", str(tmp_path / "room.wav"), "--asr", "pocketsphinx"]
    command += ["--tts", "tone", "--set", f"hooks.socket={path}", "--set", f"chat.store=sqlite:///{tmp_path}/c.sqlite"]
    with subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any("ready in" in line for line in process.stdout)
        try:
            yield path, process
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=PATIENCE_S)


def ctl(path: str, *words: str) -> Result:
    return CliRunner().invoke(main, ["ctl", "--socket", path, *words])


def test_orders_reach_the_conversation_and_its_events_whoever_watches(tmp_path: Path) -> None:
    with talking(tmp_path, "--set", f"hooks.on_muted=tee {tmp_path}/told") as (path, process):
        assert ctl(path, "status").output.startswith("idle, volume 100 % (voice ")
        assert ctl(path).output == ctl(path, "status").output
        watch = [sys.executable, "-m", "voice", "ctl", "--socket", path, "watch"]
        with subprocess.Popen(watch, stdout=subprocess.PIPE, text=True, env={**os.environ}) as watcher:
            assert watcher.stdout is not None
            events = (json.loads(line) for line in watcher.stdout)
            assert next(events)["event"] == "snapshot"
            assert ", muted (voice " in ctl(path, "mute").output, "each order tells the state that follows"
            assert ctl(path, "volume", "40").exit_code == 0
            assert next(event for event in events if event["event"] == "muted")
            assert ctl(path, "status").output.startswith("idle, volume 40 %, muted")
            assert ctl(path, "unmute").exit_code == 0
            assert ctl(path, "say", "dinner is ready").exit_code == 0
            assert next(event for event in events if event["event"] == "speaking")
            assert ctl(path, "stop").exit_code == 0
            turn = next(event for event in events if event["event"] == "turn")
            assert turn["outcome"] == "interrupted" and "words" not in turn
            assert next(event for event in events if event["event"] == "idle")
            process.send_signal(signal.SIGINT)
            assert watcher.wait(20) == 69, "the conversation has ended"
    assert json.loads((tmp_path / "told").read_text())["event"] == "muted"
    assert not Path(path).exists()


def test_without_a_conversation_it_says_so_in_one_line(tmp_path: Path) -> None:
    for words in (["mute"], ["watch"], ["status"], []):
        done = ctl(str(tmp_path / "nobody"), *words)
        assert done.exit_code == 69
        assert done.output.splitlines() == [
            f"voice: {tmp_path}/nobody: no conversation is running; start one: voice talk"
        ]
    assert ctl("off", "mute").exit_code == 69


@pytest.mark.parametrize("words", [["volume", "110"], ["volume", "loud"], ["say"], ["mute", "now"], ["explode"]])
def test_an_order_that_cannot_be_is_refused_before_anybody_is_asked(tmp_path: Path, words: list[str]) -> None:
    done = ctl(str(tmp_path / "nobody"), *words)
    assert done.exit_code == 2 and len(done.output.splitlines()) == 1
