"""The owner's commands as real processes: told the event, bounded, killed with their children, never waited for."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.support.patience import PATIENCE_S
from voice.control.hooks import LOGGED, Hooks
from voice.errors import ConfigError


def script(folder: Path, body: str) -> str:
    """A Python program as a command."""
    file = folder / "hook.py"
    file.write_text(body, encoding="utf-8")
    return f"{sys.executable} -S {file}"


def run(
    commands: dict[str, str], test: Callable[[Hooks], Coroutine[Any, Any, None]], timeout_s: float = 20.0
) -> list[str]:
    """Run the test beside the hooks; returns what was told to have failed."""
    failures: list[str] = []

    async def beside() -> None:
        hooks = Hooks(commands, timeout_s=timeout_s, environment=os.environ, failed=failures.append)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await test(hooks)
        finally:
            await hooks.close()

    asyncio.run(beside())
    return failures


async def ended(hooks: Hooks) -> None:
    while hooks._running:
        await asyncio.gather(*hooks._running.values())


def gone(pid: int) -> bool:
    """Whether the process has ended; one that nobody has waited for yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


async def is_gone(pid: int) -> None:
    while not gone(pid):  # noqa: ASYNC110  no event tells of another's child; bounded by the caller
        await asyncio.sleep(0.01)


def test_the_event_is_on_standard_input(tmp_path: Path) -> None:
    command = script(tmp_path, f"import sys; open({str(tmp_path / 'said')!r}, 'w').write(sys.stdin.read())")

    async def test(hooks: Hooks) -> None:
        hooks.tell({"event": "wake", "phrase": "hey jarvis"})
        hooks.tell({"event": "idle"})
        await ended(hooks)

    assert run({"wake": command, "idle": ""}, test) == []
    assert (tmp_path / "said").read_text() == '{"event":"wake","phrase":"hey jarvis"}\n'


def test_a_command_that_hangs_is_killed_with_its_children_and_told_once(tmp_path: Path) -> None:
    body = (
        "import os, sys, time\n"
        f"folder = {str(tmp_path)!r}\n"
        "for number in range(5):\n"
        "    if os.fork() == 0:\n"
        "        os.fork()\n"
        "        open(f'{folder}/{os.getpid()}.pid', 'w').close()\n"
        "        time.sleep(1000)\n"
        "while len([name for name in os.listdir(folder) if name.endswith('.pid')]) < 10: time.sleep(0.01)\n"
        "time.sleep(1000)\n"
    )
    command = script(tmp_path, body)

    def children() -> list[int]:
        return [int(file.stem) for file in tmp_path.glob("*.pid")]

    async def test(hooks: Hooks) -> None:
        hooks.tell({"event": "wake"})
        hooks.tell({"event": "wake"})
        await ended(hooks)
        for child in children():
            await is_gone(child)

    assert run({"wake": command}, test, 1.0) == [f"hooks.on_wake: {sys.executable} killed after 1 s"]
    assert len(children()) >= 10


def test_a_child_left_behind_by_a_command_that_ended_is_killed_too(tmp_path: Path) -> None:
    body = (
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        "    os.close(1); os.close(2)\n"
        "    time.sleep(1000)\n"
        f"open({str(tmp_path / 'ready')!r}, 'w').write(str(os.getpgrp()))\n"
    )

    async def test(hooks: Hooks) -> None:
        hooks.tell({"event": "wake"})
        await ended(hooks)
        for child in members(int((tmp_path / "ready").read_text())):
            await is_gone(child)

    def members(group: int) -> list[int]:
        return [int(each.name) for each in Path("/proc").glob("[0-9]*") if in_group(each, group)]

    def in_group(process: Path, group: int) -> bool:
        try:
            return int((process / "stat").read_text().rpartition(")")[2].split()[2]) == group
        except (OSError, ValueError):
            return False

    assert run({"wake": script(tmp_path, body)}, test) == []


def test_the_loop_is_not_held_up_and_only_the_newest_event_waits(tmp_path: Path) -> None:
    log, go = tmp_path / "log", tmp_path / "go"
    body = (
        "import os, sys, time\n"
        f"open({str(log)!r}, 'a').write(sys.stdin.read())\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(0.01)\n"
    )
    command = script(tmp_path, body)

    async def test(hooks: Hooks) -> None:
        for number in range(50):
            hooks.tell({"event": "idle", "number": number})
        assert len(hooks._running) == 1 and hooks.skipped == 48
        go.touch()
        await ended(hooks)

    assert run({"idle": command}, test) == []
    assert [line.split(":")[-1] for line in log.read_text().splitlines()] == ["0}", "49}"]


def test_output_is_logged_as_far_as_it_is_bounded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    command = script(tmp_path, "import sys\nfor _ in range(500): sys.stdout.write('x' * 100_000)\nsys.exit(3)")

    async def test(hooks: Hooks) -> None:
        hooks.tell({"event": "wake"})
        await ended(hooks)

    with caplog.at_level(logging.INFO, "voice.hooks"):
        assert run({"wake": command}, test) == [f"hooks.on_wake: {sys.executable} ended with 3"]
    assert max(len(record.getMessage()) for record in caplog.records) <= LOGGED + 200


def test_what_cannot_be_run_is_told(tmp_path: Path) -> None:
    plain = tmp_path / "plain.txt"
    plain.write_text("no program", encoding="utf-8")

    async def test(hooks: Hooks) -> None:
        for event in ("wake", "idle"):
            hooks.tell({"event": event})
        await ended(hooks)

    told = run({"wake": str(plain), "idle": "no-such-program-here --now"}, test)
    assert sorted(told) == [
        "hooks.on_idle: no-such-program-here cannot be run: No such file or directory",
        f"hooks.on_wake: {plain} cannot be run: Permission denied",
    ]


def test_a_command_that_does_not_read_its_input_is_no_failure() -> None:
    async def test(hooks: Hooks) -> None:
        hooks.tell({"event": "error", "text": "x" * 1_000_000})
        await ended(hooks)

    assert run({"error": "true"}, test) == []


def test_a_conversation_that_ends_kills_what_runs(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    command = script(tmp_path, f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(1000)")

    async def test(hooks: Hooks) -> None:
        hooks.tell({"event": "wake"})
        while not (pid.exists() and pid.read_text()):  # noqa: ASYNC110  the other process tells by a file
            await asyncio.sleep(0.01)

    assert run({"wake": command}, test) == []
    assert gone(int(pid.read_text()))


def test_a_command_that_cannot_be_split_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match=r"hooks\.on_wake: not a command"):
        Hooks({"wake": "say 'hello"}, timeout_s=1.0, environment={}, failed=print)


def test_a_command_that_may_not_be_killed_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As sudo leaves it behind: it runs as somebody else, who alone may end it."""

    def refuse(pid: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr("voice.system.commands.os.killpg", refuse)
    command = script(tmp_path, "import time; time.sleep(60)")

    async def test(hooks: Hooks) -> None:
        hooks.tell({"event": "wake"})
        await ended(hooks)
        for thread in threading.enumerate():  # the transport's own signal ends it here, and asyncio's thread reaps it
            if thread.name.startswith("asyncio-waitpid"):
                await asyncio.to_thread(thread.join)
        await asyncio.sleep(0)

    failures = run({"wake": command}, test, timeout_s=0.2)
    assert [failure.endswith("cannot be killed, after 0.2 s") for failure in failures] == [True]
