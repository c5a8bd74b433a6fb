"""`voice tools`: what a model may have done, tried by hand, and whether it can be reached."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from voice.cli.options import Resolved, configured
from voice.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from voice.tools.mcp_client import McpSource


@click.group("tools")
def command() -> None:
    """List the tools, call one, or see whether the servers behind them answer."""


@command.command("list")
@configured
def listed(resolved: Resolved) -> None:
    """Show every tool: what it does, whether it changes something, and whether it asks first."""
    asyncio.run(_list(resolved))


@command.command("call")
@click.argument("name")
@click.argument("arguments", default="{}", metavar="[JSON]")
@configured
def called(resolved: Resolved, name: str, arguments: str) -> None:
    """Call the tool NAME with arguments as a JSON object, as a model would; nothing asks first."""
    asyncio.run(_call(resolved, name, arguments))


@command.command("doctor")
@configured
def doctor(resolved: Resolved) -> None:
    """Ask the home and each MCP server; ends with 78 for a wrong setting or token, 69 where one is away."""
    asyncio.run(_doctor(resolved))


async def _list(resolved: Resolved) -> None:
    from voice.wiring.tools import all_tools

    async with all_tools(resolved.settings) as registry:
        for name, tool in registry.tools.items():
            spec = tool.spec
            marks = ["acts"] * (not spec.reads_only) + ["asks first"] * spec.confirm
            told = f" ({', '.join(marks)})" if marks else ""
            click.echo(f"{name:<24} {spec.description}{told}")


async def _call(resolved: Resolved, name: str, arguments: str) -> None:
    from datetime import datetime

    from voice.tools.interface import Context
    from voice.wiring.tools import all_tools

    async with all_tools(resolved.settings) as registry:
        tool = registry.tools.get(name)
        if tool is None:
            raise UsageError("no such tool", where=name, expected=f"one of {', '.join(registry.tools)}")
        result = await registry.call(tool, arguments, Context(datetime.now().astimezone(), key="by hand"))
    if result.failed:
        raise UnavailableError(result.text, where=name)
    click.echo(result.text)
    for effect in result.effects:
        click.echo(f"effect {effect.kind}: {dict(effect.data)}")


async def _doctor(resolved: Resolved) -> None:
    from voice.cli.findings import BROKEN, COLOURS, GOOD
    from voice.errors import VoiceError
    from voice.tools.home_assistant import HomeAssistant
    from voice.wiring.tools import sources

    async def home() -> str:
        tools = resolved.settings.tools
        async with HomeAssistant(tools.home_url, tools.home_token).link() as link:
            named = [entity for entity in await link.entities() if entity.name]
            return f"Home Assistant {link.version}, {len(named)} devices"

    async def server(source: McpSource) -> str:
        names = await source.check()
        return f"{len(names)} tools: {', '.join(names)}"

    checks = [(source.server.name, server(source)) for source in sources(resolved.settings)]
    if resolved.settings.tools.home_url:
        checks.insert(0, ("home", home()))
    failed: VoiceError | None = None
    for name, check in checks:
        try:
            state, text = GOOD, await check
        except VoiceError as error:
            state, text = BROKEN, str(error)
            failed = error if failed is None or error.exit_code > failed.exit_code else failed
        click.echo(f"{click.style(state, fg=COLOURS[state])}  {name:<15} {text}")
    if failed is not None:
        raise click.exceptions.Exit(failed.exit_code)
