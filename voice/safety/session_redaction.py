"""Redaction for one session: the pseudonyms it uses, and what its guard does in each mode."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

from voice.safety.filters import Guard, NoGuard, SessionSecret, TextFilter
from voice.safety.redactor import Finder, Redactor, Replace
from voice.text.placeholders import PLACEHOLDER

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
                oldest, *_ = tuple(self._values)  # at once: long texts are scanned in another thread
                self._values.pop(oldest, None)
            self._values[name] = value, written
        return name

    def original(self, name: str) -> str | None:
        """As it was first written; None where this process has not seen it."""
        known = self._values.get(name)
        return None if known is None else known[1]


MODES = ("off", "stored", "upstream", "everywhere")

SecondStage = Callable[[TextFilter, Replace], TextFilter]
"""A screen that reads on what another lets through."""


class SessionGuard:
    """A Guard that takes personal data out of what is logged and keeps the originals in memory."""

    def __init__(self, key: bytes, mode: str, finder: Finder, second: SecondStage | None = None) -> None:
        self.names = Pseudonyms(key)
        self._mode, self._finder, self._second = mode, finder, second

    def screen(self) -> TextFilter:
        first = Redactor(self._finder, self.names.name)
        return first if self._second is None else self._second(first, self.names.name)

    def to_model(self, text: str) -> str:
        """The originals, where only what is stored is redacted and this process still knows them."""
        if self._mode != "stored" or "<" not in text:
            return text
        return PLACEHOLDER.sub(lambda name: self.names.original(name[0]) or name[0], text)

    def own(self, name: str) -> str | None:
        """What the person's own screen and speech show for a placeholder."""
        return None if self._mode == "everywhere" else self.names.original(name)


class PrivateGuards:
    """Guards that redact. The originals of a session go when it is forgotten, or does not come back in time."""

    def __init__(self, mode: str, finder: Finder, second: SecondStage | None = None) -> None:
        self._mode, self._finder, self._second = mode, finder, second
        self._guards: dict[str, SessionGuard] = {}
        self._until: dict[str, float] = {}

    def of(self, session: SessionSecret) -> SessionGuard:
        self._until.pop(session.sid, None)
        guard = self._guards.get(session.sid)
        if guard is None:
            guard = self._guards[session.sid] = self._made(session.secret("pseudonyms"))
        return guard

    def stateless(self) -> Guard:
        return self.fresh() if self._mode in ("upstream", "everywhere") else NoGuard()  # nothing is stored

    def fresh(self) -> SessionGuard:
        """A guard whose names mean nothing to any other."""
        return self._made(secrets.token_bytes(32))

    def leave(self, sid: str, until: float) -> None:
        self._until[sid] = until

    def forget(self, sid: str) -> None:
        self._guards.pop(sid, None)
        self._until.pop(sid, None)

    def tidy(self, now: float) -> None:
        for sid in [sid for sid, until in self._until.items() if until <= now]:
            self.forget(sid)

    def _made(self, key: bytes) -> SessionGuard:
        return SessionGuard(key, self._mode, self._finder, self._second)
