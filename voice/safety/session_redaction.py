"""What a session's guard does in each mode of redaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from voice.safety.filters import Guard, Screen, Unguarded
from voice.safety.finder import Finder
from voice.safety.pseudonyms import Pseudonyms
from voice.safety.redactor import Redactor, Replace
from voice.text.placeholders import PLACEHOLDER

if TYPE_CHECKING:
    from voice.sessions.stores.interface import Card

MODES = ("off", "stored", "upstream", "everywhere")

SecondStage = Callable[[Screen, Replace], Screen]
"""A screen that reads on what another lets through."""


class SessionGuard:
    """A Guard that takes personal data out of what is logged and keeps the originals in memory."""

    def __init__(self, key: bytes, mode: str, finder: Finder, second: SecondStage | None = None) -> None:
        self.names = Pseudonyms(key)
        self._mode, self._finder, self._second = mode, finder, second

    def screen(self) -> Screen:
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

    def of(self, card: Card) -> SessionGuard:
        self._until.pop(card.sid, None)
        guard = self._guards.get(card.sid)
        if guard is None:
            guard = self._guards[card.sid] = self._made(card.secret("pseudonyms"))
        return guard

    def stateless(self) -> Guard:
        return self.fresh() if self._mode in ("upstream", "everywhere") else Unguarded()  # nothing is stored

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
