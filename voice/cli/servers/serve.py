"""`voice serve`: chat sessions for many clients, over HTTP and WebSocket."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voice import logs
from voice.cli.options import Resolved, configured, extra, setting
from voice.settings.schema import Settings
from voice.system.systemd import ServiceManager

if TYPE_CHECKING:
    from voice.server.app import Application


BROWSERS = "a browser there gives its microphone only to https pages: put TLS in front, docs/operate.md"


@click.command("serve")
@setting("--host", "serve.host", metavar="ADDRESS")
@setting("--port", "serve.port", metavar="PORT")
@setting("--llm", "chat.llm", metavar="builtin|URL")
@setting("--model", "chat.model", metavar="NAME")
@setting("--store", "chat.store", metavar="sqlite:///FILE|redis://HOST:PORT")
@setting("--warm", "serve.warm", metavar="FILE")
@configured
def command(resolved: Resolved) -> None:
    """Serve chat sessions: clients send only new messages, lose nothing when the network fails briefly, and can
    continue later.

    HTTP (including OpenAI's chat completions) and WebSocket on one port; see docs/protocol.md. API keys come from
    VOICE_SERVE_API_KEYS; every address other than loopback needs them. At shutdown, running replies may finish.
    """
    prepare_process()
    asyncio.run(served(resolved.settings, lambda url: click.echo(f"listening on {url}")))


def prepare_process() -> None:
    """Prepare a server process before its event loop runs."""
    # How long a busy event loop keeps the interpreter lock from the log's writer thread; the default 5 ms is too long.
    sys.setswitchinterval(0.001)
    # Nearly all objects of a turn are freed without the cycle collector; every 700 objects, its
    # default, it would look through the sessions in memory, which took a quarter of the processor time of a word.
    gc.set_threshold(20_000, 20, 50)
    logs.begin()


async def served(
    settings: Settings,
    ready: Callable[[str], object],
    add: Callable[[Application], object] = lambda app: None,
    unknown: Sequence[str] = (),
    tls: Path | None = None,
) -> None:
    """Serve until asked to stop; `ready` receives the address, `add` may extend the application first.

    `unknown` are the words for questions that the built-in responder cannot answer; `tls` is the file of a certificate
    and its key, for HTTPS.
    """
    from voice.text.patterns import compile_all
    from voice.wiring.engine_pool import SharedEnginePool
    from voice.wiring.memory import memory
    from voice.wiring.prompt_warmup import warmed
    from voice.wiring.sessions import engine, model_warning, shared_options, upstream
    from voice.wiring.speech_engines import SpeechEngines

    with extra("serve", "fastapi uvicorn prometheus-client"):
        from voice.server.app import create
        from voice.server.server import bind, network_url, serve

    manager = ServiceManager(os.environ)

    async def warn() -> None:
        if warning := await model_warning(settings.chat):
            click.echo(f"warning: {warning}", err=True)

    def serving(url: str) -> None:
        ready(url)
        if not tls and (far := network_url(listening)):
            click.echo(f"on this network: {far}  (with an API key; {BROWSERS})")
        manager.ready()
        manager.status(f"listening on {url}")

    listening, speech = bind(settings.serve), SpeechEngines(settings, partials=False)
    try:
        remembered, model, how = memory(settings), upstream(settings, unknown=unknown), shared_options(settings)
        async with (
            engine(settings, model, how=how, remembered=remembered) as running,
            manager.watched(asyncio.get_running_loop().time),
        ):
            app = create(running, settings.serve, SharedEnginePool(settings), speech, remembered)
            add(app)
            checking = asyncio.create_task(warn(), name="ask the model server")
            compiling = asyncio.create_task(asyncio.to_thread(compile_all), name="compile patterns")
            async with warmed(settings.serve, running, click.echo):
                await serve(app, listening, serving, tls)
            checking.cancel()
            await compiling
    finally:
        listening.close()
        speech.close()
