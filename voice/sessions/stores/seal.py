"""Values as text that only a key opens: AES-256-GCM, each bound to the place it stands in."""

from __future__ import annotations

import binascii
import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


class Damaged(Exception):
    """The text was changed, moved from another place, or closed with another key."""


class Seal:
    """One key of 32 bytes. Nonces are random: 2³² texts under one key are safe, and a session logs far fewer."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, value: Any, place: str) -> str:
        """A JSON value as base64. Raises TypeError or ValueError for what is none."""
        nonce = os.urandom(_NONCE)
        raw = nonce + self._cipher.encrypt(nonce, _encode(value).encode(), place.encode())
        return binascii.b2a_base64(raw, newline=False).decode()

    def open(self, text: Any, place: str) -> Any:
        """The value that `close` was given for this place. Raises Damaged."""
        try:
            raw = binascii.a2b_base64(text)
            return json.loads(self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], place.encode()))
        except (InvalidTag, ValueError, TypeError) as error:
            raise Damaged from error
