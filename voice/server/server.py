"""The server process: a socket, uvicorn, and a stop that lets running replies finish."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn

from voice.errors import ConfigError, UnavailableError
from voice.proxies import is_loopback, network_address
from voice.server.app import Application
from voice.server.fast_websocket import SmallWebSocket
from voice.settings.layers import SHORTEST_KEY, weak_keys
from voice.settings.serving import ServeSettings


def bind(settings: ServeSettings) -> socket.socket:
    """The listening socket. Raises ConfigError for an open address without keys, UnavailableError for a taken port."""
    where = f"{settings.host}:{settings.port}"
    if not is_loopback(settings.host) and not settings.api_keys.strip(", "):
        raise ConfigError(
            "without API keys, anyone on the network could use the server",
            where=f"serve.host = {settings.host}",
            expected="API keys for any address other than loopback",
            remedy="set VOICE_SERVE_API_KEYS, or use --host 127.0.0.1",
        )
    if not is_loopback(settings.host) and (weak := weak_keys(settings.api_keys)):
        raise ConfigError(
            f"{weak} of the API keys could be guessed by anyone on the network",
            where=f"serve.host = {settings.host}, VOICE_SERVE_API_KEYS",
            expected=f"keys of at least {SHORTEST_KEY} characters made at random",
            remedy="make one: openssl rand -hex 24",
        )
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # The protocol is named because asyncio sends small writes at once only on sockets that say they are TCP.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
        listening.listen(4096)
    except OSError as error:
        listening.close()
        raise UnavailableError(
            error.strerror or str(error), where=where, expected="a free port", remedy="choose another port with --port"
        ) from error
    return listening


def url(listening: socket.socket, scheme: str = "http") -> str:
    """The address that clients on this machine use."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def network_url(listening: socket.socket, scheme: str = "http") -> str:
    """The address that other machines use, where it listens on all; empty where it does not, or there is no network."""
    host, port = listening.getsockname()[:2]
    if host not in ("0.0.0.0", "::"):
        return ""
    own = network_address()
    return f"{scheme}://{own}:{port}" if own else ""


async def serve(
    app: Application, listening: socket.socket, ready: Callable[[str], object], tls: Path | None = None
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` receives the address once connections are accepted.

    `tls` is the file of a certificate and its key, for HTTPS. Raises KeyboardInterrupt after a SIGINT, when everything
    is closed.
    """
    server = HttpServer(app, ready, tls)
    await server.serve(sockets=[listening])
    if server.interrupted:
        raise KeyboardInterrupt


class HttpServer(uvicorn.Server):
    """Finishes running replies before it closes connections, then asks all clients to reconnect."""

    def __init__(self, app: Application, ready: Callable[[str], object], tls: Path | None = None) -> None:
        config = uvicorn.Config(
            app,
            ws=SmallWebSocket,
            ws_max_size=app.service.settings.body_kb * 1024,
            ws_per_message_deflate=False,
            ws_ping_interval=None,
            proxy_headers=False,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            ssl_certfile=tls,
        )
        super().__init__(config)
        self._app, self._ready, self._scheme = app, ready, "https" if tls else "http"
        self.interrupted = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            self._ready(url(sockets[0], self._scheme))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        service = self._app.service
        service.access.stopping = service.engine.parts.stopping = True
        deadline = asyncio.get_running_loop().time() + service.settings.grace_s
        while self._app.busy and not self.force_exit and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await self._app.hub.close()
        await self._app.responses.close()
        if self._app.realtime is not None:
            await self._app.realtime.close()
        await service.engine.close()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """A second signal stops at once."""
        self.interrupted = sig == signal.SIGINT
        self.force_exit = self.force_exit or self.should_exit
        self.should_exit = True
