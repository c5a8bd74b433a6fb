"""Reads every log line of a test run, in this process and of servers that tests start; what is found fails the run."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

SPOKEN = ("swordfish", "剑鱼")
"""What tests say and type where it must not be written down."""

_FORBIDDEN = re.compile(
    r"|".join((*SPOKEN, r"(?<![\w-])v[ts]_[\w-]{20,}", r"(?<![\w-])s_[\w-]{22}(?![\w-])", r"(?i:bearer )[\w-]{8,}"))
)
_TESTS_OWN = ("httpx", "httpcore", "openai", "websockets", "tests")
"""Loggers of the clients that the tests themselves use in this process; the program silences them."""

found: list[str] = []
"""What stood in a log and should not have, with the test that was running."""


def check(text: str, where: str) -> None:
    """Look through a line or a file of a log."""
    for match in _FORBIDDEN.finditer(text):
        line = text[: match.end()].rpartition("\n")[2]
        running = os.environ.get("PYTEST_CURRENT_TEST", "between tests")
        found.append(f"{where}: {match[0]!r} in {line!r} ({running})")


def check_file(path: Path) -> None:
    """Look through the standard error of a process that has ended."""
    if path.exists():
        check(path.read_text("utf-8", "replace"), path.name)


def check_folder(folder: Path) -> None:
    """Look through every file below a folder, whatever it is: databases, indexes, logs, what was left half written."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            raw = path.read_bytes()
            check(raw.decode("utf-8", "replace"), path.name)
            check(raw.decode("utf-16-le", "replace"), path.name)


class Reader(logging.Handler):
    """Reads what is logged in this process, as it was logged: before any filter made it discreet."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(message)s"))
        self.lines = 0

    def addFilter(self, filter: object) -> None:
        """A program that runs inside of a test may not make this reader blind."""

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(_TESTS_OWN):
            self.lines += 1
            check(self.format(record), record.name)
