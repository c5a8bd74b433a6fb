"""The service manager is told over a real socket; the watchdog is fed in virtual time, and by a real process."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.notified import notified
from tests.support.patience import PATIENCE_S
from tests.support.speech import FOLDER
from voice.clock import VirtualLoop
from voice.system.systemd import ServiceManager


@pytest.mark.parametrize("abstract", [False, True])
def test_ready_and_status_are_told(tmp_path: Path, abstract: bool) -> None:
    with notified(f"@voice-test-{os.getpid()}" if abstract else tmp_path / "notify") as told:
        manager = ServiceManager({"NOTIFY_SOCKET": told.address})
        manager.ready()
        manager.status("the microphone is gone\n(USB)")
        assert told.told() == ["READY=1", "STATUS=the microphone is gone (USB)"]


def test_without_a_manager_nothing_is_told_and_nothing_fails() -> None:
    manager = ServiceManager({"WATCHDOG_USEC": "30000000"})
    manager.ready()
    assert manager.watchdog_s == 0.0


def test_a_manager_that_has_gone_is_logged_without_the_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).status("what it does")
    assert "cannot send STATUS" in caplog.text
    assert "what it does" not in caplog.text


def test_another_process_s_watchdog_is_not_ours() -> None:
    environment = {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "3000000"}
    assert ServiceManager(environment).watchdog_s == 3.0
    assert ServiceManager({**environment, "WATCHDOG_PID": "1"}).watchdog_s == 0.0


def test_the_watchdog_is_fed_while_there_is_progress_and_starves_without(tmp_path: Path) -> None:
    with notified(tmp_path / "notify") as told:
        manager = ServiceManager({"NOTIFY_SOCKET": told.address, "WATCHDOG_USEC": "30000000"})
        frames = 0

        async def hear() -> None:
            nonlocal frames
            async with manager.watched(lambda: frames):
                for _ in range(60):
                    await asyncio.sleep(1)
                    frames += 1
                assert 6 <= len(told.told()) <= 7
                await asyncio.sleep(60)  # deaf, though the event loop lives
                assert len(told.told()) <= 1

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(hear())
        assert told.told() == ["STOPPING=1"]


def test_a_conversation_says_that_it_is_ready_and_that_it_hears(tmp_path: Path) -> None:
    with notified(tmp_path / "notify") as told:
        environment = os.environ | {
            "NOTIFY_SOCKET": told.address,
            "WATCHDOG_USEC": "900000",
            "XDG_DATA_HOME": str(tmp_path),
        }
        command = [
            sys.executable,
            "-m",
            "voice",
            "talk",
            "--input",
            str(FOLDER / "private.wav"),
            "--asr",
            "pocketsphinx",
        ]
        talk = subprocess.Popen(
            [*command, "--tts", "tone"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        seen: list[str] = []
        while "READY=1" not in seen or "WATCHDOG=1" not in seen[seen.index("READY=1") :]:
            seen.append(told.wait())
        talk.send_signal(signal.SIGTERM)
        _, said = talk.communicate(timeout=PATIENCE_S)
        assert talk.returncode == 130, said
        assert any(message.startswith("STATUS=ready in") for message in seen)
        assert "STOPPING=1" in told.told()
