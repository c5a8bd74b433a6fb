"""The key that all others in a store are locked with: from the environment, or a file only its owner reads."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import tempfile
from pathlib import Path

from voice.errors import ConfigError
from voice.sessions.stores.interface import StoreError

BYTES = 32
EXPECTED = "32 bytes in base64"
MAKE = "make one with: openssl rand -base64 32"


def master_key(given: str, path: Path) -> bytes:
    """The key in `given`, else the one in the file at `path`, which is made where there is none.

    Raises ConfigError for an invalid `given`, StoreError for a file that cannot be used.
    """
    if given:
        key = _decoded(given)
        if key is None:
            raise ConfigError("not a key", where="VOICE_CHAT_STORE_KEY", expected=EXPECTED, remedy=MAKE)
        return key
    try:
        if not path.exists():
            _make(path)
        key = _decoded(path.read_text("ascii", "replace"))
    except OSError as error:
        raise StoreError(
            f"the key of the stored conversations cannot be read: {error.strerror}",
            where=str(path),
            expected="a file this user can read",
            remedy="correct its owner and mode, or set VOICE_CHAT_STORE_KEY",
        ) from error
    if key is None:
        raise StoreError(
            "not a key",
            where=str(path),
            expected=EXPECTED,
            remedy="restore it from a backup, or move it and the stored conversations away to start again",
        )
    return key


def _decoded(text: str) -> bytes | None:
    try:
        key = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == BYTES else None


def _make(path: Path) -> None:
    """Private before anything is in it, whole before it has its name, and never in place of another's."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=".store-key-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(made, path)
        except FileExistsError:
            return  # another process was first
    finally:
        Path(made).unlink()
