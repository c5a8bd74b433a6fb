"""The user's names for conversations on servers, with the tokens that open them, in one private file."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from voice.errors import ConfigError


class Keyring:
    """A JSON file of name → session id and token per server, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, url: str, name: str) -> tuple[str, str] | None:
        """Return (session id, token) of the conversation `name` at `url`. Raises ConfigError for a damaged file."""
        entry = self._read().get(url, {}).get(name)
        return (entry["session_id"], entry["session_token"]) if entry else None

    def names(self, url: str) -> list[str]:
        """The names of conversations at `url`. Raises ConfigError for a damaged file."""
        return list(self._read().get(url, {}))

    def servers(self, name: str) -> list[str]:
        """The servers that have a conversation `name`. Raises ConfigError for a damaged file."""
        return [url for url, names in self._read().items() if name in names]

    def urls(self) -> list[str]:
        """The servers that have any conversation. Raises ConfigError for a damaged file."""
        return [url for url, names in self._read().items() if names]

    def keep(self, url: str, name: str, session_id: str, token: str) -> None:
        """Store a conversation under `name`, replacing another of that name."""
        known = self._read()
        known.setdefault(url, {})[name] = {"session_id": session_id, "session_token": token}
        self._write(known)

    def drop(self, url: str, name: str) -> None:
        """Remove a conversation; harmless if it is unknown."""
        known = self._read()
        if known.get(url, {}).pop(name, None):
            self._write(known)

    def _write(self, known: dict[str, dict[str, dict[str, str]]]) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Private before anything is written, and complete before it gets its name.
        descriptor, made = tempfile.mkstemp(dir=self._path.parent, prefix=".sessions-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(known, file, indent=1, ensure_ascii=False)
        Path(made).replace(self._path)

    def _read(self) -> dict[str, dict[str, dict[str, str]]]:
        try:
            known: dict[str, dict[str, dict[str, str]]] = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"cannot be read ({error})", where=str(self._path), remedy="move it away; its conversations start again"
            ) from error
        return known
