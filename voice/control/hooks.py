"""The owner's commands for events: run beside the conversation, limited in time, and never waited for."""

from __future__ import annotations

import asyncio
import logging
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from voice.control.messages import line
from voice.errors import ConfigError
from voice.system.commands import ended

LOG = logging.getLogger("voice.hooks")

LOGGED = 4000
"""Bytes of a command's output that are logged; the rest is read and forgotten."""


class Hooks:
    """Runs `commands[event]` with the event on its standard input, killed with its children after `timeout_s`.

    Of each command one runs at a time; of the events that come meanwhile the newest waits and the others are skipped
    (`skipped` counts them). `failed` is called once for each way a command fails. Words are split as a shell would, but
    no shell runs. Raises ConfigError for a command that cannot be split.
    """

    def __init__(
        self,
        commands: Mapping[str, str],
        *,
        timeout_s: float,
        environment: Mapping[str, str],
        failed: Callable[[str], None],
    ) -> None:
        self._commands = {event: _split(event, command) for event, command in commands.items() if command.strip()}
        self._timeout_s, self._environment, self._failed = timeout_s, dict(environment), failed
        self._waiting: dict[str, Mapping[str, Any]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._told: set[str] = set()
        self.skipped = 0

    def tell(self, event: Mapping[str, Any]) -> None:
        """Run the event's command, if it has one."""
        name = str(event["event"])
        if name not in self._commands:
            return
        if name in self._running:
            self.skipped += name in self._waiting
            self._waiting[name] = event
        else:
            self._start(name, event)

    async def close(self) -> None:
        """Kill running commands."""
        self._waiting.clear()
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _start(self, name: str, event: Mapping[str, Any]) -> None:
        self._running[name] = asyncio.create_task(self._run(name, event), name=f"hook on_{name}")

    async def _run(self, name: str, event: Mapping[str, Any]) -> None:
        try:
            why = await self._call(self._commands[name], line(event))
            if why:
                self._fail(name, why)
        finally:
            del self._running[name]
            if (next_event := self._waiting.pop(name, None)) is not None:
                self._start(name, next_event)

    async def _call(self, command: list[str], event: bytes) -> str:
        """Run a command once; returns an error message, or an empty string."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return f"cannot be run: {getattr(error, 'strerror', None) or error}"
        output, late = bytearray(), False
        try:
            async with asyncio.timeout(self._timeout_s):
                await _talk(process, event, output)
                await process.wait()
        except TimeoutError:
            late = True
        finally:
            killed = await ended(process)
            if output:
                LOG.info("%s: %s", command[0], bytes(output).decode(errors="replace").strip())
        if late:
            return f"{'killed' if killed else 'not over, and cannot be killed,'} after {self._timeout_s:g} s"
        return f"ended with {process.returncode}" if process.returncode else ""

    def _fail(self, name: str, why: str) -> None:
        text = f"hooks.on_{name}: {self._commands[name][0]} {why}"
        LOG.info("%s", text)
        if text not in self._told:
            self._told.add(text)
            self._failed(text)


async def _talk(process: asyncio.subprocess.Process, event: bytes, output: bytearray) -> None:
    """Give the event, and take all output: kept as far as it is logged."""
    assert process.stdin is not None and process.stdout is not None
    with suppress(ConnectionError):  # a command that does not read it does not need it
        process.stdin.write(event)
        process.stdin.close()
    while block := await process.stdout.read(65_536):
        output += block[: LOGGED - len(output)]


def _split(event: str, command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"not a command: {error}", where=f"hooks.on_{event}", expected="shell syntax") from None
