"""Commands that begin with a slash."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from voice.cli.terminal.controls import COMMANDS, Commander, parse
from voice.errors import UsageError
from voice.llm.interface import Message


class ScriptedControls:
    """Controls that remember what they were asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.said = [Message("user", "hello"), Message("assistant", "**Hi**"), Message("tool", "{}")]

    def mute(self, muted: bool) -> None:
        self.asked.append(muted)

    def talk(self) -> None: ...

    def hush(self) -> None: ...

    async def use_voice(self, name: str) -> str:
        if name == "none":
            raise UsageError("no such voice", where=name)
        return f"{name} speaks"

    async def use_model(self, name: str) -> str:
        return f"{name} answers"

    async def tools(self) -> Sequence[str]:
        return ["clock: tells the time"]

    async def history(self) -> Sequence[Message]:
        return self.said

    async def forget(self) -> None:
        self.asked.append("forget")


def done(*lines: str, ready: bool = True) -> tuple[list[str], ScriptedControls]:
    """What was shown for these commands."""
    shown: list[str] = []
    commander = Commander(
        shown.append,
        keys="Keys: x",
        quit=lambda: shown.append("quit!"),
        muted=lambda: False,
        forgotten=lambda: shown.append("forgotten!"),
    )
    controls = ScriptedControls()
    if ready:
        commander.controls = controls

    async def all_of_them() -> None:
        for line in lines:
            parsed = parse(line)
            assert parsed is not None
            await commander.do(*parsed)

    asyncio.run(all_of_them())
    return shown, controls


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        ("/help", ("help", "")),
        (" /VOICE  en_US-joe-medium ", ("voice", "en_US-joe-medium")),
        ("/save my file.md", ("save", "my file.md")),
        ("/etc/passwd is what?", None),
        ("/", None),
        ("// a comment", None),
        ("what is /help", None),
        ("/5", None),
    ],
)
def test_a_command_is_told_from_what_is_said(line: str, parsed: tuple[str, str] | None) -> None:
    assert parse(line) == parsed


def test_help_names_every_command_and_the_keys() -> None:
    shown, _ = done("/help")
    assert all(any(f"/{name}" in line for line in shown) for name in COMMANDS)
    assert shown[-1] == "Keys: x"


def test_each_command_does_what_it_says() -> None:
    shown, controls = done("/voice joe", "/model big", "/tools", "/mute", "/forget", "/quit")
    assert shown == [
        "joe speaks",
        "big answers",
        "clock: tells the time",
        "forgotten!",
        "the conversation was deleted",
        "quit!",
    ]
    assert controls.asked == [True, "forget"]


def test_what_is_wrong_is_one_line_and_nothing_else() -> None:
    shown, _ = done("/sing", "/mute now", "/voice none")
    assert shown == ["no such command: /sing; /help lists them", "/mute takes nothing after it", "none: no such voice"]
    assert "still starting" in done("/tools", ready=False)[0][0]


def test_a_conversation_is_saved_for_its_owner_and_over_nothing(tmp_path: Path) -> None:
    file = tmp_path / "talk.md"
    shown, _ = done(f"/save {file}", f"/save {file}", f"/save {tmp_path}/none/x.md")
    assert file.read_text() == "**You:** hello\n\n**Voice:** **Hi**\n\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "2 messages" in shown[0]
    assert "File exists" in shown[1]
    assert "No such file" in shown[2]
