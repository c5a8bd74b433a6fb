"""Lines from a keyboard or a pipe, as they are typed, without blocking the conversation."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator


async def typed_lines(descriptor: int = 0) -> AsyncIterator[str]:
    """Each line read from the file descriptor, without its ending, until it ends.

    It is read raw: a daemon thread that waits inside a buffered `sys.stdin` would break the interpreter's exit.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        while True:
            try:
                block = os.read(descriptor, 4096)
            except OSError:
                block = b""  # a closed terminal has ended as well
            try:
                loop.call_soon_threadsafe(queue.put_nowait, block)
            except RuntimeError:
                return  # the conversation is over
            if not block:
                return

    threading.Thread(target=read, name="keyboard", daemon=True).start()
    rest = b""
    while block := await queue.get():
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace").rstrip("\r")
    if rest:
        yield rest.decode("utf-8", "replace")
