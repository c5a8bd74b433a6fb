"""Check that every package a Raspberry Pi installs has a wheel for it: python scripts/check_wheels.py [LOCK …]

Asks the package index that pip is set up with, for 64-bit ARM Linux and each Python of Raspberry Pi OS; nothing is
installed, nothing is built from source. Ends with 1 and the names of those that have none.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.markers import Marker

LOCK = Path(__file__).parent / "lock" / "pi.txt"
PLATFORMS = ["linux_aarch64", *(f"manylinux_2_{minor}_aarch64" for minor in range(17, 37))]
"""What Raspberry Pi OS 12 (glibc 2.36) takes."""
PYTHONS = ("3.11", "3.13")
"""Of Raspberry Pi OS 12 and 13."""


def locked(lock: Path, python: str) -> list[str]:
    """`name==version` of each package the lock has for this Python on a Pi."""
    there = {
        "sys_platform": "linux",
        "platform_machine": "aarch64",
        "platform_system": "Linux",
        "implementation_name": "cpython",
        "python_version": python,
        "python_full_version": f"{python}.9",
    }
    lines = re.findall(r"^([A-Za-z0-9._-]+==\S+)(?: ; (.*?))? \\$", lock.read_text("utf-8"), re.MULTILINE)
    return [pin for pin, marker in lines if not marker or Marker(marker).evaluate(there)]


def without_wheel(pins: list[str], python: str) -> list[str]:
    """Those of the packages that have no wheel. Raises SystemExit where the index cannot be asked."""
    failed: list[str] = []
    while pins:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--disable-pip-version-check"]
            command += [
                "--no-deps",
                "--ignore-requires-python",
                "--ignore-installed",
                "--only-binary=:all:",
                "--target",
                folder,
            ]
            command += ["--python-version", python, "--implementation", "cp"]
            command += [word for platform in PLATFORMS for word in ("--platform", platform)]
            done = subprocess.run([*command, *pins], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return failed
        found = re.search(r"No matching distribution found for (\S+)", done.stderr)
        if found is None or found[1] not in pins:
            raise SystemExit(f"check_wheels: the package index could not be asked: {done.stderr.strip()[-200:]}")
        pins = [pin for pin in pins if pin != found[1]]
        failed.append(found[1])
    return failed


def main(locks: list[Path]) -> int:
    missing = 0
    for python in PYTHONS:
        pins = sorted({pin for lock in locks for pin in locked(lock, python)})
        failed = without_wheel(pins, python)
        missing += len(failed)
        print(f"Python {python}: {len(pins)} packages, without an aarch64 wheel: {', '.join(failed) or 'none'}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]] or [LOCK]))
