"""Keeps device streams open: detects a lost device and reopens it without disturbing the others."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from voice.audio.portaudio import BLOCK_S, Direction, Handle, Stream, choose, list_devices, restart
from voice.errors import MissingError

T = TypeVar("T")

CHECK_S = 0.25
"""How often a stream is looked at, seconds."""

STALLED_CHECKS = 8
"""Looks in a row without a callback after which a device counts as gone."""

FIRST_CALLBACK_S = 3.0
"""How long a stream that was just started may take to its first callback, seconds."""

FIRST_RETRY_S, LAST_RETRY_S = 0.25, 4.0


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """A device was disconnected while in use; the program waits for it."""

    direction: Direction
    name: str

    def __str__(self) -> str:
        return f"the {self.direction} was disconnected ({self.name}); waiting for it"


@dataclass(frozen=True, slots=True)
class DeviceBack:
    """A lost device, or its replacement, works again."""

    direction: Direction
    name: str

    def __str__(self) -> str:
        return f"the {self.direction} is back ({self.name})"


DeviceEvent = DeviceLost | DeviceBack


class Line:
    """Audio to or from the device named `wanted`: `rate` Hz where it offers that, in blocks of `block_s`."""

    def __init__(
        self,
        direction: Direction,
        wanted: str,
        rate: int,
        handle: Handle,
        notify: Callable[[DeviceEvent], None],
        block_s: float = BLOCK_S,
    ) -> None:
        self.direction, self.wanted, self.rate, self.block_s = direction, wanted, rate, block_s
        self.handle, self.notify = handle, notify
        self.device = choose(list_devices(), wanted, direction)
        self.stream: Stream | None = None
        self.given_up = threading.Event()

    def open(self, clock: Callable[[], float]) -> None:
        """Open and start; MissingError when that fails."""
        self.device = choose(list_devices(), self.wanted, self.direction)
        self.stream = Stream(self.device, self.direction, self.rate, self.handle, clock, self.block_s)

    def close(self) -> None:
        """Close the stream, if there is one."""
        stream, self.stream = self.stream, None
        if stream is not None:
            stream.close()

    def works(self) -> bool:
        """Wait until audio flows through a stream just opened; False when none comes."""
        deadline = time.monotonic() + FIRST_CALLBACK_S
        while self.stream is not None and not self.given_up.is_set() and time.monotonic() < deadline:
            if self.stream.started.wait(0.05):
                return self.stream.ticks > 0 and not self.stream.ended
        return False


class DeviceKeeper:
    """Opens lines and keeps them open, all in one worker thread; events are reported in the event loop's thread.

    It touches PortAudio only when there is a line.
    """

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="portaudio")
        self._lines: dict[Line, asyncio.Task[None]] = {}

    async def keep(self, line: Line) -> None:
        """Open a line, and open it again whenever its device was lost; MissingError when it cannot be opened now."""
        clock = asyncio.get_running_loop().time
        try:
            await self._call(line.open, clock)
        except asyncio.CancelledError:
            self._worker.submit(line.close)
            raise
        self._lines[line] = asyncio.create_task(self._watch(line), name=f"watch the {line.direction}")

    async def let_go(self, line: Line) -> None:
        """Close a line for good."""
        line.given_up.set()
        task = self._lines.pop(line, None)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
            await self._call(line.close)

    async def close(self) -> None:
        """Close all lines and end the worker thread."""
        for line in list(self._lines):
            await self.let_go(line)
        self._worker.shutdown(wait=False)  # after what is queued: a line given up while it opened is closed there

    async def _call(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work, *arguments)

    async def _watch(self, line: Line) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            await self._until_lost(line)
            line.notify(DeviceLost(line.direction, line.device.name))
            pause = FIRST_RETRY_S
            while not await self._call(self._revive, line, clock):
                await asyncio.sleep(pause)
                pause = min(pause * 2, LAST_RETRY_S)
            line.notify(DeviceBack(line.direction, line.device.name))

    async def _until_lost(self, line: Line) -> None:
        """Return once the stream ended or stood still; looks are counted, so that a machine may sleep in between."""
        seen, still = -1, 0
        while line.stream is not None and not line.stream.ended and still < STALLED_CHECKS:
            still = still + 1 if line.stream.ticks == seen else 0
            seen = line.stream.ticks
            await asyncio.sleep(CHECK_S)

    def _revive(self, line: Line, clock: Callable[[], float]) -> bool:
        """Try to open a lost line again (worker thread)."""
        line.close()
        if self._opens(line, clock):
            return True
        if not _probe(line):
            return False
        others = [(other, other.stream) for other in list(self._lines) if other is not line]
        for _, stream in others:
            if stream is not None:
                stream.close()
        try:
            restart()
        except MissingError:
            return False  # the watchers of the other streams detect their loss and retry as well
        for other, _ in others:
            self._try_open(other, clock)
        return self._opens(line, clock)

    def _opens(self, line: Line, clock: Callable[[], float]) -> bool:
        if self._try_open(line, clock) and line.works():
            return True
        line.close()
        return False

    def _try_open(self, line: Line, clock: Callable[[], float]) -> bool:
        try:
            line.open(clock)
        except MissingError:
            line.stream = None
            return False
        return True


def _probe(line: Line) -> bool:
    """Ask a child process, which sees the current devices, whether the line would work.

    PortAudio here would have to close the other streams to look, every few seconds for as long as a device is away.
    """
    command = [sys.executable, "-m", "voice.audio.device_watcher", line.direction, line.wanted, str(line.rate)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        while child.poll() is None:
            if line.given_up.wait(0.05):
                child.kill()
        return child.returncode == 0


def _nothing(*_: object) -> None:
    """Take what comes."""


def main(direction: Direction, wanted: str, rate: str) -> int:
    """Open a line as the child of `_probe`: 0 when audio flows, 66 when not."""
    try:
        line = Line(direction, wanted, int(rate), _nothing, _nothing)
        line.open(time.monotonic)
    except MissingError as error:
        return error.exit_code
    works = line.works()
    line.close()
    return 0 if works else MissingError.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))  # type: ignore[arg-type]
