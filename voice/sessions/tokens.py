"""Session tokens: the id names a session, a token opens it, and only the token's hash is stored."""

from __future__ import annotations

import hmac
import math
import secrets
from hashlib import sha256
from typing import Literal

Scope = Literal["read", "write"]

_NOBODY = sha256(secrets.token_bytes(32)).digest()


def new_session_id() -> str:
    """A session's name: 128 random bits."""
    return "s_" + secrets.token_urlsafe(16)


def new_token() -> str:
    """A session's key: 256 random bits."""
    return "vt_" + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is stored of a token. It is random, so a plain hash cannot be searched."""
    return sha256(token.encode()).digest()


def scoped_token(stored: bytes, session: str, scope: Scope, until_s: float) -> str:
    """A token for a while: signed with the stored hash, so that nothing more is stored and deletion revokes it."""
    claim = f"{scope}.{int(until_s)}"
    return f"vs_{claim}.{_sign(stored, session, claim)}"


def granted(stored: bytes | None, session: str, token: str, now_s: float) -> Scope | None:
    """What a token allows on a session, or None. `stored` is None for an unknown session, which takes as long."""
    key = _NOBODY if stored is None else stored
    scope, until, signature = _parse(token)
    signed = hmac.compare_digest(_sign(key, session, f"{scope}.{until}").encode(), signature.encode())
    exact = hmac.compare_digest(key, token_hash(token))
    if stored is None:
        return None
    if exact:
        return "write"
    if signed and until > now_s:
        return "write" if scope == "write" else "read"
    return None


def ends_at(token: str) -> float:
    """When a token that is good now ends, in seconds since 1970; infinite for a session's own."""
    scope, until, _ = _parse(token)
    return until if scope else math.inf


def _parse(token: str) -> tuple[str, int, str]:
    scope, _, rest = token.removeprefix("vs_").partition(".")
    until, _, signature = rest.partition(".")
    if (
        token.startswith("vs_")
        and scope in ("read", "write")
        and until.isascii()
        and until.isdigit()
        and len(until) < 16
    ):
        return scope, int(until), signature
    return "", 0, ""


def _sign(key: bytes, session: str, claim: str) -> str:
    return hmac.new(key, f"{session}.{claim}".encode(), sha256).hexdigest()
