"""A redis-server of one's own: how it is started, for benchmarks and tests."""

from __future__ import annotations

import shutil
from pathlib import Path

from voice.errors import MissingError

BINARIES = ("redis-server", "valkey-server")


def binary() -> str | None:
    """The server's program, if this machine has one."""
    return next((found for name in BINARIES if (found := shutil.which(name))), None)


def command(port: int, folder: Path, *, kept: bool = True, cluster: bool = False) -> list[str]:
    """Start it on a loopback port with its files in `folder`. Raises MissingError.

    `kept` has every write on disk before it is answered, so that a killed server loses nothing; without it a killed one
    comes back empty. `cluster` makes it refuse what a cluster would.
    """
    program = binary()
    if program is None:
        raise MissingError("no redis-server on this machine", remedy="apt install redis-server")
    line = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    line += ["--appendonly", "yes" if kept else "no", "--appendfsync", "always", "--loglevel", "warning"]
    if cluster:  # its second port is 10,000 above the first by default, which may be beyond the last
        line += ["--cluster-enabled", "yes", "--cluster-port", str(port - 10_000 if port > 20_000 else port + 10_000)]
    guard = shutil.which("setpriv")  # it ends with its parent, however that ended
    return [guard, "--pdeathsig", "KILL", *line] if guard else line
