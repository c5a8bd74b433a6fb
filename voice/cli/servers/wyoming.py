"""`voice wyoming`: recognition, voices, wake words and conversation for Home Assistant and satellites."""

from __future__ import annotations

import click

from voice import logs
from voice.cli.options import Resolved, configured, extra, setting
from voice.proxies import is_loopback


@click.command("wyoming")
@setting("--host", "wyoming.host", metavar="ADDRESS")
@setting("--port", "wyoming.port", metavar="PORT")
@setting("--allow", "wyoming.allow", metavar="NETWORKS")
@setting("--llm", "chat.llm", metavar="builtin|URL")
@setting("--model", "chat.model", metavar="NAME")
@configured
def command(resolved: Resolved) -> None:
    """Serve speech recognition, voices, wake words and conversation to Home Assistant and satellites.

    Speaks the Wyoming protocol on one port; with --host 0.0.0.0 Home Assistant discovers it by itself. The protocol
    has no passwords: --allow limits who may connect. See docs/home-assistant.md.
    """
    from voice.cli.interrupt import run

    logs.begin()
    run(_serve(resolved))


async def _serve(resolved: Resolved) -> None:
    from contextlib import AsyncExitStack

    with extra("wyoming", "wyoming zeroconf"):
        from voice.server.wyoming.server import serve
        from voice.wiring.wyoming import SharedServices, sessions_for

    settings = resolved.settings

    def listening(address: str) -> None:
        click.echo(f"listening on {address}")
        if not is_loopback(settings.wyoming.host):
            click.echo(f"any program on these networks may use it (wyoming.allow): {settings.wyoming.allow}")

    async with AsyncExitStack() as stack:
        open_session, home = await sessions_for(settings, stack)
        services = SharedServices(settings, open_session, home=home)
        stack.push_async_callback(services.close)
        await services.warm()
        await serve(services, settings.wyoming, listening)
