"""docs/hooks.md lists every event and order as the code has them, and the examples are programs."""

from __future__ import annotations

import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from voice.control.messages import COMMANDS, EVENTS
from voice.control.socket import BEHIND, READERS

DOCS = Path(__file__).parents[2] / "docs"


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading."""
    section = (DOCS / "hooks.md").read_text("utf-8").split(f"### {heading}\n")[1].split("\n#")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_table_of_events_is_that_of_the_code() -> None:
    assert rows("Events") == [[f"`{name}`", when, carries] for name, (when, carries) in EVENTS.items()]


def test_the_table_of_orders_is_that_of_the_code() -> None:
    expected = [[f"`{do}`", f"`{field}`" if field else "", what] for do, (field, what) in COMMANDS.items()]
    assert rows("Commands to the conversation") == expected


def test_the_bounds_are_those_of_the_code() -> None:
    page = (DOCS / "hooks.md").read_text("utf-8")
    assert f"when {BEHIND} events are waiting" in page and f"Up to {READERS} clients can connect" in page


class Pins(types.ModuleType):
    """gpiozero's classes, as far as the examples use them; remembers what was done to a pin."""

    def __init__(self) -> None:
        super().__init__("gpiozero")
        self.done: list[str] = []
        pins = self

        class Pin:
            def __init__(self, number: int, **how: object) -> None:
                self.when_held: Callable[[], None] | None = None
                self.when_released: Callable[[], None] | None = None
                pins.last = self

            def __getattr__(self, name: str) -> Callable[..., None]:
                return lambda **how: pins.done.append(name)

        self.last: Any = None
        self.PWMLED = self.Button = Pin


def example(name: str, pins: Pins, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setitem(sys.modules, "gpiozero", pins)
    space: dict[str, Any] = {"__name__": name}
    exec(compile((DOCS / "examples" / f"{name}.py").read_text("utf-8"), f"{name}.py", "exec"), space)
    return space


def test_the_led_follows_the_events(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    states = '{"event":"snapshot","state":"idle","muted":false}'
    for name in ("wake", "listening", "thinking", "speaking", "muted", "idle", "unmuted"):
        states += f'\n{{"event":"{name}"}}'
    voice = tmp_path / "voice"
    voice.write_text(f"#!/bin/sh\ncat <<'E'\n{states}\nE\n")
    voice.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    pins = Pins()
    example("led", pins, monkeypatch)["main"]()
    assert pins.done == ["off", "on", "on", "pulse", "blink", "blink", "blink", "off"]


def test_the_button_tells_a_press_from_a_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    pins, orders = Pins(), []
    space = example("button", pins, monkeypatch)
    monkeypatch.setattr(subprocess, "run", lambda command, check: orders.append(command))
    space["pause"] = lambda: None
    space["main"]()
    for hold in (False, True, True):
        if hold:
            pins.last.when_held()
        pins.last.when_released()
    assert orders == [["voice", "ctl", what] for what in ("start", "mute", "unmute")]
