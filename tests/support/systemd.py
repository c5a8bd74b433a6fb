"""A real systemd as the first process of a container of namespaces, which sees no unit but the test's.

It has its own processes, mounts and control groups. /tmp, /run and /var are empty for it, so that it can change nothing
of the machine's; what the test shares with it lies in one folder. The checkout and its Python may lie in one of those
three, so they are shown under /run too: as CHECKOUT and PYTHON. Needs root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.patience import PATIENCE_S

PROGRAM = Path("/lib/systemd/systemd")
ROOT = Path(__file__).parents[2]
CHECKOUT, PYTHON = Path("/run/checkout"), Path("/run/python")
NEEDED = ("unshare", "nsenter", "mount", "systemctl")
UNSHARE = ("unshare", "--fork", "--pid", "--mount", "--cgroup", "--mount-proc", "--kill-child")
BOOT = """
set -e
mount --make-rprivate /
mkdir -p {share}/cgroup
mount -t cgroup2 none {share}/cgroup
mount --bind {share}/cgroup /sys/fs/cgroup
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var
mkdir -p /run/units /run/share
mount --bind {share} /run/share
mkdir -p {checkout} {python}
mount --bind -o ro "$1" {checkout}
mount --bind -o ro "$2" {python}
mount -t tmpfs tmpfs /tmp
cp /run/share/units/* /run/units/
export container=test SYSTEMD_UNIT_PATH=/run/units SYSTEMD_LOG_TARGET=null
exec {program} --system --unit=test.target
"""


def missing() -> str:
    """Why it cannot be started here; empty where it may be."""
    if os.name != "posix" or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "a real systemd is started by root only"
    absent = [name for name in NEEDED if shutil.which(name) is None] + ([] if PROGRAM.exists() else ["systemd"])
    return f"not installed here: {', '.join(absent)}" if absent else ""


class Systemd:
    """The running manager; `share` is the folder it sees as /run/share."""

    def __init__(self, first: subprocess.Popen[bytes], share: Path) -> None:
        self._first, self.share = first, share

    def systemctl(self, *words: str) -> str:
        """What systemctl says in there."""
        return self.run("systemctl", *words)

    def run(self, *command: str) -> str:
        """What a command writes in there."""
        children = Path(f"/proc/{self._first.pid}/task/{self._first.pid}/children").read_text().split()
        if not children:
            return ""  # it has not been born yet
        inside = ["nsenter", "--target", children[0], "--mount", "--pid", "--", *command]
        done = subprocess.run(inside, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        return done.stdout + done.stderr

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.systemctl("show", unit, "--property", name, "--value").strip()

    def until(self, reached: Callable[[], bool], what: str, *, within_s: float = PATIENCE_S) -> None:
        """Wait for a state that tells nobody."""
        deadline = time.monotonic() + within_s
        while not reached():
            if time.monotonic() > deadline:
                raise AssertionError(f"not {what} within {within_s:g} s: {self.systemctl('status', '--no-pager')}")
            time.sleep(0.1)


@contextmanager
def booted(share: Path, units: dict[str, str]) -> Iterator[Systemd]:
    """Boot with these units; `test.target` is reached first and wants nothing by itself."""
    (share / "units").mkdir(parents=True)
    target = "[Unit]\nDescription=Test\nDefaultDependencies=no\nAllowIsolate=yes\n"
    for name, text in {"test.target": target, **units}.items():
        (share / "units" / name).write_text(text, "utf-8")
    script = BOOT.format(share=share, program=PROGRAM, checkout=CHECKOUT, python=PYTHON)
    first = subprocess.Popen(
        [*UNSHARE, "sh", "-c", script, "boot", str(ROOT), sys.prefix],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Systemd(first, share)
    finally:
        first.kill()
        first.wait(timeout=PATIENCE_S)
