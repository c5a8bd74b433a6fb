"""Who may do what: API keys, session tokens, web origins, and how much of it."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping
from hashlib import sha256
from urllib.parse import urlsplit

from voice.chat.engine import Engine
from voice.chat.identity import Scope, granted
from voice.chat.live import Live, unknown_session
from voice.chat.log import Refused
from voice.serve.limits import Buckets
from voice.settings import ServeSettings

REFUSAL_S = 0.025
"""A refused token is answered this long after it came, whether the session exists or not."""


class Access:
    """Checks every request. `now_s` is the time that tokens end by; without `api_keys` nobody needs one."""

    def __init__(self, engine: Engine, settings: ServeSettings, now_s: Callable[[], float]) -> None:
        self._engine, self._settings, self._now_s = engine, settings, now_s
        keys = [key.strip() for key in settings.api_keys.split(",") if key.strip()]
        self._keys = {_digest(key): sha256(key.encode()).hexdigest()[:16] for key in keys}
        self._origins = {origin.strip().rstrip("/") for origin in settings.origins.split(",") if origin.strip()}
        self._buckets = Buckets(settings.rate, 10 * settings.rate, engine.parts.clock)
        self.stopping = False

    @property
    def keyed(self) -> bool:
        """Whether clients must send an API key."""
        return bool(self._keys)

    def owner(self, key: str) -> str:
        """Who sends this API key, as sessions remember it; "" where none is needed. Raises Refused key_invalid."""
        if not self._keys:
            return ""
        sent, found = _digest(key), ""
        for digest, owner in self._keys.items():
            if hmac.compare_digest(digest, sent):
                found = owner
        if not found:
            raise Refused("key_invalid", "the API key is missing or wrong", expected="Authorization: Bearer KEY")
        return found

    def enter(self, headers: Mapping[str, str]) -> str:
        """Let an HTTP request in: its owner. Raises Refused key_invalid, rate_limited or stopping."""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        owner = self.owner(key.strip() if scheme.lower() == "bearer" else "")
        self.take(owner)
        return owner

    def take(self, owner: str) -> None:
        """Count one request of an owner. Raises Refused rate_limited or stopping."""
        if self.stopping:
            raise Refused("stopping", "the server is going down", temporary=True)
        if owner and self._settings.rate:
            wait_s = self._buckets.take(owner)
            if wait_s > 0:
                what = f"more than {self._settings.rate:g} requests per second"
                raise Refused("rate_limited", what, temporary=True, retry_after_s=wait_s)

    async def may_create(self, owner: str) -> None:
        """Raises Refused session_limit where an owner has enough sessions, overloaded where the server is full."""
        self._engine.parts.slots.check_room()
        most = self._settings.sessions
        if owner and most and await self._engine.count(owner) >= most:
            what = f"this key has {most} sessions"
            raise Refused("session_limit", what, temporary=True, remedy="delete one, or let one expire")

    async def session(self, sid: str, token: str, owner: str, scope: Scope = "write") -> Live:
        """The session, for someone who may use it like that. Raises Refused session_unknown or scope_insufficient.

        A wrong token and an unknown session cannot be told apart, not by the time it takes either.
        """
        clock = self._engine.parts.clock
        answer_at = clock() + REFUSAL_S
        live: Live | None = None
        if 0 < len(sid) <= 64:
            try:
                live = await self._engine.open(sid)
            except Refused as refused:
                if refused.code != "session_unknown":
                    raise
        grant = granted(live.card.token_hash if live is not None else None, sid, token, self._now_s())
        if live is None or grant is None or live.card.owner != owner:
            await asyncio.sleep(answer_at - clock())
            raise unknown_session()
        if scope == "write" and grant == "read":
            raise Refused("scope_insufficient", "this token may only read", expected="a token with scope write")
        live.alive()
        turn = live.talk.open_turn()
        if turn is not None and turn.running and not live.running:
            await live.own()  # its last owner died in mid-reply
        return live

    def origin_allowed(self, origin: str | None, host: str) -> bool:
        """Whether a web page from there may open the socket. Programs send no origin; the server's own pages may."""
        if origin is None:
            return True
        return origin.rstrip("/") in self._origins or urlsplit(origin).netloc.lower() == host.lower() != ""


def _digest(key: str) -> bytes:
    return sha256(key.encode("utf-8", "surrogatepass")).digest()
