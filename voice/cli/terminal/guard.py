"""Puts a terminal back where the process that changed it ends without doing so, such as by `kill -9`."""

from __future__ import annotations

import contextlib
import os
import subprocess
from types import TracebackType

SCRIPT = """
exec 3<&1
if ! read -r done; then
  if [ "$(stty -g <&3)" = "$2" ]; then stty "$1" <&3; printf '\\033[?2004l\\r\\n'; fi
  printf '\\033[0m\\033[?25h'
fi
"""
"""Waits for a word or for the end of the process. A shell may have put the terminal back before: then it is left."""


class TerminalGuard:
    """A shell beside this process that outlives it. `before` is the terminal's state as `settings` gives it."""

    def __init__(self, descriptor: int, before: str) -> None:
        self._shell: subprocess.Popen[bytes] | None = None
        self._descriptor, self._before = descriptor, before

    def __enter__(self) -> TerminalGuard:
        """Begin; the terminal is in the state that is to be undone."""
        now = settings(self._descriptor)
        if not (self._before and now):
            return self
        with contextlib.suppress(OSError):  # without a shell the terminal is put back by an orderly end only
            terminal = os.open(os.ttyname(self._descriptor), os.O_RDWR | os.O_NOCTTY)
            try:
                self._shell = subprocess.Popen(
                    ["/bin/sh", "-c", SCRIPT, "sh", self._before, now],
                    stdin=subprocess.PIPE,
                    stdout=terminal,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,  # what stops this process, such as Ctrl-C, is not for it
                    cwd="/",
                )
            finally:
                os.close(terminal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shell is not None:
            self._shell.communicate(b"done\n")


def settings(descriptor: int) -> str:
    """The state of a terminal as `stty` reads it again; "" where there is no such command."""
    try:
        found = subprocess.run(["stty", "-g"], stdin=descriptor, capture_output=True, text=True)
    except OSError:
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
