"""Memory that engines free goes back to the system, told by another process: what is set holds for a whole one."""

import platform
import subprocess
import sys

import pytest

from voice.system.malloc import give_back

HELD = """
import ctypes, sys
from pathlib import Path
from voice.system.malloc import give_back

def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1] == "return":
    assert give_back()
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


HEAPS = """
import ctypes, threading
from voice.system.malloc import give_back

assert give_back()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
found = []
for _ in range(4):
    thread = threading.Thread(target=lambda: found.append(libc.malloc(1 << 16)))
    thread.start()
    thread.join()
heap = next(line for line in open("/proc/self/maps") if "[heap]" in line).split()[0]
start, end = (int(part, 16) for part in heap.split("-"))
print(all(start <= piece < end for piece in found))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_all_threads_share_one_heap() -> None:
    assert subprocess.run([sys.executable, "-c", HEAPS], capture_output=True, check=True).stdout == b"True\n"


def test_it_can_be_told_only_on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert not give_back()
