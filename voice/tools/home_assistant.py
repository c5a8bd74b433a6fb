"""Home Assistant by its REST API: which devices there are, what state it is in, and having it changed."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voice.errors import ConfigError, UnavailableError
from voice.proxies import opener

TIMEOUT_S = 8.0

AREAS = (
    '[{% for area in areas() %}{{ {"name": area_name(area), "entities": area_entities(area)} | to_json }}'
    "{% if not loop.last %},{% endif %}{% endfor %}]"
)
"""A template that Home Assistant renders to JSON: the registry of areas is not in its REST API otherwise."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One device: `id` as `light.kitchen`, its spoken `name`, its `area`, or empty."""

    id: str
    name: str
    area: str
    state: str
    attributes: Mapping[str, Any]

    @property
    def domain(self) -> str:
        return self.id.partition(".")[0]


class HomeAssistant:
    """The home at `url`, opened with a long-lived access `token`.

    Methods block. They raise ConfigError for a token that is refused, UnavailableError for all else.
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

    def entities(self) -> list[Entity]:
        """Everything in the home that has a name."""
        placed = json.loads(self._ask("POST", "/api/template", {"template": AREAS}))
        areas = {id: str(area["name"]) for area in placed for id in area["entities"]}
        states = json.loads(self._ask("GET", "/api/states"))
        return [
            Entity(one["entity_id"], str(name), areas.get(one["entity_id"], ""), one["state"], one["attributes"])
            for one in states
            if (name := one["attributes"].get("friendly_name"))
        ]

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
