"""`voice serve` as a process of its own, in front of a scripted model server."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

from benchmarks.processes import free_port
from tests.support import canaries
from tests.support.forge import fork
from tests.support.patience import PATIENCE_S
from tests.support.scripted_upstream import UpstreamProcess


class ServedProcess:
    """Context manager: a running `voice serve`. Killed at the end; `stop` ends it gracefully, `kill` does not."""

    def __init__(
        self,
        folder: Path,
        llm: str,
        *arguments: str,
        port: int = 0,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"serve-{self.port}.log"
        self._environment = environment or {}
        self.pid = 0
        store = f"sqlite:///{folder}/sessions.db"
        self._arguments = ["serve", "--port", str(self.port), "--llm", llm, "--model", "scripted"]
        self._arguments += ["--store", store, *arguments]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and wait until its port answers."""
        self.pid = fork(self._arguments, self._environment, self.log)
        while not self._answers():
            assert self._alive(), f"voice serve ended: {self.log.read_text()}"
            select.select([], [], [], 0.005)

    def kill(self) -> None:
        """Kill it as a crash would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._end(signal.SIGTERM)

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def _end(self, number: int) -> None:
        if self._alive():
            os.kill(self.pid, number)
        while self._alive():
            select.select([], [], [], 0.005)
        canaries.check_file(self.log)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def memory_mib(self, what: str = "VmRSS") -> float:
        """Resident memory, MiB; the most so far as `VmHWM`."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition(f"{what}:")[2].split()[0]) / 1024

    def request(
        self, method: str, path: str, body: Any = None, *, token: str = "", key: str = "", raw: bytes | None = None
    ) -> tuple[int, dict[str, str], Any]:
        """Return status, headers (lower case) and JSON body of one request."""
        headers = {"content-type": "application/json"}
        headers |= {"x-session-token": token} if token else {}
        headers |= {"authorization": f"Bearer {key}"} if key else {}
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            answer = urllib.request.urlopen(request, timeout=PATIENCE_S)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read()
            told = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, told, json.loads(text) if "json" in told.get("content-type", "") else text

    def create(self, **body: Any) -> tuple[str, str]:
        """Create a session; return its id and token."""
        status, _, made = self.request("POST", "/v1/sessions", body)
        assert status == 201, made
        return made["session_id"], made["session_token"]


class Served:
    """A model server and a session server in front of it, for a module of tests."""

    def __init__(self, folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.folder, self.upstream = folder, UpstreamProcess()
        self._arguments, self._environment = arguments, environment

    def __enter__(self) -> Self:
        self.upstream.__enter__()
        self.server = ServedProcess(self.folder, self.upstream.url, *self._arguments, environment=self._environment)
        try:
            self.server.start()
        except BaseException:
            self.upstream.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.kill()
        self.upstream.__exit__()
