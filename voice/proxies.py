"""Addresses of this machine; proxies from the environment, never for those, and SOCKS only with its package."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from voice.errors import ConfigError

VARIABLES = "ALL_PROXY, HTTP_PROXY, HTTPS_PROXY"

KEPT_S = 120.0
"""Connections outlast the pauses of a conversation. After httpx's 5 s nearly every turn began with a TLS handshake."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def network_address() -> str:
    """The address by which other machines reach this one; empty without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))  # sends nothing: the system only says which of its addresses it would use
        except OSError:
            return ""
        own = str(asked.getsockname()[0])
    return "" if is_loopback(own) else own


def is_proxied(url: str) -> bool:
    """Whether the environment names a proxy for `url`. An address of this machine is always reached without one."""
    parts = urlsplit(url)
    if is_loopback(parts.hostname or ""):
        return False
    proxies = getproxies()
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    return bool(proxies.get(scheme) or proxies.get("all")) and not proxy_bypass(parts.netloc)


def client_options(url: str) -> dict[str, Any]:
    """What an httpx client for `url` is made with: connections that are kept, proxies only where they are for it."""
    import httpx2

    limits = httpx2.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=KEPT_S)
    return {"limits": limits, **({} if is_proxied(url) else {"trust_env": False})}


def opener(url: str) -> urllib.request.OpenerDirector:
    """What opens `url` with urllib."""
    return urllib.request.build_opener(*([] if is_proxied(url) else [urllib.request.ProxyHandler({})]))


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Raises ConfigError for a proxy that cannot be used."""
    try:
        yield
    except ImportError as error:
        if "socks" not in str(error).lower():
            raise
        raise socks_missing() from error
    except ValueError as error:
        if "proxy" not in str(error).lower():
            raise
        raise ConfigError(
            f"the proxy cannot be used: {error}", where=VARIABLES, expected="a URL such as http://HOST:PORT"
        ) from error


def socks_missing() -> ConfigError:
    """A SOCKS proxy is wanted, and the package for it is not there."""
    return ConfigError(
        "a SOCKS proxy needs a package that is not installed",
        where=VARIABLES,
        remedy="pip install 'voice-at-home[socks]', or unset the variable",
    )
