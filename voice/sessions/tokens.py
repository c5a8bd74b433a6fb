"""Session tokens: the id names a session, a token opens it, and only the token's hash is stored."""

from __future__ import annotations

import base64
import hmac
import math
import re
import secrets
from hashlib import sha256
from typing import Literal

Scope = Literal["read", "write"]

_NOBODY = sha256(secrets.token_bytes(32)).digest()


def new_session_id() -> str:
    """A session's name: 128 random bits."""
    return "s_" + secrets.token_urlsafe(16)


def new_participant_id() -> str:
    """A participant's name: 72 random bits."""
    return "p_" + secrets.token_urlsafe(9)


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


FOREVER_S = 10**14


def public_id(kind: str, stored: bytes, session: str, turn: int | None = None) -> str:
    """A name that opens its session by itself, with the owner's API key, for clients that know no tokens.

    It names a `turn`, or the whole session.
    """
    signature = base64.urlsafe_b64encode(bytes.fromhex(_sign(stored, session, f"write.{FOREVER_S}"))).decode()
    return f"{kind}_{session.removeprefix('s_')}{signature.rstrip('=')}{'' if turn is None else turn}"


def opened_by(kind: str, name: str) -> tuple[str, str, int]:
    """The session, its token and the turn (0 for none) that a public id stands for; empty for any other text."""
    found = re.fullmatch(rf"{kind}_([\w-]{{22}})([\w-]{{43}})(\d{{0,9}})", name, re.ASCII)
    if found is None:
        return "", "", 0
    signature = base64.urlsafe_b64decode(found[2] + "=").hex()
    return f"s_{found[1]}", f"vs_write.{FOREVER_S}.{signature}", int(found[3] or 0)


def participant_token(stored: bytes, session: str, participant: str, until_s: float) -> str:
    """A participant's token for a while, signed in the same way; what it allows, the session's log says."""
    claim = f"{participant}.{int(until_s)}"
    return f"vp_{claim}.{_sign(stored, session, claim)}"


def participant_of(token: str) -> str:
    """The id of the participant whose token this is, if it is good; "" for other tokens."""
    subject, _, _ = _parse(token)
    return subject if subject.startswith("p_") else ""


def granted(stored: bytes | None, session: str, token: str, now_s: float) -> Scope | None:
    """What a token allows on a session, or None. `stored` is None for an unknown session, which takes as long.

    Every participant may read; whether they still take part is not known here.
    """
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
    """Scope or participant, end and signature; empty for what is no token for a while."""
    kind, _, rest = token.partition("_")
    subject, _, rest = rest.partition(".")
    until, _, signature = rest.partition(".")
    known = (kind == "vs" and subject in ("read", "write")) or (kind == "vp" and subject.startswith("p_"))
    if known and until.isascii() and until.isdigit() and len(until) < 16:
        return subject, int(until), signature
    return "", 0, ""


def _sign(key: bytes, session: str, claim: str) -> str:
    return hmac.new(key, f"{session}.{claim}".encode(), sha256).hexdigest()
