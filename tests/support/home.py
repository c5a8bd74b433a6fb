"""A double of Home Assistant that speaks the shapes of its REST and WebSocket APIs and of its MCP server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

import uvicorn
from mcp.server import MCPServer
from mcp_types import ToolAnnotations
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

TOKEN = "long-lived"
VERSION = "2026.11.1"


def state(id: str, name: str, value: str, **attributes: Any) -> dict[str, Any]:
    """A state as `/api/states` and `get_states` give it."""
    when = "2026-01-02T03:04:05.678901+00:00"
    told = {"entity_id": id, "state": value, "attributes": {"friendly_name": name, **attributes}}
    return told | {
        "last_changed": when,
        "last_updated": when,
        "context": {"id": "01J", "parent_id": None, "user_id": None},
    }


def entry(id: str, device: str | None = None, area: str | None = None, **more: Any) -> dict[str, Any]:
    """An entity as its registry tells of it, at length."""
    told: dict[str, Any] = {"entity_id": id, "device_id": device, "area_id": area, "name": None, "original_name": None,
            "hidden_by": None, "disabled_by": None, "aliases": [], "platform": "demo", "labels": []}  # fmt: skip
    return told | more


class House:
    """A context manager. `called` are the services: (`domain.service`, data); `links` is how often one was let in."""

    def __init__(self) -> None:
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._sockets: dict[WebSocket, list[tuple[int, str]]] = {}
        self.reset()

    def reset(self) -> None:
        """As it was at first."""
        self.states = [
            state("light.kitchen_ceiling", "Kitchen ceiling", "on", brightness=200),
            state("light.kitchen_table", "Table lamp", "off"),
            state("light.bedroom", "Bedroom light", "on"),
            state("climate.bedroom", "Bedroom thermostat", "heat", current_temperature=19.5, temperature=21),
            state("lock.front_door", "Front door", "locked"),
            state("cover.blinds", "Blinds", "closed", current_position=0),
            state("fan.office", "Fan", "off"),
            state("light.lamp_zh", "客厅灯", "off"),
            state("cover.curtain_zh", "窗帘", "open"),
            state("switch.internal", "Internal relay", "off"),
        ]
        self.areas = [
            {"area_id": "kitchen", "name": "Kitchen", "aliases": ["galley"], "floor_id": None},
            {"area_id": "bedroom", "name": "Bedroom", "aliases": [], "floor_id": None},
        ]
        self.devices = [{"id": "d1", "area_id": "kitchen", "name": "Lamp", "name_by_user": None}]
        self.entries = [
            entry("light.kitchen_ceiling", area="kitchen"),
            entry("light.kitchen_table", device="d1", aliases=["reading light", None]),
            entry("light.bedroom", device="d1", area="bedroom"),
            entry("climate.bedroom", area="bedroom"),
            entry("switch.internal", hidden_by="user"),
        ]
        self.called: list[tuple[str, dict[str, Any]]] = []
        self.links = 0

    def __enter__(self) -> Self:
        mcp = MCPServer("Home Assistant")

        @mcp.tool(name="HassTurnOn", annotations=ToolAnnotations(title="HassTurnOn"))
        def turn_on(name: str) -> str:
            """Turns on a device or entity."""
            self.called.append(("mcp.HassTurnOn", {"name": name}))
            return json.dumps({"speech": {}, "response_type": "action_done"})

        served = mcp.streamable_http_app(streamable_http_path="/api/mcp", json_response=True, stateless_http=True)

        @contextlib.asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            async with served.router.lifespan_context(served):
                self._loop = asyncio.get_running_loop()
                self._started.set()
                yield

        app = Starlette(
            routes=[
                WebSocketRoute("/api/websocket", self._talk),
                Route("/api/config", self._config),
                Route("/api/services/{domain}/{service}", self._call, methods=["POST"]),
                Mount("/", served),
            ],
            lifespan=lifespan,
        )
        config = uvicorn.Config(_Guarded(app), port=0, log_config=None, ws="websockets-sansio", lifespan="on")
        self._server = uvicorn.Server(config)
        listening = config.bind_socket()
        listening.listen()  # the server begins to only after its lifespan has started
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.run, args=([listening],))
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *exc: object) -> None:
        self.drop()
        self._server.should_exit = True
        self._thread.join()

    def change(self, id: str, value: str, **attributes: Any) -> None:
        """Give an entity another state, which is reported."""
        old = next((one for one in self.states if one["entity_id"] == id), None)
        kept = old["attributes"] if old is not None else {}
        new = state(id, "", value) | {"attributes": {**kept, **attributes}}
        self.states = [one for one in self.states if one["entity_id"] != id] + [new]
        self.report("state_changed", {"entity_id": id, "old_state": old, "new_state": new})

    def report(self, kind: str, data: dict[str, Any]) -> None:
        """Send an event to everyone who has subscribed to it."""

        async def send() -> None:
            for socket, subscribed in self._sockets.items():
                for number in (number for number, wanted in subscribed if wanted == kind):
                    event = {"event_type": kind, "data": data, "origin": "LOCAL", "time_fired": "2026-01-02T03:04:05"}
                    await socket.send_json({"id": number, "type": "event", "event": event})

        asyncio.run_coroutine_threadsafe(send(), self._loop).result()

    def drop(self) -> None:
        """Cut all links."""

        async def cut() -> None:
            for socket in list(self._sockets):
                with contextlib.suppress(RuntimeError):  # it has gone by itself
                    await socket.close(1012)

        asyncio.run_coroutine_threadsafe(cut(), self._loop).result()

    async def _config(self, request: Request) -> Response:
        return JSONResponse({"version": VERSION, "location_name": "Home"})

    async def _call(self, request: Request) -> Response:
        service = "{domain}.{service}".format(**request.path_params)
        self.called.append((service, await request.json()))
        return JSONResponse([])

    async def _talk(self, socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_json({"type": "auth_required", "ha_version": VERSION})
        if (await socket.receive_json()) != {"type": "auth", "access_token": TOKEN}:
            await socket.send_json({"type": "auth_invalid", "message": "Invalid access token or password"})
            await socket.close()
            return
        await socket.send_json({"type": "auth_ok", "ha_version": VERSION})
        self.links += 1
        self._sockets[socket] = []
        try:
            while True:
                told = await socket.receive_json()
                await socket.send_json({"id": told["id"], "type": "result", **self._result(socket, told)})
        except WebSocketDisconnect:
            del self._sockets[socket]

    def _result(self, socket: WebSocket, told: dict[str, Any]) -> dict[str, Any]:
        known = {one["entity_id"]: one for one in self.entries}
        answers: dict[str, Callable[[], Any]] = {
            "get_states": lambda: self.states,
            "config/area_registry/list": lambda: self.areas,
            "config/device_registry/list": lambda: self.devices,
            "config/entity_registry/get_entries": lambda: {id: known.get(id) for id in told["entity_ids"]},
            "subscribe_events": lambda: self._sockets[socket].append((told["id"], told["event_type"])),
        }
        if told["type"] not in answers:
            return {"success": False, "error": {"code": "unknown_command", "message": "Unknown command."}}
        return {"success": True, "result": answers[told["type"]]()}


class _Guarded:
    """Everything but the WebSocket wants the token in a header."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", ()))
        if scope["type"] == "http" and headers.get(b"authorization") != f"Bearer {TOKEN}".encode():
            await PlainTextResponse("401: Unauthorized", 401)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
