"""HTTP requests to a session server: create, look up, delete, tokens, usage."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from voice.errors import ConfigError, UnavailableError, VoiceError
from voice.proxies import opener

TIMEOUT_S = 15.0


class SessionError(VoiceError):
    """The session server refused a request. `code` is the protocol's code, `temporary` says that a retry may help."""

    exit_code = 69

    def __init__(self, what: str, *, code: str, temporary: bool = False, where: str = "", remedy: str = "") -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.code, self.temporary = code, temporary


class HttpClient:
    """Calls to the server at `url`, with the API `key` if it needs one.

    `url` may list several nodes of one server, separated by commas; the first that answers is used.
    """

    def __init__(self, url: str, key: str = "") -> None:
        self._urls, self._key = nodes(url), key
        self.url = self._urls[0]

    async def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        token: str = "",
        headers: Mapping[str, str] | None = None,
        within_s: float = TIMEOUT_S,
    ) -> dict[str, Any]:
        """Return the answer's JSON object. Raises SessionError, ConfigError for a refused key, UnavailableError."""
        return await asyncio.to_thread(self._any, method, path, body, token, headers or {}, within_s)

    def _any(self, *what: Any) -> dict[str, Any]:
        """Ask the node that answered last, then the others."""
        others = [url for url in self._urls if url != self.url]
        while True:
            try:
                return self._call(*what)
            except UnavailableError:
                if not others:
                    raise
                self.url = others.pop(0)

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        token: str,
        more: Mapping[str, str],
        within_s: float,
    ) -> dict[str, Any]:
        headers = {"content-type": "application/json", **more}
        if self._key:
            headers["authorization"] = f"Bearer {self._key}"
        if token:
            headers["x-session-token"] = token
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with opener(self.url).open(request, timeout=within_s) as answer:
                result: dict[str, Any] = json.loads(answer.read() or b"{}")
                return result
        except urllib.error.HTTPError as error:
            with error:
                raise self._refused(error.code, error.read()) from None
        except (OSError, ValueError) as error:
            raise unreachable(self.url, getattr(error, "reason", error)) from error

    def _refused(self, status: int, raw: bytes) -> VoiceError:
        try:
            told = json.loads(raw)["error"]
            code, message, temporary = told["code"], told["message"], told["temporary"]
        except (ValueError, KeyError, TypeError):
            return unreachable(self.url, f"HTTP {status}, not the answer of a session server")
        if code == "key_invalid":
            return key_refused(self.url)
        return SessionError(message, code=code, temporary=temporary, where=self.url)


def nodes(url: str) -> list[str]:
    """The addresses in a comma-separated list."""
    return [one.strip().rstrip("/") for one in url.split(",") if one.strip()] or [""]


def unreachable(url: str, why: object) -> UnavailableError:
    return UnavailableError(
        f"not a session server ({why})", where=url, remedy="start `voice serve`, or correct chat.server"
    )


def key_refused(url: str) -> ConfigError:
    return ConfigError("the server refuses the key", where=url, remedy="set VOICE_CHAT_SERVER_KEY to one of its keys")
