"""A real redis-server: started on a free port, killed as a crash would, started again on what it kept."""

from __future__ import annotations

import atexit
import functools
import select
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self

import pytest
import redis

from benchmarks import redis_server
from benchmarks.processes import free_port

needs_redis = pytest.mark.skipif(redis_server.binary() is None, reason="needs redis-server: apt install redis-server")
ON_REDIS = pytest.param("redis", marks=needs_redis)


class RedisServer:
    """Context manager: a running server in a folder. `kept` writes everything to disk before it is acknowledged."""

    def __init__(self, folder: Path, *, kept: bool = True, cluster: bool = False) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder, self._how = folder, {"kept": kept, "cluster": cluster}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and wait until it answers."""
        line = redis_server.command(self.port, self._folder, **self._how)
        log = self._folder / "redis.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(line, stdout=output, stderr=output)
        while not self._answers():
            assert self._process.poll() is None, f"redis-server ended: {log.read_text()}"
            select.select([], [], [], 0.005)
        if self._how["cluster"]:
            with self.client() as client:
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
                while client.info("cluster") and client.cluster("info")["cluster_state"] != "ok":
                    select.select([], [], [], 0.01)

    def kill(self) -> None:
        """Kill it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def client(self, **how: Any) -> redis.Redis:
        """A plain client, to look behind the store."""
        return redis.Redis(port=self.port, **how)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)):
                return False
            try:
                probe.sendall(b"PING\r\n")
                return probe.recv(64).startswith(b"+PONG")
            except ConnectionError:
                return False  # it listens, and is not ready yet


@functools.cache
def shared() -> RedisServer:
    """One server for all tests that do not harm it; it keeps nothing and ends with them."""
    folder = tempfile.TemporaryDirectory()
    server = RedisServer(Path(folder.name), kept=False)
    server.start()
    atexit.register(folder.cleanup)
    atexit.register(server.kill)
    return server


def empty() -> RedisServer:
    """The shared server, without what the test before left there."""
    server = shared()
    with server.client() as client:
        client.flushall()
    return server


class RedisClock:
    """The server's time as a test moves it: every life on it gets shorter by the step."""

    def __init__(self, server: RedisServer, now: float = 1000.0) -> None:
        self._server, self._now = server, now

    def __call__(self) -> float:
        return self._now

    @property
    def now(self) -> float:
        return self._now

    @now.setter
    def now(self, now: float) -> None:
        step_ms, self._now = int((now - self._now) * 1000), now
        with self._server.client() as client:
            for key in client.scan_iter():
                left: Any = client.pttl(key)
                if left > 0:
                    client.pexpire(key, max(1, left - step_ms))
                if key.startswith((b"voice:{index}:ends", b"voice:{index}:owner")):
                    for member, ends in client.zscan_iter(key):
                        client.zadd(key, {member: ends - step_ms})
        select.select([], [], [], 0.002)  # what has one millisecond left is gone
