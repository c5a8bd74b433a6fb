"""What systemd is told by sd_notify(3): that the loop is ready, what it does, and that it still hears."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping

log = logging.getLogger(__name__)

FEEDS_PER_LIMIT = 3
"""How often the watchdog is fed within its limit."""


class ServiceManager:
    """The manager that started this process; where none did, telling it does nothing.

    `watchdog_s` is the silence after which it restarts the process, 0 where it does not watch.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        usec = environment.get("WATCHDOG_USEC", "")
        mine = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog_s = int(usec) / 1e6 if self._address and mine and usec.isdigit() else 0.0

    def ready(self) -> None:
        """The service works."""
        self._tell("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._tell(f"STATUS={' '.join(text.split())}")

    @contextlib.asynccontextmanager
    async def watched(self, progress: Callable[[], object]) -> AsyncIterator[None]:
        """Feed the watchdog for as long as `progress()` changes between two looks; say STOPPING at the end."""
        feeding = asyncio.create_task(self._feed(progress)) if self.watchdog_s else None
        try:
            yield
        finally:
            if feeding is not None:
                feeding.cancel()
            self._tell("STOPPING=1")

    async def _feed(self, progress: Callable[[], object]) -> None:
        seen: object = None
        while True:
            now = progress()
            if now != seen:
                self._tell("WATCHDOG=1")
                seen = now
            await asyncio.sleep(self.watchdog_s / FEEDS_PER_LIMIT)

    def _tell(self, line: str) -> None:
        if not self._address:
            return
        name = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.setblocking(False)  # a manager that does not read must not stop the audio
                out.sendto(line.encode(), name)
        except OSError as error:
            log.warning("the service manager could not be told %s: %s", line.partition("=")[0], error)
