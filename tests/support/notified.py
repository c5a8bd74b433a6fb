"""The receiving end of sd_notify: a datagram socket as the service manager has it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.patience import PATIENCE_S


class Notified:
    """What services tell at `address`."""

    def __init__(self, bound: socket.socket, address: str) -> None:
        self._bound, self.address = bound, address

    def wait(self, *, within_s: float = PATIENCE_S) -> str:
        """The next message."""
        self._bound.settimeout(within_s)
        return self._bound.recv(4096).decode()

    def told(self) -> list[str]:
        """Every message that is there."""
        self._bound.setblocking(False)
        messages = []
        try:
            while True:
                messages.append(self._bound.recv(4096).decode())
        except BlockingIOError:
            return messages


@contextmanager
def notified(path: Path | str) -> Iterator[Notified]:
    """A socket at `path`, or an abstract one where that begins with @."""
    address = str(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind("\0" + address[1:] if address.startswith("@") else address)
        yield Notified(bound, address)
