"""The owner's commands: run without a shell, killed with all their children, given none of the program's secrets."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress


class CommandFailed(Exception):
    """A command that could not be run, or did not end as it should; the text says how."""


async def output_of(command: Sequence[str], environment: Mapping[str, str], *, timeout_s: float, most: int) -> bytes:
    """What a command writes to standard output, at most so many bytes. Raises CommandFailed."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(environment),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise CommandFailed(f"cannot be run: {getattr(error, 'strerror', None) or error}") from error
    assert process.stdout is not None
    output = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            while block := await process.stdout.read(1 << 16):
                output += block
                if len(output) > most:
                    raise CommandFailed(f"wrote more than {most >> 20} MiB")
            await process.wait()
    except TimeoutError as error:
        raise CommandFailed(f"was not over after {timeout_s:g} s") from error
    finally:
        await ended(process)
    if process.returncode:
        raise CommandFailed(f"ended with {process.returncode}")
    return bytes(output)


async def ended(process: asyncio.subprocess.Process) -> bool:
    """Kill a command with its children and wait for its end, also where this task is itself being cancelled.

    False for one that runs as another user, as with sudo: it can be neither killed nor awaited.
    """
    transport = process._transport  # type: ignore[attr-defined]
    try:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # it leads its own process group, so its children are killed too
        await asyncio.shield(asyncio.ensure_future(process.wait()))
    except PermissionError:
        return False
    finally:
        with suppress(PermissionError):  # it would kill it, too
            transport.close()  # a child that has left the group may hold the pipes open for ever
    return True
