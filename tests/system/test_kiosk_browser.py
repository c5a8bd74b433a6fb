"""Which browser opens the page, and how."""

from __future__ import annotations

import pytest

from voice.errors import MissingError
from voice.system.kiosk_browser import command, screen

URL = "http://127.0.0.1:8970/kiosk/"


def finder(*installed: str):  # type: ignore[no-untyped-def]
    return lambda name: f"/usr/bin/{name}" if name in installed else None


def test_chromium_before_firefox_full_screen_with_a_profile_of_its_own() -> None:
    line = command(URL, "", "/tmp/p", finder("firefox", "chromium"), has_screen=True)
    assert line is not None
    assert line[0] == "/usr/bin/chromium"
    assert "--kiosk" in line
    assert "--user-data-dir=/tmp/p" in line
    assert line[-1] == URL
    line = command(URL, "", "/tmp/p", finder("firefox"), has_screen=True)
    assert line == ["/usr/bin/firefox", "--kiosk", "--no-remote", "--profile", "/tmp/p", URL]


def test_the_owners_command_with_its_own_flags() -> None:
    line = command(URL, "chromium --force-device-scale-factor=2", "/tmp/p", finder("chromium"), has_screen=True)
    assert line is not None
    assert line[:2] == ["/usr/bin/chromium", "--force-device-scale-factor=2"]


def test_none_installed_leaves_the_default_browser() -> None:
    assert command(URL, "", "/tmp/p", finder(), has_screen=True) is None


def test_what_is_missing_is_said() -> None:
    with pytest.raises(MissingError, match=r"kiosk\.browser = netscape"):
        command(URL, "netscape", "/tmp/p", finder("chromium"), has_screen=True)
    with pytest.raises(MissingError, match=r"no display.*--no-browser"):
        command(URL, "", "/tmp/p", finder("chromium"), has_screen=False)


def test_a_screen_on_linux_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert not screen({})
    assert screen({"DISPLAY": ":0"})
    assert screen({"WAYLAND_DISPLAY": "wayland-0"})
    monkeypatch.setattr("sys.platform", "darwin")
    assert screen({})
