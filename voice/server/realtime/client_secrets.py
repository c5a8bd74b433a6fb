"""Client secrets: short-lived keys that open the Realtime API and nothing else, for browsers."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

PREFIX = "ek_"
DEFAULT_S, LEAST_S, MOST_S = 600, 10, 7200
MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """What a secret stands for: the owner of the key it was made with, until when, and how its sessions begin."""

    owner: str
    until_s: float
    session: Mapping[str, Any]


class ClientSecrets:
    """Secrets by their hash, in memory only; the oldest give way. Times are seconds of the caller's clock."""

    def __init__(self) -> None:
        self._kept: dict[bytes, ClientSecret] = {}

    def make(self, secret: ClientSecret, now_s: float) -> str:
        """Keep it; returns the value, which is kept nowhere."""
        for digest in [digest for digest, one in self._kept.items() if one.until_s <= now_s]:
            del self._kept[digest]
        while len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        value = PREFIX + secrets.token_urlsafe(32)
        self._kept[_digest(value)] = secret
        return value

    def find(self, value: str, now_s: float) -> ClientSecret | None:
        """What this value stands for, if it is known and not over."""
        found = self._kept.get(_digest(value))
        return found if found is not None and found.until_s > now_s else None


def _digest(value: str) -> bytes:
    """Values are random, so that looking a hash up tells nothing by the time it takes."""
    return sha256(value.encode("utf-8", "surrogatepass")).digest()
