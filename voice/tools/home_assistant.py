"""Home Assistant: having the home changed by its REST API, and the link that tells what is in it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from voice.errors import ConfigError, UnavailableError
from voice.proxies import opener
from voice.tools.home_link import HomeLink, connected

TIMEOUT_S = 8.0


class HomeAssistant:
    """The home at `url`, opened with a long-lived access `token`.

    `call` and `check` block. Methods raise ConfigError for a token that is refused, UnavailableError for all else.
    """

    def __init__(self, url: str, token: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise ConfigError(
                f"cannot reach {url!r}", where="tools.home_url", expected="a URL such as http://HOST:8123"
            )
        if not token:
            expected = "a long-lived access token in the environment as VOICE_TOOLS_HOME_TOKEN"
            raise ConfigError("there is no token", where="tools.home_url", expected=expected)
        self.url, self._token = url.rstrip("/"), token

    def link(self) -> AbstractAsyncContextManager[HomeLink]:
        """A connection that tells what is in the home. Raises like the methods."""
        return connected(self.url, self._token)

    def call(self, service: str, entities: Sequence[str], data: Mapping[str, Any]) -> None:
        """Call a service, as `light.turn_on`, on these entities."""
        domain, _, name = service.partition(".")
        self._ask("POST", f"/api/services/{domain}/{name}", {"entity_id": list(entities), **data})

    def check(self) -> str:
        """Its version, where it answers."""
        return str(json.loads(self._ask("GET", "/api/config")).get("version", "unknown version"))

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> str:
        headers = {"authorization": f"Bearer {self._token}", "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with opener(self.url).open(request, timeout=TIMEOUT_S) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(200).decode(errors="replace")
            if error.code in (401, 403):
                remedy = "make a long-lived access token, and put it into VOICE_TOOLS_HOME_TOKEN"
                raise ConfigError("Home Assistant refuses the token", where=self.url, remedy=remedy) from None
            raise UnavailableError(f"Home Assistant answered HTTP {error.code}: {said}", where=self.url) from None
        except (OSError, ValueError) as error:
            why = getattr(error, "reason", error)
            raise UnavailableError(
                f"no Home Assistant ({why})", where=self.url, remedy="is tools.home_url right?"
            ) from error
