"""Names for what was taken out: `<PHONE:7f3a9c1e>`, the same within one session and meaningless outside it."""

from __future__ import annotations

import hashlib
import hmac

MOST = 4096
"""Originals a session keeps; the oldest give way."""


class Pseudonyms:
    """One session's: the keyed hash (HMAC-SHA-256) of a kind and a value, and the originals, in memory only."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._values: dict[str, tuple[str, str]] = {}

    def name(self, kind: str, value: str, written: str) -> str:
        """What stands for `value`; how it was first `written` is kept for `original`."""
        digest = hmac.new(self._key, f"{kind}:{value}".encode(errors="surrogatepass"), hashlib.sha256).hexdigest()
        name = f"<{kind}:{digest[:8]}>"
        if self._values.get(name, (value, ""))[0] != value:
            name = f"<{kind}:{digest[:16]}>"  # two values of this session share eight digits
        if name not in self._values:
            if len(self._values) >= MOST:
                oldest, *_ = tuple(self._values)  # at once: long texts are read in a thread of their own
                self._values.pop(oldest, None)
            self._values[name] = value, written
        return name

    def original(self, name: str) -> str | None:
        """As it was first written; None where this process has not seen it."""
        known = self._values.get(name)
        return None if known is None else known[1]
