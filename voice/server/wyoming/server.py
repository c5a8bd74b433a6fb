"""The Wyoming server: who may connect, how many at a time, how it is found on the network, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from voice.errors import ConfigError, UnavailableError
from voice.proxies import is_loopback, network_address
from voice.server.wyoming.connection import WyomingConnection
from voice.server.wyoming.framing import HEADER_BYTES
from voice.server.wyoming.services import WyomingServices
from voice.settings.serving import WyomingSettings

log = logging.getLogger(__name__)

SERVICE_TYPE = "_wyoming._tcp.local."
MOST_CONNECTIONS = 64
GRACE_S = 2.0
"""How long what is under way may take when the server stops, seconds."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(allowed: str) -> list[Network]:
    """The networks of the setting wyoming.allow. Raises ConfigError."""
    found: list[Network] = []
    for one in filter(None, (part.strip() for part in allowed.split(","))):
        try:
            found.append(ipaddress.ip_network(one, strict=False))
        except ValueError:
            raise ConfigError(
                f"not a network: {one}", where="wyoming.allow", expected="addresses or networks such as 192.168.1.0/24"
            ) from None
    return found


def may_connect(address: str, allowed: Sequence[Network]) -> bool:
    """Whether a client at this address may use the server."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in allowed)


async def serve(services: WyomingServices, settings: WyomingSettings, ready: Callable[[str], object]) -> None:
    """Serve until cancelled; `ready` receives the address.

    Raises UnavailableError for a port that is taken, ConfigError for a network that is none.
    """
    allowed, running = networks(settings.allow), set[asyncio.Task[None]]()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            peer = writer.get_extra_info("peername")
            if not may_connect(peer[0], allowed):
                log.warning("wyoming: %s may not connect: wyoming.allow does not name its network", peer[0])
            elif len(running) > MOST_CONNECTIONS:
                log.warning("wyoming: a connection was refused: %d are open", MOST_CONNECTIONS)
            else:
                await WyomingConnection(services, reader, writer).run()
        except (ConnectionError, TimeoutError):
            log.debug("wyoming: a client left in the middle", exc_info=True)
        finally:
            running.discard(task)
            writer.close()

    try:
        server = await asyncio.start_server(connected, settings.host, settings.port, limit=HEADER_BYTES)
    except OSError as error:
        raise UnavailableError(
            error.strerror or str(error),
            where=f"{settings.host}:{settings.port}",
            expected="a free port of this machine",
            remedy="choose another one with --port or --host",
        ) from error
    port = server.sockets[0].getsockname()[1]
    try:
        async with announced(settings, port):
            ready(f"tcp://{settings.host}:{port}")
            await server.serve_forever()
    finally:
        server.close()
        if running:
            _, late = await asyncio.wait(running, timeout=GRACE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


@asynccontextmanager
async def announced(settings: WyomingSettings, port: int) -> AsyncIterator[None]:
    """Let Home Assistant discover the server, where others can reach it at all."""
    if not settings.announce or is_loopback(settings.host):
        yield
        return
    from zeroconf import NonUniqueNameException
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

    everywhere = settings.host in ("0.0.0.0", "::", "")
    address = (network_address() or "127.0.0.1") if everywhere else settings.host
    discovery = AsyncZeroconf()
    service = AsyncServiceInfo(
        SERVICE_TYPE,
        f"{settings.announce}.{SERVICE_TYPE}",
        port,
        parsed_addresses=[address],
        server=f"{socket.gethostname()}.local.",
    )
    try:
        try:
            await discovery.async_register_service(service, allow_name_change=True)
        except (OSError, NonUniqueNameException) as error:
            log.warning("wyoming: not announced on the network (%s); enter %s:%d by hand", error, address, port)
        yield
    finally:
        with contextlib.suppress(OSError):
            await discovery.async_close()
