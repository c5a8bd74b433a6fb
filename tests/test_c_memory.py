"""Memory that engines free goes back to the system, told by another process: what is set holds for a whole one."""

import platform
import subprocess
import sys

import pytest

from voice.c_memory import return_big_pieces

HELD = """
import ctypes, sys
from pathlib import Path
from voice.c_memory import return_big_pieces

def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1] == "return":
    assert return_big_pieces()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
libc.free(libc.malloc(30 << 20))
before = resident()
big, small = libc.malloc(20 << 20), None
ctypes.memset(big, 1, 20 << 20)
small = libc.malloc(4096)
libc.free(big)
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_a_big_piece_goes_back_though_a_small_one_lies_behind_it() -> None:
    held = {
        how: int(subprocess.run([sys.executable, "-c", HELD, how], capture_output=True, check=True).stdout)
        for how in ("keep", "return")
    }
    assert held["return"] < 4 << 20 < held["keep"]


def test_it_can_be_told_only_on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert not return_big_pieces()
