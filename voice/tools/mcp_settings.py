"""The MCP servers of the settings: `[tools.mcp.NAME]` with a command, or a URL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voice.errors import ConfigError
from voice.text.patterns import pattern_of

_NAME = pattern_of(r"[A-Za-z0-9_-]{1,24}")
_VARIABLE = pattern_of(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class McpServer:
    """One server: a `command` that speaks over its standard input and output, or a `url` of streamable HTTP.

    `token_env` names the variable of the environment that holds its bearer token, `env` those that a command is given.
    `allow` are the tools that are offered, all where it is empty; `confirm` those that ask the person first. A call
    takes at most `timeout_s` seconds.
    """

    name: str
    command: tuple[str, ...] = ()
    url: str = ""
    token_env: str = ""
    env: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    confirm: tuple[str, ...] = ()
    timeout_s: float = 30.0


KEYS = ("command", "url", "token_env", "env", "allow", "confirm", "timeout_s")


def servers(told: str) -> list[McpServer]:
    """The servers in `tools.mcp`, which is JSON: an object for each name. Raises ConfigError."""
    try:
        tables = json.loads(told or "{}")
    except ValueError as error:
        raise ConfigError(f"not JSON: {error}", where="tools.mcp", expected="[tools.mcp.NAME] in a file") from error
    if not isinstance(tables, Mapping) or not all(isinstance(table, Mapping) for table in tables.values()):
        raise ConfigError("not a table for each server", where="tools.mcp", expected="[tools.mcp.NAME] in a file")
    return [_server(str(name), table) for name, table in tables.items()]


def _server(name: str, table: Mapping[str, Any]) -> McpServer:
    where = f"tools.mcp.{name}"
    if not _NAME.fullmatch(name):
        raise ConfigError("a name that cannot be used", where=where, expected="letters, digits, - and _, at most 24")
    for key in table:
        if key not in KEYS:
            raise ConfigError("unknown setting", where=f"{where}.{key}", expected=f"one of {', '.join(KEYS)}")
    lists = {key: _texts(table, key, where) for key in ("command", "env", "allow", "confirm") if key in table}
    for key in ("url", "token_env"):
        if not isinstance(table.get(key, ""), str):
            raise ConfigError("not text", where=f"{where}.{key}", expected="a text")
    for variable in (*lists.get("env", ()), *filter(None, [table.get("token_env", "")])):
        if not _VARIABLE.fullmatch(variable):
            expected = "the name of a variable of the environment; secrets are kept there"
            raise ConfigError("not the name of a variable", where=where, expected=expected)
    timeout_s = table.get("timeout_s", 30.0)
    if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or not 0 < timeout_s <= 600:
        raise ConfigError(f"{timeout_s!r} cannot be used", where=f"{where}.timeout_s", expected="seconds up to 600")
    url = str(table.get("url", ""))
    if bool(lists.get("command")) == bool(url):
        raise ConfigError("no server, or two", where=where, expected="one of command and url")
    if url and not url.startswith(("http://", "https://")):
        raise ConfigError(f"cannot reach {url!r}", where=f"{where}.url", expected="a URL such as http://HOST:PORT/mcp")
    return McpServer(name, url=url, token_env=str(table.get("token_env", "")), timeout_s=float(timeout_s), **lists)


def _texts(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    found = table[key]
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise ConfigError("not a list of texts", where=f"{where}.{key}", expected='as ["one", "two"]')
    return tuple(found)
