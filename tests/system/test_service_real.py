"""The unit under a real systemd: ready, restarted when it dies or hangs, left alone when it is misconfigured."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.systemd import CHECKOUT, PYTHON, Systemd, booted, missing
from voice.audio.frames import RATE
from voice.audio.wav import write_wav
from voice.system.systemd import NAME, ServiceUnit

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

BROKEN = "broken.service"
QUIET_S = 300


def unit(share: Path, *words: str) -> str:
    """Our unit as it is, but for what a test cannot wait for."""
    command = [str(PYTHON / "bin" / Path(sys.executable).name), "-m", "voice", *words]
    text = ServiceUnit(command, system=True, data=str(share), user="root").text()
    environment = f"PYTHONPATH={CHECKOUT} XDG_DATA_HOME=/tmp"
    changed = f"WatchdogSec=4\nRestartSec=0.2\nWorkingDirectory={CHECKOUT}\nEnvironment={environment}\n"
    return text.replace("[Unit]\n", "[Unit]\nDefaultDependencies=no\n").replace("[Install]", f"{changed}\n[Install]")


@pytest.fixture(scope="module")
def systemd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systemd]:
    share = tmp_path_factory.mktemp("systemd")
    noise = np.random.default_rng(1).integers(-20, 20, QUIET_S * RATE).astype(np.int16)
    write_wav(share / "quiet.wav", noise)
    talk = ["talk", "--input", "/run/share/quiet.wav", "--asr", "pocketsphinx", "--tts", "tone"]
    units = {NAME: unit(share, *talk), BROKEN: unit(share, *talk, "--set", "turn.silence_ms=soon")}
    with booted(share, units) as manager:
        try:
            manager.until(lambda: manager.show("test.target", "ActiveState") == "active", "booted", within_s=60)
        except AssertionError:
            pytest.skip("systemd does not boot in namespaces here")
        yield manager


def state(systemd: Systemd, name: str = NAME) -> tuple[str, str]:
    return systemd.show(name, "ActiveState"), systemd.show(name, "NRestarts")


def test_it_is_started_when_it_is_ready_and_again_when_it_dies_or_hangs(systemd: Systemd) -> None:
    assert systemd.systemctl("start", NAME) == ""  # Type=notify: returns when it is ready
    assert state(systemd) == ("active", "0")
    systemd.until(lambda: systemd.show(NAME, "StatusText").startswith("ready in"), "told what it does")
    systemd.systemctl("kill", "--signal=KILL", NAME)
    systemd.until(lambda: state(systemd) == ("active", "1"), "restarted after its death")
    systemd.systemctl("kill", "--signal=STOP", NAME)
    systemd.until(lambda: state(systemd) == ("active", "2"), "restarted after it stood still")
    systemd.systemctl("stop", NAME)
    assert state(systemd)[0] == "inactive", "leaving by SIGTERM is no failure"


def test_wrong_settings_are_not_tried_again(systemd: Systemd) -> None:
    systemd.systemctl("start", BROKEN)
    systemd.until(lambda: state(systemd, BROKEN) == ("failed", "0"), "failed once")
    assert systemd.show(BROKEN, "ExecMainStatus") == "78"
