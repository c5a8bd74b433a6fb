"""The people of a household, each with one link that opens their conversations and can be taken back."""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from voice.errors import ConfigError, UsageError
from voice.text.patterns import pattern_of

_NAME = pattern_of(r"\w[\w .'-]{0,39}")


def cookie_of(secret: str) -> str:
    """What a browser keeps in place of a link's secret: made from it, and of no use for making it."""
    return hmac.digest(secret.encode("utf-8", "surrogatepass"), b"voice home cookie", sha256).hex()


def owner_of(name: str) -> str:
    """The owner of this person's sessions, as it is stored with them."""
    return sha256(f"home {name}".encode()).hexdigest()[:16]


class People:
    """A JSON file of name → hashes, readable by its owner only. Links are random, so that plain hashes suffice.

    The file is read again when it has changed: `voice home link` works while the server runs.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at: tuple[int, int] | None = None
        self._known: dict[str, dict[str, str]] = {}

    def names(self) -> list[str]:
        """The people who have a link. Raises ConfigError for a damaged file."""
        return sorted(self._people())

    def add(self, name: str) -> str:
        """The secret of a person's new link, 256 random bits; their earlier link opens nothing from now on.

        Raises UsageError for what is no name.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(f"not a name: {name!r}", expected="1 to 40 letters, digits, spaces and . ' -")
        secret = secrets.token_urlsafe(32)
        self._write({**self._people(), name: {"link": _digest(secret), "cookie": _digest(cookie_of(secret))}})
        return secret

    def revoke(self, name: str) -> None:
        """Take a person's link back. Their conversations stay. Raises UsageError for a name without a link."""
        people = dict(self._people())
        if name not in people:
            known = ", ".join(sorted(people)) or "none yet; make one: voice home link add NAME"
            raise UsageError("no link of this name", where=name, expected=known)
        del people[name]
        self._write(people)

    def by_link(self, secret: str) -> str | None:
        """Whose link this is."""
        return self._find("link", secret)

    def by_cookie(self, cookie: str) -> str | None:
        """Whose browser this is."""
        return self._find("cookie", cookie)

    def _find(self, kind: str, value: str) -> str | None:
        digest, found = _digest(value), None
        for name, hashes in self._people().items():
            if hmac.compare_digest(hashes[kind], digest):
                found = name
        return found

    def _people(self) -> Mapping[str, dict[str, str]]:
        try:
            status = self._path.stat()
            if (at := (status.st_mtime_ns, status.st_ino)) != self._read_at:
                self._known = json.loads(self._path.read_text("utf-8"))
                self._read_at = at
        except FileNotFoundError:
            self._known, self._read_at = {}, None
        except (OSError, ValueError) as error:
            what = f"cannot be read ({error})"
            raise ConfigError(what, where=str(self._path), remedy="move it away and make the links again") from error
        return self._known

    def _write(self, people: Mapping[str, dict[str, str]]) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Private before anything is written, and complete before it gets its name.
        descriptor, made = tempfile.mkstemp(dir=self._path.parent, prefix=".people-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(people, file, indent=1, ensure_ascii=False)
            Path(made).replace(self._path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                Path(made).unlink()


def _digest(value: str) -> str:
    return sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
