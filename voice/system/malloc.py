"""Settings of the C library for memory that engines free."""

from __future__ import annotations

import ctypes
import sys

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
"""mallopt's names for the size from which a piece of memory is mapped by itself, and for the number of heaps."""
_BIG = 1 << 20


def give_back() -> bool:
    """Have what is freed go back to the system, or be used again; False where that cannot be told.

    Pieces of 1 MiB and more are mapped by themselves: glibc learns to keep such of up to 32 MiB. And all threads share
    one heap: engines of which each left gaps in its own thread's took a hundred MiB more than they used. To be called
    before there are threads.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(_MMAP_THRESHOLD, _BIG) == 1 and mallopt(_ARENA_MAX, 1) == 1
