"""A double of Home Assistant that speaks the shapes of its REST API."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

TOKEN = "long-lived"


def state(id: str, name: str, value: str, **attributes: Any) -> dict[str, Any]:
    """A state as `/api/states` gives it."""
    when = "2026-01-02T03:04:05.678901+00:00"
    told = {"entity_id": id, "state": value, "attributes": {"friendly_name": name, **attributes}}
    return told | {
        "last_changed": when,
        "last_updated": when,
        "context": {"id": "01J", "parent_id": None, "user_id": None},
    }


class House:
    """A context manager. `called` are the services: (`domain.service`, data)."""

    def __init__(self) -> None:
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
        ]
        self.areas = [
            {"name": "Kitchen", "entities": ["light.kitchen_ceiling", "light.kitchen_table"]},
            {"name": "Bedroom", "entities": ["light.bedroom", "climate.bedroom"]},
        ]
        self.called: list[tuple[str, dict[str, Any]]] = []

    def __enter__(self) -> Self:
        house = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(None)

            def do_POST(self) -> None:
                self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

            def _answer(self, body: Any) -> None:
                status, told = house.answer(self.headers.get("authorization", ""), self.path, body)
                raw = told.encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing to say."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, authorization: str, path: str, body: Any) -> tuple[int, str]:
        """Status and body, as Home Assistant gives them."""
        if authorization != f"Bearer {TOKEN}":
            return 401, "401: Unauthorized"
        if path == "/api/states":
            return 200, json.dumps(self.states)
        if path == "/api/config":
            return 200, json.dumps({"version": "2026.11.1", "location_name": "Home"})
        if path == "/api/template":
            assert "area_entities" in body["template"]
            return 200, json.dumps(self.areas)
        if path.startswith("/api/services/"):
            self.called.append((path.removeprefix("/api/services/").replace("/", "."), body))
            return 200, "[]"
        return 404, "404: Not Found"
