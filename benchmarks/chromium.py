"""A Chromium on this machine: what `--page` measures, and what the tests of the kiosk page drive."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
HUMMING = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
"""A microphone that needs no permission and that beeps."""


def speaking(recording: Path) -> tuple[str, ...]:
    """A microphone that plays a WAV file once, from when a page opens it."""
    return (*HUMMING, f"--use-file-for-fake-audio-capture={recording}%noloop")


def how(*flags: str) -> dict[str, Any]:
    """How Playwright launches it, without any sound device of this machine."""
    nowhere = {**os.environ, "PULSE_SERVER": "unix:/nowhere", "ALSA_CONFIG_PATH": os.devnull}
    return {"executable_path": PROGRAM, "args": [*FLAGS, *flags], "env": nowhere}
