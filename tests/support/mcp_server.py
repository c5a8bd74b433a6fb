"""A real MCP server of the official package, as a process: `python -m tests.support.mcp_server [PORT]`."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from mcp.server import MCPServer
from mcp_types import ToolAnnotations

server = MCPServer("a house")
READS = ToolAnnotations(read_only_hint=True)


@server.tool(annotations=READS)
def temperature(room: str) -> str:
    """How warm it is in a room."""
    return f"It is 21.5 °C in the {room}."


@server.tool(annotations=ToolAnnotations(destructive_hint=True))
def unlock(door: str) -> str:
    """Unlock a door."""
    return f"The {door} door is unlocked."


@server.tool()
def broken(x: int) -> str:
    """Always fails."""
    raise RuntimeError(f"no such thing as {x}")


@server.tool(annotations=READS)
async def slow(seconds: float) -> str:
    """Answers late."""
    await asyncio.sleep(seconds)
    return "at last"


@server.tool()
def leave() -> str:
    """Ends the server in the middle of the call."""
    os._exit(1)


@server.tool(annotations=READS)
def secret() -> str:
    """What the server finds in its environment."""
    return os.environ.get("HOUSE_SECRET", "nothing")


def main() -> None:
    how: dict[str, Any] = {"host": "127.0.0.1", "port": int(sys.argv[1])} if len(sys.argv) > 1 else {}
    if how:
        server.run("streamable-http", **how)
    else:
        server.run("stdio")


if __name__ == "__main__":
    main()
