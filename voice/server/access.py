"""Access control: API keys, session tokens, web origins, rate and size limits."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from voice.errors import ConfigError
from voice.server.errors import answer
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine import Engine
from voice.sessions.log import Refused
from voice.sessions.session_log import catch_up, unknown_session
from voice.sessions.tokens import Scope, ends_at, granted, participant_of
from voice.settings.serving import ServeSettings

PEER: ContextVar[str] = ContextVar("peer", default="")
"""The address the request or connection being worked on came from."""

MOST_NAMES = 10_000


class Buckets:
    """Token buckets by name: `rate` per second, `burst` at once. `clock` gives seconds."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate, self._burst, self._clock = rate, max(1.0, burst), clock
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> float:
        """Take one; 0 if there was one, else the seconds until there is."""
        wait_s = self.wait_s(name)
        level, now = self._level(name)
        if len(self._levels) > MOST_NAMES:
            self._drop_full()
        self._levels[name] = (level if wait_s else level - 1.0, now)
        return wait_s

    def wait_s(self, name: str) -> float:
        """Seconds until there is one to take; 0 if there is."""
        return max(0.0, 1.0 - self._level(name)[0]) / self._rate

    def _level(self, name: str) -> tuple[float, float]:
        now = self._clock()
        level, at = self._levels.get(name, (self._burst, now))
        return min(self._burst, level + (now - at) * self._rate), now

    def _drop_full(self) -> None:
        """Forget the names whose buckets are full again: they are as if never seen."""
        for name in [name for name in self._levels if self._level(name)[0] >= self._burst]:
            del self._levels[name]


