"""What the C library does with memory that an engine has freed."""

from __future__ import annotations

import ctypes
import sys

_MMAP_THRESHOLD = -3
"""mallopt's name for the size from which a piece of memory is mapped by itself, and goes back when it is freed."""
_BIG = 1 << 20


def return_big_pieces() -> bool:
    """Have pieces of 1 MiB and more go back to the system when they are freed; False where that cannot be told.

    glibc learns to keep pieces of up to 32 MiB, and engines of which each leaves gaps in its own thread's heap took
    a hundred MiB more than they used.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(_MMAP_THRESHOLD, _BIG) == 1
