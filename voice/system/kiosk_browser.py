"""A full-screen browser on one page: the first one installed, with a temporary profile."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Iterator, Mapping

from voice.errors import MissingError

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "brave-browser")
CHROMIUM_FLAGS = (
    "--kiosk",
    "--no-first-run",
    "--no-default-browser-check",
    "--noerrdialogs",
    "--disable-session-crashed-bubble",
    "--disable-pinch",
    "--overscroll-history-navigation=0",
    "--autoplay-policy=no-user-gesture-required",
    "--auto-accept-camera-and-microphone-capture",
)
"""Full screen, no bars and bubbles; the page may use sound and the microphone without being asked."""


def command(
    url: str,
    wanted: str,
    profile: str,
    find: Callable[[str], str | None] = shutil.which,
    has_screen: bool | None = None,
) -> list[str] | None:
    """The command that opens `url`, by `wanted` if not empty; None where only the default browser is left.

    `profile` is an empty folder. Raises MissingError without a display, or if `wanted` is not installed.
    """
    if not (screen(os.environ) if has_screen is None else has_screen):
        raise MissingError("no display for a browser", remedy=f"open {url} on another machine, or use --no-browser")
    words = shlex.split(wanted)
    for name in words[:1] or (*CHROMIUMS, "firefox"):
        found = find(name)
        if found is None:
            continue
        if "firefox" in name:
            flags = ["--kiosk", "--no-remote", "--profile", profile]
        else:
            flags = [*CHROMIUM_FLAGS, f"--user-data-dir={profile}"]
        return [found, *words[1:], *flags, url]
    if words:
        raise MissingError("browser not found", where=f"kiosk.browser = {wanted}", expected="a command in PATH")
    return None


def screen(environment: Mapping[str, str]) -> bool:
    """Whether a window can be shown."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


@contextlib.contextmanager
def opened(url: str, wanted: str = "") -> Iterator[None]:
    """Show the page until the context ends. Raises MissingError as `command` does."""
    with tempfile.TemporaryDirectory(prefix="voice-kiosk-", ignore_cleanup_errors=True) as profile:
        line = command(url, wanted, profile)
        if line is None:
            webbrowser.open(url)
            yield
            return
        process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
