"""docs/compatibility.md is what the tests' marks say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_page_is_the_one_the_marks_give() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "compatibility_page.py"), "--check"]
    assert subprocess.run(command, check=False).returncode == 0, "run: python scripts/compatibility_page.py"
