"""The WebSocket side of the server: who may connect, and one heartbeat task for all connections."""

from __future__ import annotations

import asyncio
import logging

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from voice.server.errors import answer, strange_origin
from voice.server.service import Service
from voice.server.websocket_connection import WebSocketConnection
from voice.server.websocket_messages import RESTARTING, SILENT, TOO_MANY
from voice.sessions.log import Refused

log = logging.getLogger(__name__)

SUBPROTOCOL = "devmode.v1"
SILENT_S = 90.0
SWEEP_S = 5.0
HANG_UP_S = 1.0


class SocketHub:
    """An ASGI application for websocket scopes. Connections silent for 90 s are closed by one task for all."""

    def __init__(self, service: Service, *, most: int = 100_000) -> None:
        self._service, self._most = service, most
        self.connections: set[WebSocketConnection] = set()
        self._sweeper: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        try:
            owner = self._welcome(scope)
        except Refused as refused:
            await reject(refused, send)
            return
        connection = WebSocketConnection(self._service, owner, receive, send)
        accept = {"type": "websocket.accept", "subprotocol": SUBPROTOCOL, "headers": [], "at_once": connection.at_once}
        await send(accept)
        if len(self.connections) >= self._most:
            await connection.close(TOO_MANY, "too many connections; try again later")
            return
        self.connections.add(connection)
        if self._sweeper is None:
            self._sweeper = asyncio.create_task(self._sweep())
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)

    async def close(self) -> None:
        """Ask all clients to reconnect later, without waiting for peers that do not read."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        hangups = [asyncio.create_task(one.close(RESTARTING, "the server is restarting")) for one in self.connections]
        if hangups:
            _, late = await asyncio.wait(hangups, timeout=HANG_UP_S)
            for hangup in late:
                hangup.cancel()

    def _welcome(self, scope: Scope) -> str | None:
        """The owner named by the handshake, None if the op `auth` has to say it. Raises Refused."""
        access, headers = self._service.access, Headers(scope=scope)
        if access.stopping:
            raise Refused("stopping", "the server is shutting down", temporary=True)
        if not access.origin_allowed(headers.get("origin"), headers.get("host", "")):
            raise strange_origin()
        if SUBPROTOCOL not in scope["subprotocols"]:
            raise Refused("bad_request", "unknown subprotocol", expected=f"Sec-WebSocket-Protocol: {SUBPROTOCOL}")
        if not access.keyed:
            return ""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        return access.owner(key.strip()) if scheme.lower() == "bearer" else None

    async def _sweep(self) -> None:
        clock = self._service.engine.parts.clock
        while True:
            await asyncio.sleep(SWEEP_S)
            late = clock() - SILENT_S
            for connection in [one for one in self.connections if one.heard < late]:
                self.connections.discard(connection)
                self._service.engine.parts.spawn(connection.close(SILENT, "no frame for 90 s; reconnect"))


async def reject(refused: Refused, send: Send) -> None:
    """Refuse the handshake with an HTTP answer."""
    said = answer(refused)
    log.info("a WebSocket is refused: %s", refused.code)
    await send({"type": "websocket.http.response.start", "status": said.status_code, "headers": said.raw_headers})
    await send({"type": "websocket.http.response.body", "body": bytes(said.body)})
