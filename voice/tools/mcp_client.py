"""Tools of MCP servers, by the official `mcp` package: connected in the background, found again when they come back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voice import proxies
from voice.errors import ConfigError, UnavailableError, VoiceError
from voice.tools.interface import Context, Result, Spec, Tool, ToolError
from voice.tools.mcp_settings import McpServer

log = logging.getLogger(__name__)

CONNECT_S = 10.0
LOOK_S = 30.0
"""How often a quiet server is asked for its tools, which also tells whether it lives."""

WAITS_S = (1.0, 60.0)
"""First and longest wait before a server that is away is tried again."""

MOST_TOOLS = 128


@dataclass(frozen=True, slots=True)
class McpTool:
    """One tool of a server, under a name that no other server's tool has."""

    source: McpSource
    name: str
    spec: Spec

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """Call it on its server."""
        return await self.source.call(self.name, arguments)


class McpSource:
    """The tools of one server. Nothing waits for it: until it is connected it has none.

    Raises ConfigError where the package is missing, or the token of the settings.
    """

    def __init__(self, server: McpServer, environment: Mapping[str, str] = os.environ) -> None:
        try:
            import mcp  # 0.5 s, and only for who wants it
        except ModuleNotFoundError as error:
            raise ConfigError(
                "MCP servers need a package that is not installed",
                where=f"tools.mcp.{server.name}",
                remedy="pip install 'voice-at-home[mcp]'",
            ) from error
        if server.token_env and not environment.get(server.token_env):
            expected = f"a token in the environment as {server.token_env}"
            raise ConfigError("there is no token", where=f"tools.mcp.{server.name}", expected=expected)
        self._mcp, self.server, self._environment = mcp, server, environment
        self._client: Any = None
        self._tools: dict[str, McpTool] = {}
        self._look = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._told = self._refused = False
        self._settled = asyncio.Event()
        self.changed = asyncio.Event()
        """Set whenever its tools are others, or gone; the waiting task clears it."""

    @property
    def tools(self) -> Iterable[Tool]:
        return tuple(self._tools.values())

    async def settled(self) -> None:
        """Wait until it was reached, or could not be."""
        await self._settled.wait()

    def start(self) -> None:
        """Connect in the background, and stay connected."""
        self._running = asyncio.create_task(self._stay(), name=f"MCP server {self.server.name}")

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})

    async def call(self, name: str, arguments: Mapping[str, Any]) -> Result:
        """Call a tool by the server's own name for it. Raises ToolError."""
        client = self._client
        if client is None:
            raise ToolError(f"{self.server.name} is not connected.")
        try:
            answer = await client.call_tool(name, dict(arguments), read_timeout_seconds=self.server.timeout_s)
        except (self._mcp.MCPError, OSError, RuntimeError) as error:
            self._look.set()  # is it still there, and has it other tools now?
            log.warning("tools.mcp.%s: %s failed: %s", self.server.name, name, error)
            raise ToolError(f"{self.server.name} could not do it: {str(error)[:200]}") from error
        return Result(_text(answer), failed=bool(answer.is_error))

    async def check(self) -> list[str]:
        """Connect once and return the names of its tools. Raises ConfigError for a refused token, UnavailableError."""
        try:
            async with asyncio.timeout(CONNECT_S), self._connected() as client:
                await self._list(client)
                return [tool.spec.name for tool in self._tools.values()]
        except VoiceError:
            raise
        except TimeoutError as error:
            raise self._away(f"no answer within {CONNECT_S:g} s") from error
        except Exception as error:
            raise self._explained(error) from error

    async def _stay(self) -> None:
        wait_s = WAITS_S[0]
        while True:
            try:
                async with self._connected() as client:
                    await self._list(client)
                    log.info("tools.mcp.%s: %d tools", self.server.name, len(self._tools))
                    self._client, self._told, wait_s = client, False, WAITS_S[0]
                    self._settled.set()
                    await self._watch(client)
            except Exception as error:  # noqa: BLE001  a server that fails in any way is tried again
                self._say(self._explained(error))
            finally:
                self._client, self._tools = None, {}
                self._settled.set()
                self.changed.set()
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, WAITS_S[1])

    async def _watch(self, client: Any) -> None:
        """Ask for the tools now and then, and whenever there may be others. Raises where the server is gone."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._look.wait()
            self._look.clear()
            await self._list(client)

    @contextlib.asynccontextmanager
    async def _connected(self) -> Any:
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(CONNECT_S):
                transport = self._process(stack) if self.server.command else await self._http(stack)
                client = await stack.enter_async_context(
                    self._mcp.Client(transport, read_timeout_seconds=CONNECT_S, message_handler=self._heard, cache=None)
                )
            yield client

    def _process(self, stack: contextlib.AsyncExitStack) -> Any:
        from mcp.client.stdio import StdioServerParameters, stdio_client

        command, *arguments = self.server.command
        given = {name: self._environment[name] for name in self.server.env if name in self._environment}
        quiet = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  the stack closes it
        stack.callback(quiet.close)
        return stdio_client(StdioServerParameters(command=command, args=arguments, env=given or None), errlog=quiet)

    async def _http(self, stack: contextlib.AsyncExitStack) -> Any:
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        token = self._environment.get(self.server.token_env, "") if self.server.token_env else ""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        timeout = httpx2.Timeout(CONNECT_S, read=max(CONNECT_S, self.server.timeout_s))
        with proxies.explained():
            http = httpx2.AsyncClient(
                headers=headers,
                timeout=timeout,
                event_hooks={"response": [self._answered]},
                **proxies.client_options(self.server.url),
            )
        await stack.enter_async_context(http)
        return streamable_http_client(self.server.url, http_client=http)

    async def _answered(self, response: Any) -> None:
        """Note how the server answers: what the package raises does not say so."""
        self._refused = response.status_code in (401, 403)

    async def _heard(self, message: object) -> None:
        if type(message).__name__ == "ToolListChangedNotification":
            self._look.set()

    async def _list(self, client: Any) -> None:
        found: dict[str, McpTool] = {}
        cursor: str | None = None
        while len(found) < MOST_TOOLS:
            page = await client.list_tools(cursor=cursor)
            for tool in page.tools:
                if not self.server.allow or tool.name in self.server.allow:
                    found.setdefault(tool.name, McpTool(self, tool.name, self._spec(tool)))
            cursor = page.next_cursor
            if not cursor:
                break
        if found.keys() != self._tools.keys():
            self.changed.set()
        self._tools = found

    def _spec(self, tool: Any) -> Spec:
        hints = tool.annotations
        return Spec(
            re.sub(r"[^A-Za-z0-9_-]", "_", f"{self.server.name}_{tool.name}")[:64],
            str(tool.description or tool.title or tool.name)[:1024],
            tool.input_schema,
            timeout_s=self.server.timeout_s + 1,
            reads_only=bool(hints is not None and hints.read_only_hint),
            confirm=tool.name in self.server.confirm or bool(hints is not None and hints.destructive_hint),
            trusted=False,
        )

    def _say(self, error: VoiceError) -> None:
        """Tell of an outage once."""
        if not self._told:
            self._told = True
            log.warning("%s; it is tried again", error)

    def _explained(self, error: BaseException) -> VoiceError:
        """Whatever was raised, groups of exceptions too, in one line."""
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, VoiceError):
            return error
        said = str(error) or type(error).__name__
        if self._refused:
            where, variable = f"tools.mcp.{self.server.name}", self.server.token_env
            remedy = f"put a token that it knows into {variable}" if variable else "name its variable as token_env"
            return ConfigError("the server refuses the token", where=where, remedy=remedy)
        return self._away(said[:200])

    def _away(self, what: str) -> UnavailableError:
        remedy = "start it, or correct its table in the settings"
        return UnavailableError(f"no MCP server ({what})", where=f"tools.mcp.{self.server.name}", remedy=remedy)


def _text(answer: Any) -> str:
    """A result's texts, or its data where it has no text."""
    texts = [part.text if part.type == "text" else f"[{part.type}]" for part in answer.content]
    if not texts and answer.structured_content is not None:
        return json.dumps(answer.structured_content, ensure_ascii=False)
    return "\n".join(texts) or "Done."
