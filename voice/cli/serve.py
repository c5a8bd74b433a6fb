"""`voice serve`: chat sessions for many clients, over HTTP and WebSocket."""

from __future__ import annotations

import asyncio
import logging
import sys

import click

from voice.cli.shared import Resolved, configured, setting


@click.command("serve")
@setting("--host", "serve.host", metavar="ADDRESS")
@setting("--port", "serve.port", metavar="PORT")
@setting("--llm", "chat.llm", metavar="builtin|URL")
@setting("--model", "chat.model", metavar="NAME")
@setting("--store", "chat.store", metavar="sqlite:///FILE")
@configured
def command(resolved: Resolved) -> None:
    """Keep chat sessions: clients send only the new words, lose nothing when the network blinks, and come back later.

    HTTP (OpenAI's chat completions among it) and WebSocket on one port; docs/protocol.md describes both. API keys come
    from VOICE_SERVE_API_KEYS, and every address but loopback needs them. A stop lets running replies finish.
    """
    # So long a busy event loop keeps the interpreter while the thread that writes the log wants it; 5 ms is too long.
    sys.setswitchinterval(0.001)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(_serve(resolved))


async def _serve(resolved: Resolved) -> None:
    from voice.build.sessions import engine, shared_options, upstream
    from voice.serve.app import create
    from voice.serve.server import bind, serve

    settings = resolved.settings
    listening = bind(settings.serve)
    try:
        async with engine(settings, upstream(settings), how=shared_options(settings)) as running:
            await serve(create(running, settings.serve), listening, lambda url: click.echo(f"listening on {url}"))
    finally:
        listening.close()
