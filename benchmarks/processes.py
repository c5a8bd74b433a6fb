"""Child processes of a benchmark: started on a free port, awaited, weighed, killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from voice.errors import UnavailableError

VOICE = (sys.executable, "-c", "from voice.cli import main; main()")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Service:
    """A child process that serves at `url`; its output is kept in a file and shown where it fails to start.

    An async context manager: started and answering inside, killed afterwards.
    """

    def __init__(
        self, command: Sequence[str], url: str, *, environment: Mapping[str, str] | None = None, within_s: float = 30
    ) -> None:
        self.command, self.url = tuple(command), url
        self._environment, self._within_s = dict(environment or {}), within_s
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this object
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill it and forget its output."""
        self.kill()
        self._log.close()

    async def start(self) -> None:
        """Start it and wait until its port answers. Raises UnavailableError with the end of its output."""
        process = self.launch()
        parts = urlsplit(self.url)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._within_s):
                while process.poll() is None:
                    try:
                        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
                    except OSError:
                        await asyncio.sleep(0.02)
                        continue
                    writer.close()
                    return
        self.kill()
        raise UnavailableError(f"did not start: {self.output()[-400:]}", where=self.command[0])

    def launch(self) -> subprocess.Popen[bytes]:
        """Start it without waiting for it to serve."""
        environment = os.environ | self._environment
        self._process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=self._log, stderr=self._log, env=environment
        )
        return self._process

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait(self, limit_s: float) -> None:
        """Wait until it has ended; kill it after `limit_s` seconds."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(limit_s)
        self.kill()

    def output(self) -> str:
        """What it has written."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def kill(self) -> None:
        """Kill it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def memory_bytes(self) -> int:
        """Resident memory now."""
        return int(_ps(self.pid, "rss") or 0) * 1024

    def cpu_s(self) -> float:
        """Processor time used since its start, seconds."""
        stat = Path(f"/proc/{self.pid}/stat")
        if stat.exists():
            fields = stat.read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        seconds = 0.0
        for part in _ps(self.pid, "time").split(":"):
            seconds = seconds * 60 + float(part)
        return seconds


def _ps(pid: int, column: str) -> str:
    return subprocess.run(["ps", "-o", f"{column}=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
