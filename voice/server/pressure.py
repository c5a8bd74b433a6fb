"""When this process has enough memory in use: load is shed before the machine ends it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

LOOK_S = 0.25
CGROUP = Path("/sys/fs/cgroup/memory.max")


class Pressure:
    """Says why nothing new should be taken. `most_mib` 0 is three quarters of the machine's or the container's memory.

    `clock` gives seconds that only grow. Where the system does not tell a process its size, nothing is ever refused.
    """

    def __init__(self, most_mib: int, clock: Callable[[], float]) -> None:
        self._most = most_mib * 1024 * 1024 or available_bytes() * 3 // 4
        self._clock = clock
        self._looked, self._used = float("-inf"), 0

    def __call__(self) -> str:
        """Why nothing new should be taken, "" where it may."""
        if self.used_bytes() <= self._most:
            return ""
        return f"{self._used >> 20} MiB of memory are in use; new work is taken up to {self._most >> 20} MiB"

    def used_bytes(self) -> int:
        """Resident memory, at most a quarter of a second old."""
        now = self._clock()
        if now - self._looked >= LOOK_S:
            self._looked, self._used = now, resident_bytes()
        return self._used


def resident_bytes() -> int:
    """Resident memory of this process; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def available_bytes() -> int:
    """The machine's memory, or what its container may use of it."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        allowed = CGROUP.read_text().strip()
    except OSError:
        return machine
    return min(machine, int(allowed)) if allowed.isdigit() else machine