class BodyLimit:
    """ASGI middleware that refuses request bodies over `most` bytes, announced or not.

    `larger` has the limit of paths that begin so, where it is another.
    """

    def __init__(self, app: ASGIApp, most: int, larger: Mapping[str, int] = MappingProxyType({})) -> None:
        self._app, self._usual, self._larger = app, most, larger

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = next((size for path, size in self._larger.items() if scope["path"].startswith(path)), self._usual)
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not announced.isdigit() or int(announced) > most:
            what = f"the request body is larger than {most} bytes"
            await answer(Refused("body_too_large", what), {"connection": "close"})(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise HTTPException(413, f"the request body is larger than {most} bytes")
            return message

        await self._app(scope, counted, send)


REFUSAL_S = 0.025
"""A refused token is answered this long after it came, whether the session exists or not."""

WRONG_KEYS = (0.2, 10.0)
"""Wrong API keys an address may send per second, and at once."""
WRONG_TOKENS = (10.0, 1000.0)
"""Unknown sessions and wrong tokens; after a long absence a client may come back with many that have expired."""


def token_expired() -> Refused:
    """A token for a while has ended; what it had opened ends with it."""
    return Refused("token_expired", "the token has expired", remedy="attach with a new one")


Right = Literal["read", "write", "speak", "moderate"]
"""What a request does: looks, changes the session, says something as a participant, keeps order among them."""

MAY: Mapping[Right, tuple[str, ...]] = {
    "read": ("read", "write", "speak", "moderate"),
    "write": ("write",),
    "speak": ("speak", "moderate"),
    "moderate": ("moderate", "write"),
}
"""The scopes of tokens, those of participants among them, that allow each."""


class Reader(str):
    """An owner who came with a key that may only read."""


class Access:
    """Checks every request. `now_s` gives the time for token expiry; without `api_keys` no key is needed."""

    def __init__(self, engine: Engine, settings: ServeSettings, now_s: Callable[[], float]) -> None:
        self._engine, self._now_s = engine, now_s
        self._settings = replace(settings, api_keys="")  # only their hashes stay
        keys = [_key(item.strip()) for item in settings.api_keys.split(",") if item.strip()]
        self._keys = {_digest(key): owner for owner, key in keys}
        self._seen: dict[tuple[str, bytes], None] = {}  # the oldest first
        self._origins = {origin.strip().rstrip("/") for origin in settings.origins.split(",") if origin.strip()}
        self._names = {_hostname(url) for url in (*self._origins, settings.advertise)} - {""}
        clock = engine.parts.clock
        self._buckets = Buckets(settings.rate, 10 * settings.rate, clock)
        self._wrong_keys = Buckets(*WRONG_KEYS, clock)
        self._wrong_tokens = Buckets(*WRONG_TOKENS, clock)
        self.stopping = False

    @property
    def keyed(self) -> bool:
        """Whether clients must send an API key."""
        return bool(self._keys)

    def owner(self, key: str) -> str:
        """The owner of this API key as stored with sessions; "" if no key is needed.

        Raises Refused key_invalid, and rate_limited for an address that guesses: then only the keys it has shown before
        are accepted, so that an attacker cannot lock out existing clients.
        """
        if not self._keys:
            return ""
        address, sent, found = PEER.get(), _digest(key), ""
        for digest, owner in self._keys.items():
            if hmac.compare_digest(digest, sent):
                found = owner
        if found and ((address, sent) in self._seen or not self._wrong_keys.wait_s(address)):
            self._seen.pop((address, sent), None)
            self._seen[address, sent] = None
            if len(self._seen) > MOST_NAMES:
                del self._seen[next(iter(self._seen))]
            return found
        wait_s = self._wrong_keys.take(address) if key else 0.0
        if wait_s > 0:
            raise Refused("rate_limited", "too many wrong API keys", temporary=True, retry_after_s=wait_s)
        raise Refused("key_invalid", "the API key is missing or wrong", expected="Authorization: Bearer KEY")

    def enter(self, headers: Mapping[str, str], scope: Scope = "read") -> str:
        """Let an HTTP request in: its owner. Raises Refused key_invalid, scope_insufficient, rate_limited, stopping."""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        owner = self.owner(key.strip() if scheme.lower() == "bearer" else "")
        self.take(owner)
        self._may(owner, scope)
        return owner

    def _may(self, owner: str, scope: Scope) -> None:
        if scope == "write" and isinstance(owner, Reader):
            raise Refused("scope_insufficient", "this API key is read-only", expected="a key with scope write")

    def take(self, owner: str) -> None:
        """Count one request of an owner. Raises Refused rate_limited or stopping."""
        if self.stopping:
            raise Refused("stopping", "the server is shutting down", temporary=True)
        if owner and self._settings.rate:
            wait_s = self._buckets.take(owner)
            if wait_s > 0:
                what = f"more than {self._settings.rate:g} requests per second"
                raise Refused("rate_limited", what, temporary=True, retry_after_s=wait_s)

    async def may_create(self, owner: str) -> None:
        """Raises Refused session_limit where an owner has enough sessions, overloaded where the server is full."""
        self._may(owner, "write")
        self._engine.parts.slots.check_room()
        most = self._settings.sessions
        if owner and most and await self._engine.count(owner) >= most:
            what = f"this key already has {most} sessions"
            raise Refused("session_limit", what, temporary=True, remedy="delete a session, or wait until one expires")

    async def session(self, sid: str, token: str, owner: str, right: Right = "write") -> ActiveSession:
        """The session, for someone who may use it like that. Raises Refused session_unknown or scope_insufficient.

        A wrong token and an unknown session cannot be told apart, not by the time it takes either; nor once there were
        too many of them from one owner at one address, which is answered with rate_limited.
        """
        self._may(owner, "read" if right == "read" else "write")
        clock = self._engine.parts.clock
        answer_at = clock() + REFUSAL_S
        live: ActiveSession | None = None
        if 0 < len(sid) <= 64:
            try:
                live = await self._engine.open(sid)
            except Refused as refused:
                if refused.code != "session_unknown":
                    raise
        grant = granted(live.card.token_hash if live is not None else None, sid, token, self._now_s())
        author = participant_of(token)
        if live is not None and grant is not None and author and author not in live.talk.group.people:
            await catch_up(live, self._engine.parts)  # they may have joined at another node, this moment
        if live is None or grant is None or live.card.owner != owner or not live.talk.group.takes_part(author):
            wait_s = self._wrong_tokens.take(f"{owner} {PEER.get()}")
            await asyncio.sleep(answer_at - clock())
            if wait_s > 0:
                what = "too many unknown sessions and wrong tokens"
                raise Refused("rate_limited", what, temporary=True, retry_after_s=wait_s)
            raise unknown_session()
        scope = live.talk.group.people[author].scope if author else grant
        if scope not in MAY[right]:
            what = "this token is read-only" if scope == "read" else f"this token has scope {scope}"
            raise Refused("scope_insufficient", what, expected=f"a token with scope {' or '.join(MAY[right])}")
        live.alive()
        if live.answering and not live.running:
            await self._engine.adopt(live)
        return live

    def writes(self, live: ActiveSession, token: str, owner: str) -> bool:
        """Whether someone whose token opens the session may change it, too."""
        grant = granted(live.card.token_hash, live.card.sid, token, self._now_s())
        return grant == "write" and not isinstance(owner, Reader)

    def left_s(self, token: str) -> float:
        """Seconds for which a token that is good now opens its session; infinite for one that does not end."""
        return ends_at(token) - self._now_s()

    def origin_allowed(self, origin: str | None, host: str) -> bool:
        """Whether a web page from `origin` may ask under the name `host`; the server's own pages may.

        Programs send no origin, nor do pages that only read what their own name leads to. Without API keys that name
        must be an address, localhost or one in serve.origins or serve.advertise: any other could be made to point
        here by its owner.
        """
        name = _hostname(f"//{host}")
        own = self.keyed or not host or _fixed(name) or name in self._names
        if origin is None:
            return own
        place = origin.rstrip("/")
        return place in self._origins or (own and host != "" and place.lower().partition("://")[2] == host.lower())


def own_key(api_keys: str) -> str:
    """The first of the keys that may write, for a page that this machine opens itself; "" where none is needed."""
    keys = [_key(item.strip()) for item in api_keys.split(",") if item.strip()]
    return next((key for owner, key in keys if not isinstance(owner, Reader)), "")


def _key(item: str) -> tuple[str, str]:
    """Owner and key of `KEY` or `NAME:SCOPE:KEY`; keys of one name are one owner, so that a key can be replaced."""
    name, _, rest = item.partition(":")
    scope, colon, key = rest.partition(":")
    if not colon:
        return sha256(item.encode()).hexdigest()[:16], item
    if scope not in ("read", "write") or not name or not key:
        raise ConfigError("not an API key", where="VOICE_SERVE_API_KEYS", expected="KEY or NAME:read|write:KEY")
    owner = sha256(f"name {name}".encode()).hexdigest()[:16]
    return Reader(owner) if scope == "read" else owner, key


def _hostname(url: str) -> str:
    """The name or address in it, "" where there is none to be found."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _fixed(hostname: str) -> bool:
    """Whether an attacker cannot point this name to another machine."""
    if hostname == "localhost" or hostname.endswith(".localhost"):
        return True
    try:
        return bool(ipaddress.ip_address(hostname))
    except ValueError:
        return False


def _digest(key: str) -> bytes:
    return sha256(key.encode("utf-8", "surrogatepass")).digest()
