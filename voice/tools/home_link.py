"""Home Assistant's WebSocket API: what is in the home, by all its names, and what changes there."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

from voice.errors import ConfigError, UnavailableError, VoiceError
from voice.proxies import explained, is_proxied

PATIENCE_S = 8.0
SETTLE_S = 0.2
"""Changes that come within this time are taken together."""

MOST_BYTES = 64 * 2**20
CHANGES = ("state_changed", "entity_registry_updated", "device_registry_updated", "area_registry_updated")


@dataclass(frozen=True, slots=True)
class Entity:
    """One device: `id` as `light.kitchen`, its spoken `name`, its `area`, or empty, and what both are called besides.

    Without a name it is not spoken of, because it is hidden or has none.
    """

    id: str
    name: str
    area: str
    state: str
    attributes: Mapping[str, Any]
    aliases: tuple[str, ...] = ()
    area_aliases: tuple[str, ...] = ()

    @property
    def domain(self) -> str:
        return self.id.partition(".")[0]


class HomeLink:
    """One connection that is let in. Its methods raise what `connected` raises."""

    def __init__(self, socket: Any, url: str, version: str) -> None:
        self._socket, self._url, self.version = socket, url, version
        self._numbers = count(1)
        self._waiting: deque[Mapping[str, Any]] = deque()

    async def ask(self, kind: str, **fields: Any) -> Any:
        """Give a command and return its result. Raises UnavailableError for one that is refused."""
        number = next(self._numbers)
        await self._socket.send(json.dumps({"id": number, "type": kind, **fields}))
        async with asyncio.timeout(PATIENCE_S):
            while True:
                told = await self._read()
                if told.get("id") == number and told.get("type") == "result":
                    break
                self._waiting.append(told)
        if not told.get("success"):
            why = (told.get("error") or {}).get("message", "no reason")
            raise UnavailableError(f"Home Assistant refuses {kind}: {why}", where=self._url)
        return told.get("result")

    async def subscribe(self) -> None:
        """Have changes reported from now on."""
        for change in CHANGES:
            await self.ask("subscribe_events", event_type=change)

    async def changes(self) -> AsyncGenerator[list[Mapping[str, Any]]]:
        """The events as they come, some together, without end."""
        while True:
            batch = [self._waiting.popleft() if self._waiting else await self._read()]
            with suppress(TimeoutError):
                async with asyncio.timeout(SETTLE_S):
                    while True:
                        batch.append(self._waiting.popleft() if self._waiting else await self._read())
            yield [told["event"] for told in batch if told.get("type") == "event"]

    async def entities(self) -> list[Entity]:
        """Everything in the home, with the names and areas that its registries have."""
        states = await self.ask("get_states")
        areas = {area["area_id"]: area for area in await self.ask("config/area_registry/list")}
        devices = {device["id"]: device for device in await self.ask("config/device_registry/list")}
        ids = [state["entity_id"] for state in states]
        entries = await self.ask("config/entity_registry/get_entries", entity_ids=ids)
        return [_entity(state, entries.get(state["entity_id"]) or {}, devices, areas) for state in states]

    async def _read(self) -> Mapping[str, Any]:
        told = json.loads(await self._socket.recv())
        if not isinstance(told, Mapping):
            raise ValueError("a message that is no object")
        return told


def _entity(
    state: Mapping[str, Any],
    entry: Mapping[str, Any],
    devices: Mapping[str, Mapping[str, Any]],
    areas: Mapping[str, Mapping[str, Any]],
) -> Entity:
    """One state with what the registries know of it; its own area counts before that of its device."""
    device = devices.get(entry.get("device_id") or "") or {}
    area = areas.get(entry.get("area_id") or device.get("area_id") or "") or {}
    name = "" if entry.get("hidden_by") else str(state["attributes"].get("friendly_name") or "")
    return Entity(
        state["entity_id"], name, str(area.get("name") or ""), str(state["state"]), state["attributes"],
        _texts(entry.get("aliases")), _texts(area.get("aliases")),
    )  # fmt: skip


def _texts(found: object) -> tuple[str, ...]:
    return tuple(one for one in found if isinstance(one, str) and one) if isinstance(found, list) else ()


@asynccontextmanager
async def connected(url: str, token: str) -> AsyncIterator[HomeLink]:
    """A link to the home at `url`. Raises ConfigError for a token that is refused, UnavailableError for all else."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import WebSocketException

    try:
        with explained():
            async with connect(
                url.replace("http", "ws", 1) + "/api/websocket",
                open_timeout=PATIENCE_S,
                close_timeout=1,
                max_size=MOST_BYTES,
                proxy=True if is_proxied(url) else None,
            ) as socket:
                yield HomeLink(socket, url, await _let_in(socket, url, token))
    except VoiceError:
        raise
    except TimeoutError as error:
        raise _away(url, f"no answer within {PATIENCE_S:g} s") from error
    except (OSError, WebSocketException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _away(url, str(error) or type(error).__name__) from error


async def _let_in(socket: Any, url: str, token: str) -> str:
    """Show the token; return the version of Home Assistant."""
    async with asyncio.timeout(PATIENCE_S):
        await socket.recv()  # it requires the token
        await socket.send(json.dumps({"type": "auth", "access_token": token}))
        told = json.loads(await socket.recv())
    if told.get("type") == "auth_invalid":
        remedy = "make a long-lived access token, and put it into VOICE_TOOLS_HOME_TOKEN"
        raise ConfigError("Home Assistant refuses the token", where=url, remedy=remedy)
    return str(told["ha_version"])


def _away(url: str, why: str) -> UnavailableError:
    return UnavailableError(f"no Home Assistant ({why})", where=url, remedy="is tools.home_url right?")
