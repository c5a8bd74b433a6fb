"""A real pseudo-terminal with a program in it, and what a person sees there: `pyte` draws what the program writes."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from typing import Self

import pyte

from tests.support.patience import PATIENCE_S


class Terminal:
    """Context manager: `python -m voice ARGUMENTS` in a terminal of this size. The process is killed at the end."""

    def __init__(self, *arguments: str, environment: Mapping[str, str], columns: int = 80, rows: int = 24) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=2000)
        self._stream = pyte.ByteStream(self.screen)
        self.written = b""
        self.master, slave = pty.openpty()
        self._size(columns, rows)
        self.before = termios.tcgetattr(slave)
        known = {key: value for key, value in environment.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "voice", *arguments],
            env={"TERM": "xterm-256color", **known},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        self.slave = slave

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.slave)
        os.close(self.master)

    @property
    def lines(self) -> list[str]:
        """What is on the screen, without empty lines; a character of double width stands once."""
        return [line.rstrip() for line in self.screen.display if line.strip()]

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)

    @property
    def everything(self) -> str:
        """What is on the screen, and what has scrolled out of it."""
        above = ["".join(row[x].data for x in range(self.screen.columns)).rstrip() for row in self.screen.history.top]
        return "\n".join([*above, self.text])

    def send(self, keys: str) -> None:
        """Press keys."""
        os.write(self.master, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size, as a person does."""
        self.screen.resize(rows, columns)
        self._size(columns, rows)
        self.process.send_signal(signal.SIGWINCH)

    def until(self, seen: Callable[[], bool] | str, *, within_s: float = PATIENCE_S) -> float:
        """Look until it is so, or until these words are on the screen; returns when, on the monotonic clock."""
        ends = time.monotonic() + within_s
        while not (seen in self.text if isinstance(seen, str) else seen()):
            assert time.monotonic() < ends, f"waited for {seen!r}; the screen:\n{self.text}"
            self.look(0.2)
        return time.monotonic()

    def ended(self) -> int:
        """Read on until the program has ended; returns its exit code."""
        ends = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < ends, self.text
            self.look(0.05)
        while self.look(0.1):
            pass
        return self.process.returncode

    @property
    def usable(self) -> bool:
        """Whether a shell would find the terminal as it was: echo, lines, no paste brackets, the cursor shown."""
        paste = self.written.rfind(b"\x1b[?2004l") >= self.written.rfind(b"\x1b[?2004h")
        cursor = self.written.rfind(b"\x1b[?25h") >= self.written.rfind(b"\x1b[?25l")
        return paste and cursor and termios.tcgetattr(self.slave)[:4] == self.before[:4]

    def look(self, wait_s: float) -> bool:
        """Read what has been written since, at most so long; whether there was anything."""
        if not select.select([self.master], [], [], wait_s)[0]:
            return False
        block = os.read(self.master, 65536)
        self.written += block
        self._stream.feed(block)
        return True

    def _size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
