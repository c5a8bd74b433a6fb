"""`voice talk` with a microphone and a speaker, as a person uses it: asked and answered aloud, and unplugged."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.support.pulse import Pulse, missing
from voice.audio.frames import Pcm

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

SPEECH = Path(__file__).parents[1] / "fixtures" / "speech"
PATIENCE_S = 60.0


class Talk:
    """A running `voice talk`, its lines as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line)
                self._news.notify_all()

    def wait_for(self, words: str, count: int = 1) -> None:
        """Wait until a line with these words came `count` times."""
        with self._news:
            came = self._news.wait_for(lambda: sum(words in line for line in self.lines) >= count, PATIENCE_S)
        assert came, f"no {words!r} in:\n{''.join(self.lines)}"

    def leave(self) -> int:
        """Press Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=PATIENCE_S)
        self._reader.join(timeout=PATIENCE_S)
        return code


@contextmanager
def talking(pulse: Pulse, home: Path) -> Iterator[Talk]:
    env = {**pulse.env, "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "voice", "talk", "--asr", "pocketsphinx", "--tts", "espeak"]
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as process:
        try:
            yield Talk(process)
        finally:
            process.kill()


def ask(pulse: Pulse) -> None:
    """Say "what is twelve times seven" into the microphone."""
    with pulse.play_file(SPEECH / "times.wav") as asking:
        asking.wait(timeout=PATIENCE_S)


def loud_s(pcm: Pcm) -> float:
    """Seconds of 10 ms windows with anything to hear."""
    windows = pcm[: len(pcm) // 160 * 160].reshape(-1, 160)
    return float((np.abs(windows.astype(int)).max(axis=1) > 500).sum()) / 100


def test_a_question_asked_aloud_is_answered_aloud_and_a_lost_microphone_comes_back(tmp_path: Path) -> None:
    with Pulse() as pulse, talking(pulse, tmp_path) as talk, pulse.record() as recording:
        talk.wait_for("ready")
        ask(pulse)
        talk.wait_for("you:   what is twelve times seven")
        talk.wait_for("voice: 12 times 7 is 84.")
        assert loud_s(recording.pcm) > 0.7
        pulse.unplug("mic")
        talk.wait_for("the microphone is gone")
        pulse.plug("mic")
        talk.wait_for("the microphone is back")
        ask(pulse)
        talk.wait_for("voice: 12 times 7 is 84.", count=2)
        began = time.monotonic()
        assert talk.leave() == 130
        print(f"left after {time.monotonic() - began:.2f} s")
        assert "Traceback" not in "".join(talk.lines)
