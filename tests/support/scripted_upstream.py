"""The project's scripted model server as a process of its own, told what to do over its control address."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from dataclasses import asdict
from typing import Any, Self

from benchmarks.upstream import Script
from tests.support.patience import PATIENCE_S


class UpstreamProcess:
    """Context manager: a running `python -m benchmarks.upstream`. `url` is its base URL."""

    def __init__(self, *, kind: str = "generic", port: int = 0) -> None:
        self._command = [sys.executable, "-m", "benchmarks.upstream", "--kind", kind, "--port", str(port)]
        self.url = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "the scripted upstream did not start"
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.communicate(timeout=PATIENCE_S)

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])

    def default(self, script: Script) -> None:
        """Answer every request that nothing else is queued for with `script`."""
        self._control("POST", {"default": asdict(script)})

    def queue(self, *scripts: Script) -> None:
        """Answer the next requests with these, in order."""
        self._control("POST", {"queue": [asdict(script) for script in scripts]})

    def reset(self) -> None:
        """Forget scripts and counts."""
        self._control("DELETE")

    def asked(self) -> dict[str, Any]:
        """Return `counts` by `METHOD path`, chat `bodies`, `open`, `most_open` and `aborted` streams."""
        return self._control("GET")

    def calls(self) -> int:
        """Return how many chat completions were asked for."""
        return int(self.asked()["counts"].get("POST /v1/chat/completions", 0))

    def _control(self, method: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        address = self.url.removesuffix("/v1") + "/control"
        data = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(urllib.request.Request(address, data, method=method), timeout=PATIENCE_S) as answer:
            result: dict[str, Any] = json.load(answer)
        return result
